import type { Pod } from '../api/types.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { labelsKey } from '../label/selector.ts';
import { addressRanges, formatRanges, noAddresses, uniteAddresses } from '../net/address-set.ts';
import type { Interval } from '../net/interval.ts';
import { type Family, families } from '../net/ip.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import { isFinished } from './address-space.ts';
import { type EndpointIdentity, podId, podIdentity, workloadOf } from './endpoint.ts';
import { addressesOfPod } from './ends.ts';
import { type Party, partyAt, partyOf } from './party.ts';
import type { Unit, Units } from './units.ts';

/** An endpoint of the matrix in answers. */
export interface MatrixEndpoint extends EndpointIdentity {
  /** How many pods it stands for; absent for nodes and external addresses. */
  readonly pods?: number;
  /** The ids of those pods. */
  readonly members?: readonly string[];
}

/** The addresses of an endpoint that are of one unit and family. */
export interface Use {
  readonly unit: Unit;
  readonly family: Family;
  /** How many pods, nodes or ranges have such an address. */
  readonly count: number;
  /** Of the addresses that nodes have: the nodes' names, joined by a comma where one address is of several. */
  readonly at: ReadonlySet<string>;
  /** Whether all the addresses are some node's. */
  readonly isAllAt: boolean;
  /** The nodes that policed pods run on; an empty name for a pod without. */
  readonly on: ReadonlySet<string>;
}

/** An endpoint with what policy sees of it. */
export interface MatrixEntry {
  readonly answer: MatrixEndpoint;
  readonly uses: readonly Use[];
  /** Equal for endpoints that are alike to every rule, own nodes aside. */
  readonly likeness: string;
  /** Whether some gate is its own. */
  readonly isPoliced: boolean;
  /** All nodes whose addresses it has, and all that its policed pods run on. */
  readonly at: ReadonlySet<string>;
  readonly on: ReadonlySet<string>;
}

/** Collects the addresses of one endpoint. */
class Draft {
  readonly #uses = new Map<string, { unit: Unit; family: Family; count: number; at: Set<string>; isAllAt: boolean; on: Set<string> }>();

  add(unit: Unit, family: Family, at: string | undefined, on: string | undefined): void {
    const key = `${family}:${unit.id}`;
    let use = this.#uses.get(key);
    if (use === undefined) {
      use = { unit, family, count: 0, at: new Set(), isAllAt: true, on: new Set() };
      this.#uses.set(key, use);
    }
    use.count++;
    if (at === undefined) use.isAllAt = false;
    else use.at.add(at);
    if (on !== undefined) use.on.add(on);
  }

