import type { Members } from '#core/render/traffic.ts';
import { type Item, placesOf } from './axis.ts';
import type { Matrix } from './matrix.ts';
import type { CellState, TrafficFilter } from './traffic-filter.ts';

/** How many pairs there are between two items, by what they may do. */
export interface Totals {
  readonly pairs: number;
  readonly rule: number;
  readonly open: number;
}

/** What a cell of the grid shows: nothing, one pair, or how many of several. */
export type CellContent =
  | { readonly kind: 'none' }
  | { readonly kind: 'pair'; readonly outcome: number; readonly state: CellState; readonly members: Members }
  | { readonly kind: 'pairs'; readonly totals: Totals };

const nothing: CellContent = { kind: 'none' };

/** The cells of a matrix under a filter, counted when they are first looked at. */
export class Cells {
  readonly #matrix: Matrix;
  readonly #filter: TrafficFilter;
  readonly #known = new Map<string, Map<string, CellContent>>();

  constructor(matrix: Matrix, filter: TrafficFilter) {
    this.#matrix = matrix;
    this.#filter = filter;
  }

  at(from: Item, to: Item): CellContent {
    if (from.kind === 'endpoint' && to.kind === 'endpoint') return this.#pair(from.place, to.place);
    const row = this.#known.get(from.key) ?? new Map<string, CellContent>();
    this.#known.set(from.key, row);
    const known = row.get(to.key) ?? this.#count(from, to);
    row.set(to.key, known);
    return known;
  }

  #pair(from: number, to: number): CellContent {
    const outcome = this.#matrix.outcomeAt(from, to);
    if (outcome < 0) return nothing;
    return { kind: 'pair', outcome, state: this.#filter.states[outcome]!, members: this.#matrix.membersOf(from, to) };
  }

  #count(from: Item, to: Item): CellContent {
    let [pairs, rule, open] = [0, 0, 0];
    const others = placesOf(to);
    for (const source of placesOf(from))
      for (const destination of others) {
        const outcome = this.#matrix.outcomeAt(source, destination);
        if (outcome < 0) continue;
        pairs++;
        const { kind } = this.#filter.states[outcome]!;
        if (kind === 'rule') rule++;
        else if (kind === 'open') open++;
      }
    return pairs === 0 ? nothing : { kind: 'pairs', totals: { pairs, rule, open } };
  }
}
