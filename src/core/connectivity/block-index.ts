import type { AddressSet } from '../net/address-set.ts';
import { bigints, type Interval } from '../net/interval.ts';
import { type Family, greatestOf, type Ip } from '../net/ip.ts';

/** The blocks that hold an address, in ascending order of their numbers. */
export interface Signature {
  readonly id: number;
  readonly blocks: readonly number[];
}

/** A range of addresses that all the same blocks hold. */
export interface Atom {
  readonly range: Interval<bigint>;
  readonly signature: Signature;
}

/** Finds the blocks that hold an address: the address space cut at every edge of a block. */
export class BlockIndex {
  readonly #atoms: Readonly<Record<Family, readonly Atom[]>>;
  /** The atom that was found last. */
  readonly #latest: Record<Family, Atom>;
  readonly #signatures = new Map<string, Signature>();

  /** The blocks are known by their place in the list. `cuts` divide atoms, too, without being blocks. */
  constructor(blocks: readonly AddressSet[], cuts: readonly AddressSet[] = []) {
    this.#atoms = { 4: this.#cut(4, blocks, cuts), 6: this.#cut(6, blocks, cuts) };
    this.#latest = { 4: this.#atoms[4][0]!, 6: this.#atoms[6][0]! };
  }

  get signatures(): Iterable<Signature> {
    return this.#signatures.values();
  }

  /** All atoms of the family, ascending; together they are the whole address space. */
  atomsOf(family: Family): readonly Atom[] {
    return this.#atoms[family];
  }

  /** Pods in a row have addresses in a row, most of them in one atom. */
  signatureOf(ip: Ip): Signature {
    const [first, final] = this.#latest[ip.family].range;
    if (ip.value < first || ip.value > final) this.#latest[ip.family] = this.#atomOf(ip);
    return this.#latest[ip.family].signature;
  }

  /** The signature of all addresses of a range; undefined where it is not one. */
  signatureOfAll(family: Family, [first, last]: Interval<bigint>): Signature | undefined {
    const signature = this.signatureOf({ family, value: first });
    return last <= this.#latest[family].range[1] ? signature : undefined;
  }

  #atomOf(ip: Ip): Atom {
    const atoms = this.#atoms[ip.family];
    let low = 0;
    let high = atoms.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (atoms[middle]!.range[0] <= ip.value) low = middle;
      else high = middle - 1;
    }
    return atoms[low]!;
  }

  #cut(family: Family, blocks: readonly AddressSet[], cuts: readonly AddressSet[]): Atom[] {
    const changes = new Map<bigint, number[]>([[0n, []]]);
    const change = (at: bigint, ...block: number[]): void => {
      const known = changes.get(at);
      if (known === undefined) changes.set(at, block);
      else known.push(...block);
    };
    const edges = (set: AddressSet, ...block: number[]): void => {
      for (const [first, last] of set[family]) {
        change(first, ...block);
        if (last < greatestOf(family)) change(bigints.next(last), ...block);
      }
    };
    for (const [block, set] of blocks.entries()) edges(set, block);
    for (const cut of cuts) edges(cut);
    const starts = [...changes.keys()].sort((a, b) => (a < b ? -1 : 1));
    const inside = new Set<number>();
    return starts.map((start, index) => {
      for (const block of changes.get(start)!) if (!inside.delete(block)) inside.add(block);
      const last = index + 1 < starts.length ? bigints.previous(starts[index + 1]!) : greatestOf(family);
      return { range: [start, last], signature: this.#signatureOf(inside) };
    });
  }

  #signatureOf(inside: ReadonlySet<number>): Signature {
    const blocks = [...inside].sort((a, b) => a - b);
    const key = blocks.join();
    let signature = this.#signatures.get(key);
    if (signature === undefined) {
      signature = { id: this.#signatures.size, blocks };
      this.#signatures.set(key, signature);
    }
    return signature;
  }
}
