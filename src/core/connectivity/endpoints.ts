import { type Node, type Pod, workloadOf } from '../api/types.ts';
import { type Cluster, podsOf } from '../cluster/cluster.ts';
import { labelsKey } from '../label/selector.ts';
import { type AddressSet, addressRanges, formatRanges, noAddresses, uniteAddresses } from '../net/address-set.ts';
import type { Interval } from '../net/interval.ts';
import { type Family, families } from '../net/ip.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import { isFinished } from '../verdict/address-space.ts';
import { type EndpointIdentity, isOfFamily, podId, podIdentity } from '../verdict/endpoint.ts';
import { addressesOfPod } from '../verdict/ends.ts';
import { type Party, partyAt, partyOf } from '../verdict/party.ts';
import { append, type Unit, type Units } from './units.ts';

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
  /** Two of the ends, or all if there are fewer; none of external addresses. */
  readonly examples: readonly Party[];
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
  /** The pods that it stands for, with their ends. */
  readonly located: readonly Located[];
  /** Of an external endpoint. */
  readonly addresses: AddressSet | undefined;
  readonly #describe: () => MatrixEndpoint;
  #answer: MatrixEndpoint | undefined;

  constructor(
    id: string,
    uses: readonly Use[],
    describe: () => MatrixEndpoint,
    { located = [], addresses }: { readonly located?: readonly Located[]; readonly addresses?: AddressSet } = {},
  ) {
    this.id = id;
    this.uses = uses;
    this.likeness = uses
      .map(({ unit, family }) => `${family}:${unit.id}`)
      .sort()
      .join();
    this.isPoliced = uses.some(({ unit }) => unit.profile !== undefined);
    this.at = new Set(uses.flatMap(({ at }) => [...at].flat()));
    this.on = new Set(uses.flatMap(({ on }) => [...on]));
    this.located = located;
    this.addresses = addresses;
    this.#describe = describe;
  }

  /** It does not exist, but could. */
  get isPotential(): boolean {
    return this.located[0]?.pod.potential !== undefined;
  }

  get pods(): readonly Pod[] {
    return this.located.map(({ pod }) => pod);
  }

  /** As answers have it: made when it is first asked for. */
  get answer(): MatrixEndpoint {
    this.#answer ??= this.#describe();
    return this.#answer;
  }
}

/** Collects the addresses of one endpoint. */
class Draft {
  readonly uses: {
    unit: Unit;
    family: Family;
    count: number;
    at: Set<readonly string[]>;
    isAllAt: boolean;
    on: Set<string>;
    examples: Party[];
  }[] = [];

  add(
    unit: Unit,
    family: Family,
    { party, at, on }: { party?: Party; at?: readonly string[] | undefined; on?: string | undefined } = {},
  ): void {
    let use = this.uses.find((each) => each.unit === unit && each.family === family);
    if (use === undefined) {
      use = { unit, family, count: 0, at: new Set(), isAllAt: true, on: new Set(), examples: [] };
      this.uses.push(use);
    }
    use.count++;
    if (party !== undefined && use.examples.length < 2) use.examples.push(party);
    if (at === undefined) use.isAllAt = false;
    else use.at.add(at);
    if (on !== undefined) use.on.add(on);
  }
}

/** A pod with its ends. */
export interface Located {
  readonly pod: Pod;
  readonly parties: readonly Party[];
}

/** The pods of a cluster with their ends, by the endpoints that they belong to; bare pods each by itself. */
export interface LocatedPods {
  readonly workloads: readonly (readonly Located[])[];
  readonly bare: readonly Located[];
}

/** The pods that policy knows, and hostNetwork pods, with their ends; not those that have ended, or whose address another has. */
export function locatePods(cluster: Cluster, model: PolicyModel): LocatedPods {
  const workloads = new Map<string, Located[]>();
  const bare: Located[] = [];
  for (const pod of podsOf(cluster)) {
    if (model.classOf(pod) === undefined && (!pod.hostNetwork || isFinished(pod))) continue;
    const all = addressesOfPod(model, pod).map((address) => partyOf(model, pod, address));
    const parties = all.filter(({ owner }) => owner.kind !== 'Pod' || owner.pod === pod);
    if (parties.length === 0) continue;
    const key = pod.potential ?? workloadId(pod);
    if (key === undefined) bare.push({ pod, parties });
    else append(workloads, key, { pod, parties });
  }
  // Answers must not depend on the order in which pods came.
  for (const located of workloads.values()) located.sort(byPod);
  return { workloads: [...workloads.values()], bare: bare.sort(byPod) };
}

