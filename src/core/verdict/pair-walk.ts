import type { Direction } from '../api/types.ts';
import type { MatrixEntry } from './matrix-endpoints.ts';
import { noPair, type OutcomeId, type Outlooks, type PairOutcome, type PairTable } from './pair-table.ts';
import { append } from './units.ts';

/** What pairs are wanted. */
export interface PairFilter {
  readonly isShown: (entry: MatrixEntry) => boolean;
  /** Which end is to be shown; either when undefined. */
  readonly direction: Direction | undefined;
  readonly isWanted: (outcome: PairOutcome) => boolean;
}

const unknown = -2;

/** How many outcomes are kept in rows for sources to come: 256 MiB. */
const keptOutcomes = 2 ** 26;

/** Walks all pairs of entries. Sources that are alike share their row, and in a row destinations that are alike share their outcome. */
export class PairWalk {
  readonly #entries: readonly MatrixEntry[];
  readonly #pairs: PairTable;
  readonly #filter: PairFilter;
  readonly #isShown: readonly boolean[];
  readonly #everything: readonly boolean[];
  /** For each entry the number of its likeness, and for each likeness how many entries have it. */
  readonly #kinds: readonly number[];
  readonly #sizes: readonly number[];
  /** The places of entries that have an address of a node, and of those with policed pods on it. */
  readonly #at = new Map<string, number[]>();
  readonly #on = new Map<string, number[]>();

  constructor(entries: readonly MatrixEntry[], pairs: PairTable, filter: PairFilter) {
    this.#entries = entries;
    this.#pairs = pairs;
    this.#filter = filter;
    this.#isShown = entries.map(filter.isShown);
    this.#everything = entries.map(() => true);
    const numbers = new Map<string, number>();
    const sizes: number[] = [];
    this.#kinds = entries.map(({ likeness }) => {
      const kind = numbers.get(likeness) ?? numbers.size;
      numbers.set(likeness, kind);
      sizes[kind] = (sizes[kind] ?? 0) + 1;
      return kind;
    });
    this.#sizes = sizes;
    for (const [place, { at, on }] of entries.entries()) {
      for (const node of at) append(this.#at, node, place);
      for (const node of on) append(this.#on, node, place);
    }
  }

  /** Every wanted pair that has addresses in common and of which policy knows an end, by source and then destination. */
  *pairs(): Generator<readonly [from: MatrixEntry, to: MatrixEntry, outcome: OutcomeId]> {
    const rows = new Map<number, Int32Array>();
    const wanted: boolean[] = [];
    for (const [place, from] of this.#entries.entries()) {
      const outcomes = this.#outcomesOf(place, rows);
      for (let other = 0; other < outcomes.length; other++) {
        const outcome = outcomes[other]!;
        if (outcome < 0) continue;
        wanted[outcome] ??= this.#filter.isWanted(this.#pairs.outcomes[outcome]!);
        if (wanted[outcome]) yield [from, this.#entries[other]!, outcome];
      }
    }
  }

  /** The outcomes of a source with every entry, by its place. */
  #outcomesOf(place: number, rows: Map<number, Int32Array>): Int32Array {
    const from = this.#entries[place]!;
    const kind = this.#kinds[place]!;
    const row = rows.get(kind) ?? new Int32Array(this.#sizes.length).fill(unknown);
    if (this.#sizes[kind]! > 1 && rows.size * row.length < keptOutcomes) rows.set(kind, row);
    let outlooks: Outlooks | undefined;
    const look = (): Outlooks => {
      outlooks ??= this.#pairs.outlooksOf(from);
      return outlooks;
    };
    const outcomes = new Int32Array(this.#entries.length).fill(noPair);
    const isShown = this.#isShownWith(place);
    for (const [other, to] of this.#entries.entries()) {
      if (!isShown[other] || !(from.isPoliced || to.isPoliced)) continue;
      const alike = this.#kinds[other]!;
      if (row[alike] === unknown) row[alike] = this.#pairs.between(look(), from, to);
      outcomes[other] = row[alike]!;
    }
    for (const other of this.#neighboursOf(place))
      if (outcomes[other] !== noPair) outcomes[other] = this.#pairs.betweenNeighbours(look(), from, this.#entries[other]!);
    return outcomes;
  }

  /** For each destination, by its place, whether its pair with the source is shown. */
  #isShownWith(source: number): readonly boolean[] {
    const { direction } = this.#filter;
    if (direction === 'ingress' || !this.#isShown[source]) return direction === 'egress' ? [] : this.#isShown;
    return this.#everything;
  }

  /** The entry itself, and those with which it has to do through the exception for a pod's own node. */
  #neighboursOf(place: number): Set<number> {
    const { at, on } = this.#entries[place]!;
    const places = [...[...at].flatMap((node) => this.#on.get(node) ?? []), ...[...on].flatMap((node) => this.#at.get(node) ?? [])];
    return new Set([place, ...places]);
  }
}
