import { isFinished, type Node, type Pod, workloadOf } from '../api/types.ts';
import { type Cluster, podsOf } from '../cluster/cluster.ts';
import type { Interval } from '../net/interval.ts';
import { type Family, parseIp } from '../net/ip.ts';
import type { PodClass } from '../policy/model.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import { podId } from '../verdict/endpoint.ts';
import { addressesOfPod } from '../verdict/ends.ts';
import { type Party, partyAt, partyOf } from '../verdict/party.ts';
import { append } from './units.ts';

/** An address of a pod or node, with the nodes that it has to do with. */
export interface End {
  readonly party: Party;
  /** The names of the nodes that have the address, if any has. */
  readonly at: readonly string[] | undefined;
  /** The node that a policed pod runs on; an empty name for a pod without. */
  readonly on: string | undefined;
}

/** A pod with its ends. */
export interface Located {
  readonly id: string;
  readonly pod: Pod;
  readonly ends: readonly End[];
}

/** What there is to say of several ends, whatever policies are. */
export interface Summary {
  readonly count: number;
  /** Of the addresses that nodes have: the names of those nodes, one list for each address. */
  readonly at: ReadonlySet<readonly string[]>;
  /** Whether all the addresses are some node's. */
  readonly isAllAt: boolean;
  /** The nodes that policed pods run on; an empty name for a pod without. */
  readonly on: ReadonlySet<string>;
  /** Two of the ends, or all if there are fewer. */
  readonly examples: readonly Party[];
}

/** Ends of one endpoint and family whose owners are of one class: only blocks can tell them apart. */
export interface Cohort {
  readonly of: PodClass | 'Node' | 'External';
  readonly family: Family;
  readonly ends: readonly End[];
  /** From the least of the addresses to the greatest. */
  readonly range: Interval<bigint>;
  readonly summary: Summary;
}

/** The pods of one endpoint. */
export interface EndpointPods {
  readonly located: readonly Located[];
  readonly cohorts: readonly Cohort[];
}

/** The nodes of a cluster, and its pods by the endpoints that they belong to, bare pods each by itself: what stays as it is while policies change. */
export interface LocatedPods {
  readonly workloads: readonly EndpointPods[];
  readonly bare: readonly EndpointPods[];
  /** By name. */
  readonly nodes: readonly LocatedNode[];
  /** The addresses that nobody outside has: those of pods and nodes, and of Services inside, which policy never sees. Ascending, each once. */
  readonly owned: Readonly<Record<Family, readonly bigint[]>>;
  /** The families of pods that policy knows. */
  readonly policed: ReadonlySet<Family>;
}

/** A node with its ends. */
export interface LocatedNode {
  readonly name: string;
  readonly cohorts: readonly Cohort[];
}

/** The pods that policy knows, and hostNetwork pods, with their ends; not those that have ended, or whose address another has. */
export function locatePods(cluster: Cluster, model: PolicyModel): LocatedPods {
  const nodesAt = new Map<string, string[]>();
  const nodes = [...cluster.nodes.values()].filter(({ addresses }) => addresses.length > 0).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, addresses } of nodes) for (const address of addresses) append(nodesAt, address, name);
  const workloads = new Map<string, Located[]>();
  const bare: Located[] = [];
  for (const pod of podsOf(cluster)) {
    if (model.classOf(pod) === undefined && (!pod.hostNetwork || isFinished(pod))) continue;
    const all = addressesOfPod(model, pod).map((address) => partyOf(model, pod, address));
    const parties = all.filter(({ owner }) => owner.kind !== 'Pod' || owner.pod === pod);
    if (parties.length === 0) continue;
    const located = { id: podId(pod), pod, ends: parties.map((party) => endOf(party, pod.node, nodesAt)) };
    const key = pod.potential ?? workloadId(pod);
    if (key === undefined) bare.push(located);
    else append(workloads, key, located);
  }
  // Answers must not depend on the order in which pods came.
  for (const located of workloads.values()) located.sort(byPod);
  const endsOf = ({ name, addresses }: Node): End[] => addresses.map((address) => endOf(partyAt(model, address), name, nodesAt));
  const located = {
    workloads: Array.from(workloads.values(), endpointPods),
    bare: bare.sort(byPod).map((pod) => endpointPods([pod])),
    nodes: nodes.map((node) => ({ name: node.name, cohorts: cohortsOf(endsOf(node)) })),
  };
  const cohorts = Object.values(located).flatMap((list) => list.flatMap((each) => each.cohorts));
  return {
    ...located,
    owned: { 4: ownedIn(cluster, cohorts, 4), 6: ownedIn(cluster, cohorts, 6) },
    policed: new Set(cohorts.flatMap(({ of, family }) => (typeof of === 'string' ? [] : [family]))),
  };
}

