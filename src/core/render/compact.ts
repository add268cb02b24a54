import type { ChoiceName } from '../api/choices.ts';
import type { PolicyId } from '../api/types.ts';
import type { Said, TrafficAnswer } from '../connectivity/answers.ts';
import type { Connectivity } from '../connectivity/connectivity.ts';
import type { DependentPair } from '../connectivity/dependence.ts';
import type { MatrixEndpoint } from '../connectivity/endpoints.ts';
import type { Reason } from '../verdict/gate.ts';
import { isSingle } from './crowd.ts';

/** A matrix in little text, as a page is given it: a million pairs are some thousand runs of a few outcomes. */
export interface CompactMatrix {
  /** Without the ids of their members. */
  readonly endpoints: readonly Omit<MatrixEndpoint, 'members'>[];
  readonly policies: readonly PolicyId[];
  /** Lists of policies, by their places in `policies`. */
  readonly lists: readonly (readonly number[])[];
  /** For each endpoint the list of policies that isolate it: `[egress, ingress]`, -1 for none. */
  readonly isolatedBy: readonly (readonly [egress: number, ingress: number])[];
  readonly traffics: readonly TrafficAnswer[];
  readonly reasons: readonly Reason[];
  /** Choices of network plugins that decide about pairs. */
  readonly choices: readonly (readonly ChoiceName[])[];
  readonly outcomes: readonly CompactOutcome[];
  /** Different rows: runs of `[outcome, length]`, one after the other; 0 is no pair, 1 the first outcome. */
  readonly rows: readonly (readonly number[])[];
  /** The row of each endpoint as a source. What it says of the diagonal of a single pod or address means nothing. */
  readonly rowOf: readonly number[];
}

/**
 * `[traffic, partial, egress, ingress, egress list, ingress list, choices]`: places; of `partial`, the lists and the choices -1 for none, of
 * lists -2 for those that isolate the end.
 */
export type CompactOutcome = readonly [number, number, number, number, number, number, number];

const none = -1;
const own = -2;

/** Writes a connectivity, which must hold the denied pairs, too, compactly. */
export function compactMatrix(
  { endpoints, reach }: Pick<Connectivity, 'endpoints' | 'reach'>,
  dependents: readonly DependentPair[] = [],
): CompactMatrix {
  const places = new Places(endpoints);
  const outcomes = new Outcomes(endpoints.length);
  const dependentsOf = Map.groupBy(dependents, ({ from }) => from);
  const rows = new Map<string, number>();
  const rowOf: number[] = [];
  let cells = new Int32Array(endpoints.length);
  let current = 0;
  const finish = (): void => {
    const { [current]: source } = endpoints;
    for (const { to, dependsOn } of dependentsOf.get(source!.id) ?? []) {
      const place = places.find(to);
      if (place !== undefined && cells[place] !== 0) cells[place] = outcomes.dependent(cells[place]! - 1, dependsOn) + 1;
    }
    // A hole in the row would keep sources that are alike from sharing it.
    if (isSingle(source!)) cells[current] = cells[current === 0 ? 1 : current - 1] ?? 0;
    const text = runsOf(cells).join();
    const row = rows.get(text) ?? rows.size;
    rows.set(text, row);
    rowOf.push(row);
    cells = new Int32Array(endpoints.length);
    current++;
  };
  for (const each of reach) {
    const from = places.of(each.from);
    while (current < from) finish();
    const placeAt = outcomes.placesOf(each.said, from);
    for (const to of places.ofAll(each.to)) cells[to] = placeAt(to) + 1;
  }
  while (current < endpoints.length) finish();
  return {
    endpoints: endpoints.map(({ members: _, ...endpoint }) => endpoint),
    ...outcomes.written(),
    rows: Array.from(rows.keys(), (text) => (text === '' ? [] : text.split(',').map(Number))),
    rowOf,
  };
}

/** The runs of equal cells. */
function runsOf(cells: Int32Array): number[] {
  const runs: number[] = [];
  for (let start = 0, end = 0; start < cells.length; start = end) {
    while (end < cells.length && cells[end] === cells[start]) end++;
    runs.push(cells[start]!, end - start);
  }
  return runs;
}

/** The places of endpoints, kept for lists that come again. */
class Places {
  readonly #places: ReadonlyMap<string, number>;
  readonly #lists = new WeakMap<readonly string[], readonly number[]>();

  constructor(endpoints: readonly MatrixEndpoint[]) {
    this.#places = new Map(endpoints.map(({ id }, place) => [id, place]));
  }

