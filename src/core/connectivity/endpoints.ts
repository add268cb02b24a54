import { type Pod, workloadOf } from '../api/types.ts';
import { labelsKey } from '../label/selector.ts';
import { type AddressSet, addressRanges, formatRanges, uniteAllAddresses } from '../net/address-set.ts';
import type { Interval } from '../net/interval.ts';
import { type Family, families, isMappedRange } from '../net/ip.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import { type EndpointIdentity, podId, podIdentity } from '../verdict/endpoint.ts';
import {
  type Cohort,
  cohortsOf,
  type End,
  type EndpointPods,
  endpointPods,
  joinSummaries,
  type Located,
  type LocatedNode,
  type LocatedPods,
  type Summary,
  summarize,
} from './located-pods.ts';
import type { Unit, Units } from './units.ts';

/** An endpoint of the matrix in answers. */
export interface MatrixEndpoint extends EndpointIdentity {
  /** How many pods it stands for; absent for nodes and external addresses. */
  readonly pods?: number;
  /** The ids of those pods. */
  readonly members?: readonly string[];
}

/** The addresses of an endpoint that are of one unit and family. Of external addresses `count` are the ranges, and there are no examples. */
export interface Use extends Summary {
  readonly unit: Unit;
  readonly family: Family;
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
  /** The pods that it stands for, with their ends. */
  readonly located: readonly Located[];
  /** Of an external endpoint. */
  readonly addresses: AddressSet | undefined;
  readonly #cohorts: readonly Cohort[];
  readonly #describe: () => MatrixEndpoint;
  #answer: MatrixEndpoint | undefined;

  constructor(
    id: string,
    uses: readonly Use[],
    describe: () => MatrixEndpoint,
    { located = [], cohorts = [], addresses }: Partial<EndpointPods> & { readonly addresses?: AddressSet } = {},
  ) {
    this.id = id;
    this.uses = uses;
    const seen = uses.map(({ unit, family }) => `${family}:${unit.id}`);
    this.likeness = seen.length === 1 ? seen[0]! : seen.sort().join();
    this.isPoliced = uses.some(({ unit }) => unit.profile !== undefined);
    this.located = located;
    this.#cohorts = cohorts;
    this.addresses = addresses;
    this.#describe = describe;
  }

  /** All nodes whose addresses it has. */
  get at(): ReadonlySet<string> {
    return this.uses.every(({ at }) => at.size === 0) ? nowhere : new Set(this.uses.flatMap(({ at }) => [...at].flat()));
  }

  /** All nodes that its policed pods run on. */
  get on(): ReadonlySet<string> {
    return this.uses.length === 1 ? this.uses[0]!.on : new Set(this.uses.flatMap(({ on }) => [...on]));
  }

  /** It does not exist, but could. */
  get isPotential(): boolean {
    return this.located[0]?.pod.potential !== undefined;
  }

  /** Whether some of its pods are of one of the classes, by their keys. */
  isOf(classes: ReadonlySet<string>): boolean {
    return this.#cohorts.some(({ of }) => typeof of !== 'string' && classes.has(of.key));
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

const nowhere: ReadonlySet<string> = new Set();

/** A bare pod with the units of its ends. */
interface Bare extends EndpointPods {
  readonly first: Located;
  readonly units: readonly Unit[];
}

/** Finds all units of a cluster, then makes its endpoints. */
export class MatrixEndpoints {
  readonly #units: Units;
  readonly #pods: LocatedPods;
  readonly #nodes: readonly MatrixEntry[];
  readonly #workloads: readonly MatrixEntry[];
  readonly #bare: readonly Bare[];
  /** Of bare pods like which there are no others. */
  readonly #single = new Map<EndpointPods, MatrixEntry>();

  constructor(model: PolicyModel, units: Units, pods: LocatedPods) {
    this.#units = units;
    this.#pods = pods;
    for (const podClass of model.classes.values()) units.profileOf(podClass);
    this.#nodes = pods.nodes.map((node) => this.#nodeEntry(node));
    this.#workloads = pods.workloads.map((each) => this.#podsEntry(each));
    this.#bare = pods.bare.map((each) => {
      const [first] = each.located as [Located];
      return { ...each, first, units: first.ends.map((end) => this.#unitOf(end)) };
    });
  }

  /** Of pods without a workload, by id: equal for those of a namespace that are alike, of one class with addresses in the same blocks. */
  likeness(): Map<string, number> {
    const numbers = new Map<unknown, number>();
    const numberOf = (value: unknown): number => {
      const number = numbers.get(value) ?? numbers.size;
      numbers.set(value, number);
      return number;
    };
    return new Map(
      this.#bare.map(({ first: { id, pod, ends }, units }) => {
        const { owner } = ends[0]!.party;
        const who = numberOf(owner.kind === 'Pod' ? owner.class : `${pod.namespace} ${labelsKey(pod.labels)}`);
        return [id, numberOf(`${who} ${ends.map(({ party }, end) => `${party.ip.family}:${units[end]!.id}`).join()}`)];
      }),
    );
  }