/** A connection to a Service is translated before policy sees it. Source: semantics.md section 4.5. */
function ownedIn({ namespaces }: Cluster, cohorts: readonly Cohort[], family: Family): readonly bigint[] {
  const owned = cohorts.filter((cohort) => cohort.family === family && cohort.of !== 'External');
  const values = new Set(owned.flatMap(({ ends }) => ends.map(({ party }) => party.ip.value)));
  for (const { services } of namespaces.values())
    for (const { clusterIps } of services.values())
      for (const ip of clusterIps.map((each) => parseIp(each))) if (ip?.family === family) values.add(ip.value);
  return [...values].sort((a, b) => (a < b ? -1 : 1));
}

/** An address of a pod or node, on a node. */
const endOf = (party: Party, node: string | undefined, nodesAt: ReadonlyMap<string, readonly string[]>): End => ({
  party,
  at: nodesAt.get(party.address),
  on: party.owner.kind === 'Pod' ? (node ?? '') : undefined,
});

/** These pods as one endpoint. */
export const endpointPods = (located: readonly Located[]): EndpointPods => ({
  located,
  cohorts: cohortsOf(located.flatMap(({ ends }) => ends)),
});

/** The ends by the classes and families that they are of. */
export function cohortsOf(ends: readonly End[]): Cohort[] {
  const first = ends[0]!;
  const groups = ends.every(({ party }) => party.ip.family === first.party.ip.family && ownerOf(party) === ownerOf(first.party))
    ? [ends]
    : ([4, 6] as const).flatMap((family) => {
        const alike = Map.groupBy(
          ends.filter(({ party }) => party.ip.family === family),
          ({ party }) => ownerOf(party),
        );
        return [...alike.values()];
      });
  return groups.map((group) => {
    const values = group.map(({ party }) => party.ip.value);
    const range: [bigint, bigint] = [values.reduce((a, b) => (b < a ? b : a)), values.reduce((a, b) => (b > a ? b : a))];
    const { party } = group[0]!;
    return { of: ownerOf(party), family: party.ip.family, ends: group, range, summary: summarize(group) };
  });
}

const ownerOf = ({ owner }: Party): Cohort['of'] => (owner.kind === 'Pod' ? owner.class : owner.kind);

/** What there is to say of all of these ends. */
export function summarize(ends: readonly End[]): Summary {
  return {
    count: ends.length,
    at: setOf(ends.flatMap(({ at }) => (at === undefined ? [] : [at]))),
    isAllAt: ends.every(({ at }) => at !== undefined),
    on: setOf(ends.flatMap(({ on }) => (on === undefined ? [] : [on]))),
    examples: ends.slice(0, 2).map(({ party }) => party),
  };
}

/** What there is to say of both. */
export const joinSummaries = (a: Summary, b: Summary): Summary => ({
  count: a.count + b.count,
  at: new Set([...a.at, ...b.at]),
  isAllAt: a.isAllAt && b.isAllAt,
  on: new Set([...a.on, ...b.on]),
  examples: [...a.examples, ...b.examples].slice(0, 2),
});

const empty: ReadonlySet<never> = new Set();

/** Most endpoints have nothing to do with the addresses of nodes. */
const setOf = <T>(items: readonly T[]): ReadonlySet<T> => (items.length === 0 ? empty : new Set(items));

const byPod = (a: Located, b: Located): number => (a.id < b.id ? -1 : 1);

/** The id of the workload that the pod belongs to; undefined for a bare pod. */
export function workloadId(pod: Pod): string | undefined {
  const owner = workloadOf(pod);
  return owner && `${pod.namespace}/${owner.kind}/${owner.name}`;
}
