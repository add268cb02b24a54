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
  /** What each of the pairs may do, to all its pods. */
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
  const counts = groups.map(() => new Map<number, number>());
  const censuses = new WeakMap<readonly string[], ReadonlyMap<number, number>>();
  for (const each of reach) {
    const row = counts[placeOf.get(each.from)!]!;
    const outcome = outcomes.idOf(each.said) * groups.length;
    for (const [place, number] of getOrMake(censuses, each.to, () => censusOf(each.to, placeOf)))
      row.set(outcome + place, (row.get(outcome + place) ?? 0) + number);
  }
  const pairs = counts.flatMap((row, place) => {
    const known = Map.groupBy(row, ([key]) => key % groups.length);
    const places = denied ? groups.keys() : [...known.keys()].sort((one, other) => one - other);
    return Array.from(places, (to) => {
      const parts = (known.get(to) ?? []).map(([key, number]): Part => [outcomes.all[Math.floor(key / groups.length)]!, number]);
      return summarize(groups[place]!, groups[to]!, parts, count);
    }).filter((pair) => pair.pairs > 0);
  });
  return { groups, pairs };
}

/** How many of the endpoints are in which group. */
function censusOf(ids: readonly string[], placeOf: ReadonlyMap<string, number>): ReadonlyMap<number, number> {
  const census = new Map<number, number>();
  for (const id of ids) census.set(placeOf.get(id)!, (census.get(placeOf.get(id)!) ?? 0) + 1);
  return census;
}

const alone = (endpoint: MatrixEndpoint): Group => ({ name: endpoint.id, kind: 'outside', members: [endpoint] });

/** What of a pair matters here. */
interface Outcome {
  readonly every: Traffic;
  readonly some: Traffic;
  readonly allowance: Allowance | undefined;
  readonly isOwnNode: boolean;
}

/** The outcomes of a connectivity, by number. Equal answers share their parts, so that most are found without being read. */
class Outcomes {
  readonly all: Outcome[] = [];
  readonly #known = new Map<object | string | undefined, Map<object | string | undefined, Map<object, number>>>();

  idOf({ traffic, partial, reason }: Said): number {
    const byPartial = getOrMake(this.#known, traffic, () => new Map());
    const byReason = getOrMake(byPartial, partial, () => new Map<object, number>());
    return getOrMake(byReason, reason, () => {
      const every = trafficMeant(traffic);
      const some = partial === undefined ? every : trafficMeant(partial);
      const isOwnNode = reason.egress === 'own-node' || reason.ingress === 'own-node';
      return this.all.push({ every, some, isOwnNode, allowance: allowanceOf({ traffic, partial, reason }) }) - 1;
    });
  }
}

/** An outcome, and of how many pairs it is. */
type Part = readonly [outcome: Outcome, pairs: number];

function summarize(from: Group, to: Group, parts: readonly Part[], count: Connectivity['count'] | undefined): GroupPair {
  const sum = (isMeant: (outcome: Outcome) => boolean): number =>
    parts.reduce((total, [outcome, number]) => total + (isMeant(outcome) ? number : 0), 0);
  const seen = sum(() => true);
  const pairs = count?.between(from.members, to.members) ?? seen;
  return {
    from,
    to,
    pairs,
    reached: sum(({ some }) => !isEmptyTraffic(some)),
    every: pairs > seen ? noTraffic : parts.map(([{ every }]) => every).reduce(intersectTraffic, allTraffic),
    some: parts.map(([{ some }]) => some).reduce(uniteTraffic, noTraffic),
    allowances: { rule: sum(({ allowance }) => allowance === 'rule'), open: sum(({ allowance }) => allowance === 'open') },
    ownNode: sum(({ isOwnNode, allowance }) => isOwnNode && allowance !== undefined),
  };
}

/** Whether all pairs may do the same. */
export const isUniform = ({ every, some }: GroupPair): boolean => equalTraffic(every, some);