  /** Workloads, potential pods, and bare pods whose likeness is the same. By id. */
  pods(likeness: ReadonlyMap<string, unknown>): MatrixEntry[] {
    const alike = Map.groupBy(this.#bare, ({ first: { id } }) => likeness.get(id) ?? id);
    return [...this.#workloads, ...Array.from(alike.values(), (bare) => this.#bareEntry(bare))].sort(byId);
  }

  #bareEntry(bare: readonly Bare[]): MatrixEntry {
    const [first, ...others] = bare as [Bare, ...Bare[]];
    if (others.length > 0) return this.#podsEntry(endpointPods(bare.flatMap(({ located }) => located)));
    const entry = this.#single.get(first) ?? this.#podsEntry(first);
    this.#single.set(first, entry);
    return entry;
  }

  /** Nodes with addresses, by name. A hostNetwork pod that is not policed is its node. */
  nodes(): readonly MatrixEntry[] {
    return this.#nodes;
  }

  /** The same with the addresses of a node that has several of a family one by one, by their texts: policy may tell them apart. */
  nodeAddresses(): readonly MatrixEntry[] {
    return this.#pods.nodes.flatMap(({ name, cohorts }, place) => {
      const ends = cohorts.flatMap((cohort) => cohort.ends);
      const isSingle = families.every((family) => ends.filter(({ party }) => party.ip.family === family).length < 2);
      if (isSingle) return [this.#nodes[place]!];
      return ends.map((end) => this.#nodeEntry({ name, cohorts: cohortsOf([end]) }, end.party.address));
    });
  }

  /** The units of addresses that no pod or node has, with their ranges, in the families that pods have which policy knows, and others. */
  strangers(others: ReadonlySet<Family> = new Set()): Stranger[] {
    return families
      .filter((family) => this.#pods.policed.has(family) || others.has(family))
      .flatMap((family) => {
        const isFull = fullness(this.#pods.owned[family]);
        return this.#units.blocks
          .atomsOf(family)
          .filter(({ range }) => !isFull(range) && !(family === 6 && isMappedRange(...range)))
          .map(({ range, signature }) => ({ unit: this.#units.unitOf('External', signature), family, range }));
      });
  }

  #nodeEntry({ name, cohorts }: LocatedNode, id = `node:${name}`): MatrixEntry {
    return new MatrixEntry(id, this.#usesOf(cohorts), () => ({ id, kind: 'Node', name }));
  }

  #podsEntry(pods: EndpointPods): MatrixEntry {
    return podsEntry(pods, this.#usesOf(pods.cohorts));
  }

  /** The entry's pods in several entries: together those with the same key. */
  parts(entry: MatrixEntry, keyOf: (located: Located) => string): Map<string, MatrixEntry> {
    const groups = Map.groupBy(entry.located, keyOf);
    return new Map(Array.from(groups, ([key, located]) => [key, this.#podsEntry(endpointPods(located))]));
  }

  /** What policy sees of a pod: equal for pods that no rule tells apart. */
  unitsText({ ends }: Located): string {
    return ends.map((end) => `${end.party.ip.family}:${this.#unitOf(end).id}`).join();
  }

  #usesOf(cohorts: readonly Cohort[]): Use[] {
    const uses: Use[] = [];
    for (const cohort of cohorts)
      for (const [unit, summary] of this.#unitsOf(cohort)) {
        const { family } = cohort;
        const place = uses.findIndex((use) => use.unit === unit && use.family === family);
        if (place < 0) uses.push({ unit, family, ...summary });
        else uses[place] = { unit, family, ...joinSummaries(uses[place]!, summary) };
      }
    return uses;
  }

  /** The units of a cohort. Pods of a workload have addresses in a row, between which blocks seldom end. */
  #unitsOf({ of, family, range, ends, summary }: Cohort): Iterable<readonly [Unit, Summary]> {
    const signature = this.#units.blocks.signatureOfAll(family, range);
    if (signature !== undefined) return [[this.#units.unitOf(of, signature), summary]];
    return Array.from(
      Map.groupBy(ends, (end) => this.#unitOf(end)),
      ([unit, some]) => [unit, summarize(some)] as const,
    );
  }

  #unitOf({ party: { owner, ip } }: End): Unit {
    return this.#units.unitOf(owner.kind === 'Pod' ? owner.class : owner.kind, this.#units.blocks.signatureOf(ip));
  }
}

/** Addresses in a row that nobody has but, perhaps, for some of them, and that the same blocks hold. */
export interface Stranger {
  readonly unit: Unit;
  readonly family: Family;
  readonly range: Interval<bigint>;
}

/** Says whether every address of a range is among the given ones, which ascend. */
function fullness(sorted: readonly bigint[]): (range: Interval<bigint>) => boolean {
  return ([first, last]) => {
    if (last - first >= BigInt(sorted.length)) return false;
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
  const uses = [...Map.groupBy(parts, ({ unit, family }) => `${family} ${unit.id}`).values()].map(
    (alike): Use => ({ unit: alike[0]!.unit, family: alike[0]!.family, count: alike.length, ...outside }),
  );
  const addresses = uniteAllAddresses(
    families.map((family) =>
      addressRanges(
        family,
        parts.filter((part) => part.family === family).map(({ range }) => range),
      ),
    ),
  );
  const ranges = formatRanges(addresses);
  const id = ranges.join();
  return new MatrixEntry(id, uses, () => ({ id, kind: 'External', ranges }), { addresses });
}

/** Of addresses that have nothing to do with pods and nodes. */
const outside: Omit<Summary, 'count'> = { at: new Set(), isAllAt: false, on: new Set(), examples: [] };

/** The endpoint of a workload, or of bare pods that are alike and go by the name of the first of them. */
function podsEntry(whole: EndpointPods, uses: readonly Use[]): MatrixEntry {
  const pods = whole.located.map(({ pod }) => pod);
  const owner = workloadOf(pods[0]!);
  if (owner !== undefined) {
    const { namespace } = pods[0]!;
    const id = `${namespace}/${owner.kind}/${owner.name}`;
    const identity = { id, kind: 'Workload' as const, namespace, name: owner.name, workloadKind: owner.kind };
    return new MatrixEntry(id, uses, () => ({ ...identity, ...membersOf(pods) }), whole);
  }
  const first = pods.reduce((least, pod) => (pod.name < least.name ? pod : least));
  if (first.potential !== undefined) return new MatrixEntry(first.potential, uses, () => podIdentity(first), whole);
  const address = pods.length === 1 && { ip: first.addresses[0]! };
  return new MatrixEntry(podId(first), uses, () => ({ ...podIdentity(first), ...address, ...membersOf(pods) }), whole);
}

const membersOf = (pods: readonly Pod[]) => ({ pods: pods.length, members: [...pods].sort(byName).map(podId) });

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);
const byId = (a: MatrixEntry, b: MatrixEntry): number => (a.id < b.id ? -1 : 1);
