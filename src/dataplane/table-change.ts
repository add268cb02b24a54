import { flags } from './netlink.ts';
import { NetlinkWriter } from './netlink-writer.ts';
import { encodeKey, type KeyType, type Verdict, writeElement } from './nft-elements.ts';
import { isSimpleRule, type SimpleRule, writeRule } from './nft-rule.ts';

/** One step of a transaction on a table. */
export type TableChange =
  | {
      readonly change: 'add' | 'delete';
      /** A hash set or a verdict map. */
      readonly set: string;
      readonly types: readonly KeyType[];
      /** Keys as nft writes them; when adding to a map, each with its verdict. What is not there cannot be deleted. */
      readonly elements: Iterable<readonly [key: string, verdict?: Verdict | undefined]>;
    }
  /** These rules instead of those that the chain has. */
  | { readonly change: 'replace'; readonly chain: string; readonly rules: readonly SimpleRule[] }
  /** Takes away what nothing refers to: a chain with its rules, a set or map with its elements, a counter. */
  | { readonly change: 'remove'; readonly kind: 'chain' | 'set' | 'map' | 'counter'; readonly name: string };

/**
 * Whether a transaction can do without nft. Changes of kinds that are not known here, and rules with other expressions or with comments, cannot.
 */
export function isNetlinkTransaction(
  changes: readonly { readonly change: string; readonly rules?: readonly object[] }[],
): changes is TableChange[] {
  const known = ['add', 'delete', 'remove'];
  return changes.every(({ change, rules }) => known.includes(change) || (change === 'replace' && rules?.every(isSimpleRule) === true));
}

/** The name of a table as the kernel knows it: a family and a name. */
export interface TableName {
  readonly family: 'ip' | 'ip6' | 'inet';
  readonly name: string;
}

/** A transaction as one netlink datagram. Message n has sequence number n, and came from change `origins[n]`; the last one asks for an answer. */
export interface Batch {
  readonly bytes: Buffer;
  readonly origins: readonly (TableChange | undefined)[];
}

/** The number by which the kernel knows a family. Source: linux/netfilter.h. */
export const families = { ip: 2, ip6: 10, inet: 1 } as const;
const subsystem = 10;
const message = {
  begin: 0x10,
  end: 0x11,
  deleteChain: 5,
  addRule: 6,
  deleteRule: 8,
  deleteSet: 11,
  addElements: 12,
  deleteElements: 14,
  deleteObject: 20,
} as const;
const attribute = { table: 1, ruleChain: 2, ruleExpressions: 4, elementSet: 2, elements: 3 } as const;
const counterObject = 1;
// An attribute holds 64 KiB; the longest element (four addresses of 16 bytes and a chain name of 255) stays far below the rest.
const elementBytes = 60 * 1024;

/** Writes changes as one batch for nf_tables; undefined when there is nothing to do. Source: linux/netfilter/nf_tables.h. */
export function encodeBatch(table: TableName, changes: readonly TableChange[]): Batch | undefined {
  const draft = new Draft(table);
  draft.frame(message.begin);
  for (const change of changes) draft.add(change);
  if (draft.origins.length === 1) return undefined;
  draft.writer.flagLast(flags.ack);
  draft.frame(message.end);
  return { bytes: draft.writer.bytes, origins: draft.origins };
}

class Draft {
  readonly writer = new NetlinkWriter();
  readonly origins: (TableChange | undefined)[] = [];
  readonly #table: TableName;

  constructor(table: TableName) {
    this.#table = table;
  }

  frame(type: number): void {
    this.writer.message({ type, flags: flags.request, sequence: this.origins.length, family: 0, resource: subsystem });
    this.origins.push(undefined);
  }

  add(change: TableChange): void {
    if (change.change === 'replace') this.#replace(change);
    else if (change.change === 'remove') this.#remove(change);
    else this.#elements(change);
  }

  #message(change: TableChange, type: number, extra: number, write: () => void): void {
    const header = {
      type: (subsystem << 8) | type,
      flags: flags.request | extra,
      sequence: this.origins.length,
      family: families[this.#table.family],
    };
    this.writer.message(header, () => {
      this.writer.text(attribute.table, this.#table.name);
      write();
    });
    this.origins.push(change);
  }

  #replace(change: Extract<TableChange, { change: 'replace' }>): void {
    const { writer } = this;
    this.#message(change, message.deleteRule, 0, () => writer.text(attribute.ruleChain, change.chain));
    for (const rule of change.rules) {
      this.#message(change, message.addRule, flags.create | flags.append, () => {
        writer.text(attribute.ruleChain, change.chain);
        writer.nest(attribute.ruleExpressions, () => writeRule(writer, rule.expressions));
      });
    }
  }

  #remove(change: Extract<TableChange, { change: 'remove' }>): void {
    const { writer } = this;
    const { kind, name } = change;
    if (kind === 'chain') this.#message(change, message.deleteChain, 0, () => writer.text(3, name));
    else if (kind !== 'counter') this.#message(change, message.deleteSet, 0, () => writer.text(2, name));
    else {
      this.#message(change, message.deleteObject, 0, () => {
        writer.text(2, name);
        writer.number(3, counterObject);
      });
    }
  }

  #elements(change: Extract<TableChange, { change: 'add' | 'delete' }>): void {
    const { writer } = this;
    const adds = change.change === 'add';
    const elements = change.elements[Symbol.iterator]();
    let next = elements.next();
    const writeSome = (): void => {
      const start = writer.length;
      for (; !next.done && writer.length - start < elementBytes; next = elements.next()) {
        const [key, verdict] = next.value;
        writeElement(writer, encodeKey(key, change.types), adds ? verdict : undefined);
      }
    };
    while (!next.done) {
      this.#message(change, adds ? message.addElements : message.deleteElements, adds ? flags.create : 0, () => {
        writer.text(attribute.elementSet, change.set);
        writer.nest(attribute.elements, writeSome);
      });
    }
  }
}
