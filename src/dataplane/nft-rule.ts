import type { NetlinkWriter } from './netlink-writer.ts';
import { type Verdict, writeVerdict } from './nft-elements.ts';

/** The few expressions that rules written without nft may have: those of a generation in the connection mark, and verdicts. */
export type SimpleExpression =
  /** `ct mark & MASK == VALUE` */
  | { readonly match: 'mark'; readonly mask: number; readonly value: number }
  /** `ct mark set ct mark & ~MASK | VALUE` */
  | { readonly do: 'set-mark'; readonly mask: number; readonly value: number }
  | { readonly do: 'verdict'; readonly verdict: Verdict };

export interface SimpleRule {
  readonly expressions: readonly SimpleExpression[];
}

/** Whether a rule has nothing but simple expressions. */
export function isSimpleRule(rule: object): rule is SimpleRule {
  const { comment, expressions } = rule as { comment?: string; expressions?: readonly { match?: string; do?: string }[] };
  if (comment !== undefined || expressions === undefined) return false;
  return expressions.every((item) => item.match === 'mark' || item.do === 'set-mark' || item.do === 'verdict');
}

const register = { verdict: 0, first: 1 } as const;
const ctMark = 3;
const listElement = 1;
const expression = { name: 1, data: 2 } as const;
const ct = { destination: 1, key: 2, source: 4 } as const;
const bitwise = { source: 1, destination: 2, length: 3, mask: 4, xor: 5 } as const;
const compare = { source: 1, operation: 2, data: 3 } as const;
const immediate = { destination: 1, data: 2 } as const;
const dataValue = 1;
const equal = 0;

/** The expressions of one rule, in the kernel's instructions; each line of nft stands above its own. */
export function writeRule(writer: NetlinkWriter, expressions: readonly SimpleExpression[]): void {
  for (const item of expressions) {
    if ('match' in item) {
      loadMark(writer);
      andXor(writer, item.mask, 0);
      instruction(writer, 'cmp', () => {
        writer.number(compare.source, register.first);
        writer.number(compare.operation, equal);
        mark(writer, compare.data, item.value);
      });
    } else if (item.do === 'set-mark') {
      loadMark(writer);
      andXor(writer, ~item.mask, item.value);
      instruction(writer, 'ct', () => {
        writer.number(ct.key, ctMark);
        writer.number(ct.source, register.first);
      });
    } else {
      instruction(writer, 'immediate', () => {
        writer.number(immediate.destination, register.verdict);
        writer.nest(immediate.data, () => writeVerdict(writer, item.verdict));
      });
    }
  }
}

function loadMark(writer: NetlinkWriter): void {
  instruction(writer, 'ct', () => {
    writer.number(ct.key, ctMark);
    writer.number(ct.destination, register.first);
  });
}

/** The register becomes (register and mask) xor value. */
function andXor(writer: NetlinkWriter, mask: number, value: number): void {
  instruction(writer, 'bitwise', () => {
    writer.number(bitwise.source, register.first);
    writer.number(bitwise.destination, register.first);
    writer.number(bitwise.length, 4);
    mark(writer, bitwise.mask, mask);
    mark(writer, bitwise.xor, value);
  });
}

function instruction(writer: NetlinkWriter, name: string, write: () => void): void {
  writer.nest(listElement, () => {
    writer.text(expression.name, name);
    writer.nest(expression.data, write);
  });
}

/** A connection mark is data in the machine's own order. */
function mark(writer: NetlinkWriter, type: number, value: number): void {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value | 0);
  writer.nest(type, () => writer.value(dataValue, bytes));
}