  of(id: string): number {
    return this.find(id)!;
  }

  find(id: string): number | undefined {
    return this.#places.get(id);
  }

  ofAll(ids: readonly string[]): readonly number[] {
    let places = this.#lists.get(ids);
    if (places === undefined) {
      places = ids.map((id) => this.of(id));
      this.#lists.set(ids, places);
    }
    return places;
  }
}

/** Values by number, in the order in which they came. */
class Numbers<T> {
  readonly values: T[] = [];
  readonly #numbers = new Map<T, number>();

  of(value: T): number {
    let number = this.#numbers.get(value);
    if (number === undefined) {
      number = this.values.push(value) - 1;
      this.#numbers.set(value, number);
    }
    return number;
  }
}

/** Collects outcomes. Equal parts of answers are one object, so that they are known by what they are, not by what they say. */
class Outcomes {
  readonly #traffics = new Numbers<TrafficAnswer>();
  readonly #reasons = new Numbers<Reason>();
  readonly #lists = new Numbers<readonly PolicyId[]>();
  readonly #choices = new Numbers<readonly ChoiceName[]>();
  readonly #outcomes = new Numbers<string>();
  readonly #isolatedBy: { egress: number; ingress: number }[];
  readonly #known = new Map<Said, Map<number, number>>();

  constructor(endpoints: number) {
    this.#isolatedBy = Array.from({ length: endpoints }, () => ({ egress: none, ingress: none }));
  }

  /** The place of an outcome between a source and each of its destinations: the ingress lists of these can be what isolates them, or not. */
  placesOf(said: Said, from: number): (to: number) => number {
    const { reason, by } = said;
    const egress = this.#listOf(by.egress, reason.egress, from, 'egress');
    let [list, place]: (number | undefined)[] = [];
    return (to) => {
      const ingress = this.#listOf(by.ingress, reason.ingress, to, 'ingress');
      if (place === undefined || ingress !== list) [list, place] = [ingress, this.#placeOf(said, egress, ingress)];
      return place;
    };
  }

  /** The place of an outcome that is the one at the place, but depends on choices. */
  dependent(place: number, choices: readonly ChoiceName[]): number {
    const text = this.#outcomes.values[place]!;
    return this.#outcomes.of(`${text.slice(0, text.lastIndexOf(','))},${this.#choices.of(choices)}`);
  }

  #placeOf(said: Said, egress: number, ingress: number): number {
    const { traffic, partial, reason } = said;
    const known = this.#known.get(said) ?? new Map<number, number>();
    this.#known.set(said, known);
    const key = (egress + 2) * 2 ** 26 + ingress + 2;
    let place = known.get(key);
    if (place === undefined) {
      const parts = [
        this.#traffics.of(traffic),
        partial === undefined ? none : this.#traffics.of(partial),
        this.#reasons.of(reason.egress),
        this.#reasons.of(reason.ingress),
        egress,
        ingress,
        none,
      ];
      place = this.#outcomes.of(parts.join());
      known.set(key, place);
    }
    return place;
  }

  /** The list of a gate; where it is what isolates the end anyway, that is all there is to say. */
  #listOf(policies: readonly PolicyId[], reason: Reason, end: number, direction: 'egress' | 'ingress'): number {
    if (policies.length === 0) return none;
    const list = this.#lists.of(policies);
    if (reason !== 'no-rule-matched') return list;
    const isolated = this.#isolatedBy[end]!;
    if (isolated[direction] === none) isolated[direction] = list;
    return isolated[direction] === list ? own : list;
  }

  written(): Pick<CompactMatrix, 'policies' | 'lists' | 'isolatedBy' | 'traffics' | 'reasons' | 'choices' | 'outcomes'> {
    const policies = new Map<string, number>();
    const known: PolicyId[] = [];
    const placeOf = (policy: PolicyId): number => {
      const key = JSON.stringify(policy);
      const place = policies.get(key) ?? known.push(policy) - 1;
      policies.set(key, place);
      return place;
    };
    return {
      lists: this.#lists.values.map((list) => list.map(placeOf)),
      policies: known,
      isolatedBy: this.#isolatedBy.map(({ egress, ingress }) => [egress, ingress] as const),
      traffics: this.#traffics.values,
      reasons: this.#reasons.values,
      choices: this.#choices.values,
      outcomes: this.#outcomes.values.map((text) => text.split(',').map(Number) as unknown as CompactOutcome),
    };
  }
}
