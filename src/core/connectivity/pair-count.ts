import type { Family } from '../net/ip.ts';
import { getOrMake } from '../policy/get-or-make.ts';
import type { MatrixEndpoint, MatrixEntry } from './endpoints.ts';

/** Endpoints by what decides with whom they make pairs, and how many make none with themselves. */
interface Census {
  readonly kinds: readonly { readonly kind: Kind; readonly count: number }[];
  readonly alone: number;
}

/** The families of addresses that an endpoint has, as a set of bits, and those in which some policy could speak of it. */
interface Kind {
  readonly families: number;
  readonly policed: number;
  /** Of pods that exist, of pods that could, or of no pods. */
  readonly of: 'pods' | 'potential' | 'others';
}

/** Counts the pairs of endpoints that policy knows an end of, allowed or not, without visiting them. */
export class PairCount {
  readonly #entries: ReadonlyMap<string, MatrixEntry>;
  readonly #kinds = new Map<string, Kind>();
  readonly #known = new WeakMap<readonly MatrixEndpoint[], Census>();

  /** Of all endpoints of a matrix, whatever of it is shown. */
  constructor(entries: readonly MatrixEntry[]) {
    this.#entries = new Map(entries.map((entry) => [entry.id, entry]));
  }

  /** How many pairs lead from the one to the other. The two are the same list, or have no endpoint in common. */
  between(from: readonly MatrixEndpoint[], to: readonly MatrixEndpoint[]): number {
    const [sources, destinations] = [this.#censusOf(from), this.#censusOf(to)];
    let pairs = 0;
    for (const a of sources.kinds) for (const b of destinations.kinds) if (meet(a.kind, b.kind)) pairs += a.count * b.count;
    return from === to ? pairs - sources.alone : pairs;
  }

  #censusOf(endpoints: readonly MatrixEndpoint[]): Census {
    let census = this.#known.get(endpoints);
    if (census === undefined) {
      const entries = endpoints.map(({ id }) => this.#entries.get(id)!);
      const kinds = Map.groupBy(entries, (entry) => this.#kindOf(entry));
      census = {
        kinds: Array.from(kinds, ([kind, { length }]) => ({ kind, count: length })),
        alone: entries.filter((entry) => meet(this.#kindOf(entry), this.#kindOf(entry)) && !meetsItself(entry)).length,
      };
      this.#known.set(endpoints, census);
    }
    return census;
  }

  #kindOf({ uses, isPotential, located }: MatrixEntry): Kind {
    const of = isPotential ? 'potential' : located.length > 0 ? 'pods' : 'others';
    const families = uses.reduce((bits, { family }) => bits | bitOf(family), 0);
    const policed = uses.reduce((bits, { family, unit }) => (unit.profile === undefined ? bits : bits | bitOf(family)), 0);
    return getOrMake(this.#kinds, `${families} ${policed} ${of}`, () => ({ families, policed, of }));
  }
}

const bitOf = (family: Family): number => (family === 4 ? 1 : 2);

/** Whether they have a family in common in which one of them is policed; pods that do not exist meet only those that do. */
const meet = (a: Kind, b: Kind): boolean =>
  (a.families & b.families & (a.policed | b.policed)) !== 0 &&
  (a.of === 'potential' ? b.of === 'pods' : b.of !== 'potential' || a.of === 'pods');

/** Whether two of its ends can meet in a family in which it is policed: an end does not meet itself. */
const meetsItself = ({ uses }: MatrixEntry): boolean =>
  uses.some(
    ({ family, unit }) => unit.profile !== undefined && uses.reduce((sum, use) => sum + (use.family === family ? use.count : 0), 0) > 1,
  );
