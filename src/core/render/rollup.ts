import { type Said, trafficMeant } from '../connectivity/answers.ts';
import type { Connectivity } from '../connectivity/connectivity.ts';
import type { MatrixEndpoint } from '../connectivity/endpoints.ts';
import { allTraffic, equalTraffic, intersectTraffic, isEmptyTraffic, noTraffic, type Traffic, uniteTraffic } from '../net/port-set.ts';
import { getOrMake } from '../policy/get-or-make.ts';
import { type Allowance, allowanceOf } from './allowance.ts';
import { type Group, groupsOf } from './crowd.ts';

/** What the pairs of one group with another may do. */
export interface GroupPair {
  readonly from: Group;
  readonly to: Group;
  /** How many pairs of endpoints there are, and how many of them may do something; to some of their pods counts. */
  readonly pairs: number;
  readonly reached: number;
  /** What each of the pairs may do, to all its pods. Sets that come of the same outcomes are one object, here and in `some`. */
  readonly every: Traffic;
  /** What one of the pairs or another may do. */
  readonly some: Traffic;
  /** How many of the pairs that may do something may because a rule lets them, or because nothing isolates them. */
  readonly allowances: Readonly<Record<Allowance, number>>;
  /** How many of them may because one end is the other's own node. */
  readonly ownNode: number;
}

/** How the addresses outside are grouped: each endpoint by itself, or all together. */
export type OutsideGrouping = 'each' | 'together';

/** The matrix by namespace: what groups of endpoints may do, in the order of the endpoints. */
export interface RollUp {
  readonly groups: readonly Group[];
  readonly pairs: readonly GroupPair[];
}

/**
 * Rolls a connectivity up. The denied pairs are counted: with `count` if it is given, otherwise they must be among what is given. Pairs of
 * groups of which nothing is given are left out, or, with `denied`, counted too.
 */
export function rollUp(
  { endpoints, reach }: Pick<Connectivity, 'endpoints' | 'reach'>,
  outside: OutsideGrouping,
  count?: Connectivity['count'],
  denied = false,
): RollUp {
  const groups = groupsOf(endpoints).flatMap((group) =>
    group.kind === 'outside' && outside === 'each' ? group.members.map(alone) : [group],
  );
  const placeOf = new Map(groups.flatMap(({ members }, place) => members.map(({ id }) => [id, place] as const)));
  const outcomes = new Outcomes();
  const rows = groups.map(() => new Map<Outcome, Map<number, number>>());
  const censuses = new Censuses(placeOf);
  for (const { from, to, said } of reach) {
    const row = rows[placeOf.get(from)!]!;
    const counts = getOrMake(row, outcomes.of(said), () => new Map());
    for (const [place, number] of censuses.of(to)) counts.set(place, (counts.get(place) ?? 0) + number);
  }
  const pairs: GroupPair[] = [];
  for (const [place, row] of rows.entries()) {
    const parts = partsOf(row);
    for (const to of denied ? groups.keys() : [...parts.keys()].sort((one, other) => one - other)) {
      const pair = summarize(groups[place]!, groups[to]!, parts.get(to) ?? [], outcomes, count);
      if (pair.pairs > 0) pairs.push(pair);
    }
  }
  return { groups, pairs };
}

/** An outcome, and of how many pairs it is. */
interface Part {
  readonly outcome: Outcome;
  readonly pairs: number;
}

/** What leads from one group to the others, by their places. */
function partsOf(row: ReadonlyMap<Outcome, ReadonlyMap<number, number>>): ReadonlyMap<number, readonly Part[]> {
  const parts = new Map<number, Part[]>();
  for (const [outcome, counts] of row) for (const [to, pairs] of counts) getOrMake(parts, to, (): Part[] => []).push({ outcome, pairs });
  return parts;
}

