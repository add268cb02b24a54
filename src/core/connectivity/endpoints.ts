import type { Pod } from '../api/types.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { labelsKey } from '../label/selector.ts';
import { addressRanges, formatRanges, noAddresses, uniteAddresses } from '../net/address-set.ts';
import type { Interval } from '../net/interval.ts';
import { type Family, families } from '../net/ip.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import { isFinished } from '../verdict/address-space.ts';
import { type EndpointIdentity, podId, podIdentity, workloadOf } from '../verdict/endpoint.ts';
import { addressesOfPod } from '../verdict/ends.ts';
import { type Party, partyAt, partyOf } from '../verdict/party.ts';
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
  /** Of the addresses that nodes have: the names of those nodes, one list for each address. */
  readonly at: ReadonlySet<readonly string[]>;
  /** Whether all the addresses are some node's. */
  readonly isAllAt: boolean;
  /** The nodes that policed pods run on; an empty name for a pod without. */
  readonly on: ReadonlySet<string>;
}

/** An endpoint with what policy sees of it. */
export class MatrixEntry {
  /** Names it among all endpoints. */
  readonly id: string;
  readonly uses: readonly Use[];
  /** Equal for endpoints that are alike to every rule, own nodes aside. */
  readonly likeness: string;
  /** Whether some gate is its own. */
  readonly isPoliced: boolean;
  /** All nodes whose addresses it has, and all that its policed pods run on. */
  readonly at: ReadonlySet<string>;
  readonly on: ReadonlySet<string>;
  /** The pods that it stands for. */
  readonly pods: readonly Pod[];
  readonly #describe: () => MatrixEndpoint;
  #answer: MatrixEndpoint | undefined;

  constructor(id: string, uses: readonly Use[], describe: () => MatrixEndpoint, pods: readonly Pod[] = []) {
    this.id = id;
    this.uses = uses;
    this.likeness = uses
      .map(({ unit, family }) => `${family}:${unit.id}`)
      .sort()
      .join();
    this.isPoliced = uses.some(({ unit }) => unit.profile !== undefined);
    this.at = new Set(uses.flatMap(({ at }) => [...at].flat()));
    this.on = new Set(uses.flatMap(({ on }) => [...on]));
    this.pods = pods;
    this.#describe = describe;
  }

  /** As answers have it: made when it is first asked for. */
  get answer(): MatrixEndpoint {
    this.#answer ??= this.#describe();
    return this.#answer;
  }
}

/** Collects the addresses of one endpoint. */
class Draft {
  readonly uses: { unit: Unit; family: Family; count: number; at: Set<readonly string[]>; isAllAt: boolean; on: Set<string> }[] = [];

  add(unit: Unit, family: Family, at?: readonly string[], on?: string): void {
    let use = this.uses.find((each) => each.unit === unit && each.family === family);
    if (use === undefined) {
      use = { unit, family, count: 0, at: new Set(), isAllAt: true, on: new Set() };
      this.uses.push(use);
    }
    use.count++;
    if (at === undefined) use.isAllAt = false;
    else use.at.add(at);
    if (on !== undefined) use.on.add(on);
  }
}

/** Makes the endpoints of a cluster and, on the way, all units. */
export class MatrixEndpoints {
  readonly #cluster: Cluster;
  readonly #model: PolicyModel;
  readonly #units: Units;
  readonly #nodesAt = new Map<string, string[]>();
  readonly #owned: Readonly<Record<Family, Set<bigint>>> = { 4: new Set(), 6: new Set() };

  constructor(cluster: Cluster, model: PolicyModel, units: Units) {
    this.#cluster = cluster;
    this.#model = model;
    this.#units = units;
    for (const podClass of model.classes.values()) units.profileOf(podClass);
    for (const { name, addresses } of [...cluster.nodes.values()].sort(byName))
      for (const address of addresses) {
        const names = this.#nodesAt.get(address);
        if (names === undefined) this.#nodesAt.set(address, [name]);
        else names.push(name);
      }
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
    return Array.from(groups.values(), ({ pods, draft }) => podsEntry(pods, draft)).sort(byId);
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
      const id = `node:${name}`;
      return new MatrixEntry(id, draft.uses, () => ({ id, kind: 'Node', name }));
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
  for (const { unit, family } of parts) draft.add(unit, family);
  const addresses = families
    .map((family) =>
      addressRanges(
        family,
        parts.filter((part) => part.family === family).map(({ range }) => range),
      ),
    )
    .reduce(uniteAddresses, noAddresses);
  const ranges = formatRanges(addresses);
  const id = ranges.join();
  return new MatrixEntry(id, draft.uses, () => ({ id, kind: 'External', ranges }));
}

/** The endpoint of a workload, or of bare pods that are alike and go by the name of the first of them. */
function podsEntry(pods: readonly Pod[], { uses }: Draft): MatrixEntry {
  const owner = workloadOf(pods[0]!);
  if (owner !== undefined) {
    const { namespace } = pods[0]!;
    const id = `${namespace}/${owner.kind}/${owner.name}`;
    const identity = { id, kind: 'Workload' as const, namespace, name: owner.name, workloadKind: owner.kind };
    return new MatrixEntry(id, uses, () => ({ ...identity, ...membersOf(pods) }), pods);
  }
  const first = pods.reduce((least, pod) => (pod.name < least.name ? pod : least));
  const address = pods.length === 1 && { ip: first.addresses[0]! };
  return new MatrixEntry(podId(first), uses, () => ({ ...podIdentity(first), ...address, ...membersOf(pods) }), pods);
}

const membersOf = (pods: readonly Pod[]) => ({ pods: pods.length, members: [...pods].sort(byName).map(podId) });

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);
const byId = (a: MatrixEntry, b: MatrixEntry): number => (a.id < b.id ? -1 : 1);