const byPod = ({ pod: a }: Located, { pod: b }: Located): number => (podId(a) < podId(b) ? -1 : 1);

function workloadId(pod: Pod): string | undefined {
  const owner = workloadOf(pod);
  return owner && `${pod.namespace}/${owner.kind}/${owner.name}`;
}

/** Finds all units of a cluster, then makes its endpoints. */
export class MatrixEndpoints {
  readonly #units: Units;
  readonly #nodesAt = new Map<string, string[]>();
  readonly #owned: Readonly<Record<Family, bigint[]>> = { 4: [], 6: [] };
  /** The families of pods that policy knows. */
  readonly #policed = new Set<Family>();
  readonly #model: PolicyModel;
  readonly #placed: readonly Node[];
  readonly #nodes: readonly MatrixEntry[];
  readonly #workloads: readonly MatrixEntry[];
  readonly #bare: readonly (Located & { readonly units: readonly Unit[] })[];

  constructor(cluster: Cluster, model: PolicyModel, units: Units, { workloads, bare }: LocatedPods) {
    this.#units = units;
    for (const podClass of model.classes.values()) units.profileOf(podClass);
    const nodes = [...cluster.nodes.values()].filter(({ addresses }) => addresses.length > 0).sort(byName);
    for (const { name, addresses } of nodes) for (const address of addresses) append(this.#nodesAt, address, name);
    this.#model = model;
    this.#placed = nodes;
    this.#nodes = nodes.map(({ name, addresses }) => this.#nodeEntry(name, addresses, `node:${name}`));
    this.#workloads = workloads.map((located) => this.#podsEntry(located));
    this.#bare = bare.map((located) => ({ ...located, units: located.parties.map((party) => this.#unitOf(party)) }));
  }

  /** Of pods without a workload, by id: equal for those of a namespace that are alike, of one class with addresses in the same blocks. */
  likeness(): Map<string, string> {
    return new Map(
      this.#bare.map(({ pod, parties, units }) => {
        const { owner } = parties[0]!;
        const who = owner.kind === 'Pod' ? owner.class.key : labelsKey(pod.labels);
        return [podId(pod), `${pod.namespace} ${who} ${parties.map(({ ip }, end) => `${ip.family}:${units[end]!.id}`).join()}`];
      }),
    );
  }

  /** Workloads, potential pods, and bare pods whose likeness is the same. By id. */
  pods(likeness: ReadonlyMap<string, string>): MatrixEntry[] {
    const alike = Map.groupBy(this.#bare, ({ pod }) => likeness.get(podId(pod)) ?? podId(pod));
    return [...this.#workloads, ...Array.from(alike.values(), (located) => this.#podsEntry(located))].sort(byId);
  }

  /** Nodes with addresses, by name. A hostNetwork pod that is not policed is its node. */
  nodes(): readonly MatrixEntry[] {
    return this.#nodes;
  }

  /** The same with the addresses of a node that has several of a family one by one, by their texts: policy may tell them apart. */
  nodeAddresses(): readonly MatrixEntry[] {
    return this.#placed.flatMap(({ name, addresses }, place) => {
      const isSingle = families.every((family) => addresses.filter((address) => isOfFamily(address, family)).length < 2);
      return isSingle ? [this.#nodes[place]!] : addresses.map((address) => this.#nodeEntry(name, [address], address));
    });
  }

  /** The units of addresses that no pod or node has, with their ranges, in the families that pods have which policy knows. */
  strangers(): Stranger[] {
    return families
      .filter((family) => this.#policed.has(family))
      .flatMap((family) => {
        const isFull = fullness(this.#owned[family]);
        return this.#units.blocks
          .atomsOf(family)
          .filter(({ range }) => !isFull(range))
          .map(({ range, signature }) => ({ unit: this.#units.unitOf('External', signature), family, range }));
      });
  }

  #nodeEntry(name: string, addresses: readonly string[], id: string): MatrixEntry {
    const draft = new Draft();
    for (const address of addresses) this.#add(draft, partyAt(this.#model, address), name);
    return new MatrixEntry(id, draft.uses, () => ({ id, kind: 'Node', name }));
  }

  #podsEntry(located: readonly Located[]): MatrixEntry {
    const draft = new Draft();
    for (const { pod, parties } of located) for (const party of parties) this.#add(draft, party, pod.node);
    return podsEntry(located, draft);
  }

  /** The entry's pods in several entries: together those with the same key. */
  parts(entry: MatrixEntry, keyOf: (located: Located) => string): Map<string, MatrixEntry> {
    const groups = Map.groupBy(entry.located, keyOf);
    return new Map(Array.from(groups, ([key, located]) => [key, this.#podsEntry(located)]));
  }

  /** What policy sees of a pod: equal for pods that no rule tells apart. */
  unitsText({ parties }: Located): string {
    return parties.map((party) => `${party.ip.family}:${this.#unitAt(party).id}`).join();
  }

  #add(draft: Draft, party: Party, node: string | undefined): void {
    const on = party.owner.kind === 'Pod' ? (node ?? '') : undefined;
    draft.add(this.#unitOf(party), party.ip.family, { party, at: this.#nodesAt.get(party.address), on });
  }

  #unitOf({ owner, ip }: Party): Unit {
    if (owner.kind !== 'External') this.#owned[ip.family].push(ip.value);
    if (owner.kind === 'Pod') this.#policed.add(ip.family);
    return this.#unitAt({ owner, ip });
  }

  #unitAt({ owner, ip }: Pick<Party, 'owner' | 'ip'>): Unit {
    return this.#units.unitOf(owner.kind === 'Pod' ? owner.class : owner.kind, this.#units.blocks.signatureOf(ip));
  }
}

/** Addresses in a row that nobody has but, perhaps, for some of them, and that the same blocks hold. */
export interface Stranger {
  readonly unit: Unit;
  readonly family: Family;
  readonly range: Interval<bigint>;
}

/** Says whether every address of a range is among the given ones, which may repeat themselves. */
function fullness(owned: readonly bigint[]): (range: Interval<bigint>) => boolean {
  let sorted: readonly bigint[] | undefined;
  return ([first, last]) => {
    if (last - first >= BigInt(owned.length)) return false;
    sorted ??= [...new Set(owned)].sort((a, b) => (a < b ? -1 : 1));
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle]! < first) low = middle + 1;
      else high = middle;
    }
    return sorted[low] === first && sorted[low + Number(last - first)] === last;
  };
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
  return new MatrixEntry(id, draft.uses, () => ({ id, kind: 'External', ranges }), { addresses });
}

/** The endpoint of a workload, or of bare pods that are alike and go by the name of the first of them. */
function podsEntry(located: readonly Located[], { uses }: Draft): MatrixEntry {
  const pods = located.map(({ pod }) => pod);
  const owner = workloadOf(pods[0]!);
  if (owner !== undefined) {
    const { namespace } = pods[0]!;
    const id = `${namespace}/${owner.kind}/${owner.name}`;
    const identity = { id, kind: 'Workload' as const, namespace, name: owner.name, workloadKind: owner.kind };
    return new MatrixEntry(id, uses, () => ({ ...identity, ...membersOf(pods) }), { located });
  }
  const first = pods.reduce((least, pod) => (pod.name < least.name ? pod : least));
  if (first.potential !== undefined) return new MatrixEntry(first.potential, uses, () => podIdentity(first), { located });
  const address = pods.length === 1 && { ip: first.addresses[0]! };
  return new MatrixEntry(podId(first), uses, () => ({ ...podIdentity(first), ...address, ...membersOf(pods) }), { located });
}

const membersOf = (pods: readonly Pod[]) => ({ pods: pods.length, members: [...pods].sort(byName).map(podId) });

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);
const byId = (a: MatrixEntry, b: MatrixEntry): number => (a.id < b.id ? -1 : 1);