  finish(answer: MatrixEndpoint): MatrixEntry {
    const uses = [...this.#uses.values()];
    return {
      answer,
      uses,
      likeness: [...this.#uses.keys()].sort().join(),
      isPoliced: uses.some(({ unit }) => unit.profile !== undefined),
      at: new Set(uses.flatMap(({ at }) => [...at].flatMap((names) => names.split(',')))),
      on: new Set(uses.flatMap(({ on }) => [...on])),
    };
  }
}

/** Makes the endpoints of a cluster and, on the way, all units. */
export class MatrixEndpoints {
  readonly #cluster: Cluster;
  readonly #model: PolicyModel;
  readonly #units: Units;
  readonly #nodesAt = new Map<string, string>();
  readonly #owned: Readonly<Record<Family, Set<bigint>>> = { 4: new Set(), 6: new Set() };

  constructor(cluster: Cluster, model: PolicyModel, units: Units) {
    this.#cluster = cluster;
    this.#model = model;
    this.#units = units;
    for (const podClass of model.classes.values()) units.profileOf(podClass);
    for (const { name, addresses } of [...cluster.nodes.values()].sort(byName))
      for (const address of addresses) this.#nodesAt.set(address, [...(this.#nodesAt.get(address)?.split(',') ?? []), name].join());
  }

  /** Workloads, and bare pods of a namespace that are alike: of one class, with addresses in the same blocks. By id. */
  pods(): MatrixEntry[] {
    const groups = new Map<string, { pods: Pod[]; draft: Draft }>();
    for (const { pods } of this.#cluster.namespaces.values())
      for (const pod of pods.values()) {
        const parties = this.#partiesOf(pod);
        if (parties.length === 0) continue;
        const units = parties.map((party) => this.#unitOf(party));
        const key = this.#groupOf(pod, parties, units);
        let group = groups.get(key);
        if (group === undefined) {
          group = { pods: [], draft: new Draft() };
          groups.set(key, group);
        }
        group.pods.push(pod);
        for (const [index, party] of parties.entries()) this.#add(group.draft, party, units[index]!, pod.node);
      }
    return [...groups.values()].map(({ pods, draft }) => draft.finish(podsAnswer(pods))).sort(byId);
  }

  /** Nodes with addresses, by name. A hostNetwork pod that is not policed is its node. */
  nodes(): MatrixEntry[] {
    const named = [...this.#cluster.nodes.values()].filter(({ addresses }) => addresses.length > 0).sort(byName);
    return named.map(({ name, addresses }) => {
      const draft = new Draft();
      for (const address of addresses) {
        const party = partyAt(this.#model, address);
        this.#add(draft, party, this.#unitOf(party), name);
      }
      return draft.finish({ id: `node:${name}`, kind: 'Node', name });
    });
  }

  /** The units of addresses that no pod or node has, with their ranges, in the given families; to be asked for last. */
  strangers(wanted: readonly Family[]): Stranger[] {
    return wanted.flatMap((family) => {
      const owned = [...this.#owned[family]].sort((a, b) => (a < b ? -1 : 1));
      return this.#units.blocks
        .atomsOf(family)
        .filter(({ range }) => !isFull(range, owned))
        .map(({ range, signature }) => ({ unit: this.#units.unitOf(undefined, signature), family, range }));
    });
  }

  #groupOf(pod: Pod, parties: readonly Party[], units: readonly Unit[]): string {
    const owner = workloadOf(pod);
    if (owner !== undefined) return `${pod.namespace}/${owner.kind}/${owner.name}`;
    const likeness = parties.map(({ ip }, index) => `${ip.family}:${units[index]!.id}`).join();
    return `${pod.namespace} ${this.#model.classOf(pod)?.key ?? labelsKey(pod.labels)} ${likeness}`;
  }

  /** The pod's ends; none for one that has ended, or whose address another has. */
  #partiesOf(pod: Pod): Party[] {
    if (this.#model.classOf(pod) === undefined && (!pod.hostNetwork || isFinished(pod))) return [];
    const parties = addressesOfPod(this.#model, pod).map((address) => partyOf(this.#model, pod, address));
    return parties.filter(({ owner }) => owner.kind !== 'Pod' || owner.pod === pod);
  }

  #unitOf({ owner, ip }: Party): Unit {
    return this.#units.unitOf(owner.kind === 'Pod' ? owner.class : undefined, this.#units.blocks.signatureOf(ip));
  }

  #add(draft: Draft, { owner, ip, address }: Party, unit: Unit, node: string | undefined): void {
    if (owner.kind !== 'External') this.#owned[ip.family].add(ip.value);
    draft.add(unit, ip.family, this.#nodesAt.get(address), owner.kind === 'Pod' ? (node ?? '') : undefined);
  }
}

/** Addresses in a row that nobody has but, perhaps, for some of them, and that the same blocks hold. */
export interface Stranger {
  readonly unit: Unit;
  readonly family: Family;
  readonly range: Interval<bigint>;
}

/** Whether every address of the range is among the sorted ones. */
function isFull([first, last]: Interval<bigint>, sorted: readonly bigint[]): boolean {
  if (last - first >= BigInt(sorted.length)) return false;
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < first) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === first && sorted[low + Number(last - first)] === last;
}

/** The endpoint of external addresses that every gate treats alike. */
export function externalEntry(parts: readonly Stranger[]): MatrixEntry {
  const draft = new Draft();
  for (const family of families) {
    const first = parts.find((part) => part.family === family);
    if (first !== undefined) draft.add(first.unit, family, undefined, undefined);
  }
  const addresses = families
    .map((family) =>
      addressRanges(
        family,
        parts.filter((part) => part.family === family).map(({ range }) => range),
      ),
    )
    .reduce(uniteAddresses, noAddresses);
  const ranges = formatRanges(addresses);
  return draft.finish({ id: ranges.join(), kind: 'External', ranges });
}

function podsAnswer(pods: readonly Pod[]): MatrixEndpoint {
  const [first, ...others] = [...pods].sort(byName) as [Pod, ...Pod[]];
  const owner = workloadOf(first);
  const members = [first, ...others].map(podId);
  const counts = { pods: pods.length, members };
  if (owner === undefined) return { ...podIdentity(first), ...(others.length === 0 && { ip: first.addresses[0]! }), ...counts };
  const { namespace } = first;
  return {
    id: `${namespace}/${owner.kind}/${owner.name}`,
    kind: 'Workload',
    namespace,
    name: owner.name,
    workloadKind: owner.kind,
    ...counts,
  };
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);
const byId = ({ answer: a }: MatrixEntry, { answer: b }: MatrixEntry): number => (a.id < b.id ? -1 : 1);
