import type { Chain, RulesetObject, Verdict } from './types.ts';

/** An object as `nft -j list table` shows it. */
export interface ListedObject {
  readonly kind: RulesetObject['kind'];
  readonly name: string;
  /** What the object is, without its table, elements, handles and counts: equal texts mean equal objects. */
  readonly structure: string;
  readonly elements: ReadonlyMap<string, Verdict | true>;
}

/** A table as it was listed, by object name. */
export type Listing = ReadonlyMap<string, ListedObject>;

interface Item {
  readonly name: string;
  readonly handle?: number;
  readonly packets?: number;
  readonly bytes?: number;
  readonly table?: string;
  readonly elem?: readonly unknown[];
  readonly chain?: string;
  readonly expr?: readonly unknown[];
  readonly comment?: string;
  readonly flags?: readonly string[];
}

const kinds = ['chain', 'set', 'map', 'counter'] as const;

/** Reads what `nft -j list table` printed. Source: libnftables-json(5). */
export function readListing(json: unknown): Listing {
  const items = (json as { nftables: readonly Record<string, Item>[] }).nftables;
  const rules = new Map<string, string[]>();
  for (const { rule } of items) {
    if (rule?.chain === undefined) continue;
    const list = rules.get(rule.chain) ?? [];
    list.push(JSON.stringify([rule.expr, rule.comment]));
    rules.set(rule.chain, list);
  }
  const listing = new Map<string, ListedObject>();
  for (const record of items)
    for (const kind of kinds) {
      const item = record[kind];
      if (item === undefined) continue;
      const { handle: _handle, packets: _packets, bytes: _bytes, table: _table, elem, ...rest } = item;
      const isFilledByKernel = item.flags?.includes('dynamic') === true;
      const elements = isFilledByKernel ? [] : (elem ?? []).map(readElement);
      const structure = JSON.stringify([kind, rest, rules.get(item.name)]);
      listing.set(item.name, { kind, name: item.name, structure, elements: new Map(elements) });
    }
  return listing;
}

/** An element as this program writes it: its key, and the verdict of a map's. */
function readElement(element: unknown): [string, Verdict | true] {
  if (Array.isArray(element)) return [readKey(element[0]), readVerdict(element[1])];
  return [readKey(element), true];
}

function readKey(key: unknown): string {
  if (typeof key !== 'object' || key === null) return String(key);
  if ('elem' in key) return readKey((key.elem as { val: unknown }).val);
  if ('concat' in key) return (key.concat as unknown[]).map(readKey).join(' . ');
  if ('range' in key) return (key.range as unknown[]).map(readKey).join('-');
  if ('prefix' in key) {
    const { addr, len } = key.prefix as { addr: string; len: number };
    return `${addr}/${len}`;
  }
  throw new Error(`unexpected element ${JSON.stringify(key)}`);
}

function readVerdict(verdict: unknown): Verdict {
  const [[to, detail]] = Object.entries(verdict as Record<string, { target: string } | null>) as [[string, { target: string } | null]];
  return to === 'goto' || to === 'jump' ? { to, chain: detail!.target } : { to: to as 'accept' | 'drop' | 'return' };
}

/** How the kernel differs from what it should hold. */
export interface Drift {
  /** Objects that are there and are what they should be, but for elements of mutable sets and maps. */
  readonly known: ReadonlyMap<string, ListedObject>;
  /** Objects of ours with another content; after adoption also those that are missing or lack elements that the kernel was told of. */
  readonly damaged: ReadonlySet<string>;
  /** Objects that should not be there. */
  readonly strangers: readonly ListedObject[];
}

/** Compares what is there with what should be: two listings by the same nft, so that spelling is no difference. `mutable` names sets and maps that change in place. */
export function driftOf(actual: Listing, expected: Listing, mutable: (name: string) => boolean): Drift {
  const known = new Map<string, ListedObject>();
  const damaged = new Set<string>();
  const strangers: ListedObject[] = [];
  for (const object of actual.values()) {
    const wanted = expected.get(object.name);
    if (wanted === undefined) strangers.push(object);
    else {
      known.set(object.name, object);
      const isSame = object.structure === wanted.structure && (mutable(object.name) || sameElements(object, wanted));
      if (!isSame) damaged.add(object.name);
    }
  }
  return { known, damaged, strangers };
}

function sameElements(a: ListedObject, b: ListedObject): boolean {
  if (a.elements.size !== b.elements.size) return false;
  for (const [key, value] of a.elements) if (JSON.stringify(b.elements.get(key)) !== JSON.stringify(value)) return false;
  return true;
}

/** Whether an object's elements change in place. */
export function isMutable(object: RulesetObject | Chain): boolean {
  return (
    (object.kind === 'set' || object.kind === 'map') &&
    !object.interval &&
    !('timeoutSeconds' in object) &&
    !object.name.startsWith('ports-')
  );
}