/** Says how many of some endpoints are in which group. Most lists come again, and are counted once. */
class Censuses {
  readonly #placeOf: ReadonlyMap<string, number>;
  readonly #known = new WeakMap<readonly string[], ReadonlyMap<number, number>>();

  constructor(placeOf: ReadonlyMap<string, number>) {
    this.#placeOf = placeOf;
  }

  of(ids: readonly string[]): Iterable<readonly [place: number, count: number]> {
    return ids.length === 1 ? [[this.#placeOf.get(ids[0]!)!, 1]] : getOrMake(this.#known, ids, (all) => this.#count(all));
  }

  #count(ids: readonly string[]): ReadonlyMap<number, number> {
    const census = new Map<number, number>();
    for (const id of ids) {
      const place = this.#placeOf.get(id)!;
      census.set(place, (census.get(place) ?? 0) + 1);
    }
    return census;
  }
}

const alone = (endpoint: MatrixEndpoint): Group => ({ name: endpoint.id, kind: 'outside', members: [endpoint] });

/** What of a pair matters here. */
interface Outcome extends Span {
  readonly id: number;
  readonly allowance: Allowance | undefined;
  readonly isOwnNode: boolean;
}

/** What each of some pairs may do, and what one of them or another may. */
type Span = Pick<GroupPair, 'every' | 'some'>;

/** The outcomes of a connectivity. Equal answers share their parts, so that most are found without being read. */
class Outcomes {
  readonly #bySaid = new Map<Said, Outcome>();
  readonly #known = new Map<object | string | undefined, Map<object | string | undefined, Map<object, Outcome>>>();
  readonly #spans = new Map<string, Span>();
  #count = 0;

  of(said: Said): Outcome {
    return getOrMake(this.#bySaid, said, (each) => this.#find(each));
  }

  #find({ traffic, partial, reason }: Said): Outcome {
    const byPartial = getOrMake(this.#known, traffic, () => new Map());
    const byReason = getOrMake(byPartial, partial, () => new Map<object, Outcome>());
    return getOrMake(byReason, reason, () => {
      const every = trafficMeant(traffic);
      const some = partial === undefined ? every : trafficMeant(partial);
      const isOwnNode = reason.egress === 'own-node' || reason.ingress === 'own-node';
      return { id: this.#count++, every, some, isOwnNode, allowance: allowanceOf({ traffic, partial, reason }) };
    });
  }

  /** Of pairs with these outcomes together, and perhaps of others that may do nothing. */
  spanOf(parts: readonly Part[], areOthersDenied: boolean): Span {
    if (parts.length === 1 && !areOthersDenied) return parts[0]!.outcome;
    return getOrMake(this.#spans, `${areOthersDenied} ${parts.map(({ outcome }) => outcome.id).join()}`, () => ({
      every: areOthersDenied ? noTraffic : parts.map(({ outcome }) => outcome.every).reduce(intersectTraffic, allTraffic),
      some: parts.map(({ outcome }) => outcome.some).reduce(uniteTraffic, noTraffic),
    }));
  }
}

function summarize(from: Group, to: Group, parts: readonly Part[], outcomes: Outcomes, count?: Connectivity['count']): GroupPair {
  let [seen, reached, ownNode] = [0, 0, 0];
  const allowances = { rule: 0, open: 0 };
  for (const { outcome, pairs } of parts) {
    const { some, allowance, isOwnNode } = outcome;
    seen += pairs;
    if (!isEmptyTraffic(some)) reached += pairs;
    if (allowance === undefined) continue;
    allowances[allowance] += pairs;
    if (isOwnNode) ownNode += pairs;
  }
  const pairs = count?.between(from.members, to.members) ?? seen;
  const { every, some } = outcomes.spanOf(parts, pairs > seen);
  return { from, to, pairs, reached, every, some, allowances, ownNode };
}

/** Whether all pairs may do the same. */
export const isUniform = ({ every, some }: GroupPair): boolean => equalTraffic(every, some);
