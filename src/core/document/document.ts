import type { Direction } from '../api/types.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { anyPod, homesOf, type PotentialName, potentialId, potentialPeers, potentialSubjects } from '../cluster/potential-pods.ts';
import { type Connectivity, connectivityOf } from '../connectivity/connectivity.ts';
import { ConnectivityIndex } from '../connectivity/connectivity-index.ts';
import { type Dependence, dependencesOf } from '../connectivity/dependence.ts';
import type { Progress } from '../connectivity/difference.ts';
import type { MatrixEndpoint } from '../connectivity/endpoints.ts';
import type { CoverageReport } from '../expect/coverage.ts';
import { everything, matches } from '../label/selector.ts';
import { inOrderOfEvaluation } from '../policy/model.ts';
import type { Analysis } from '../verdict/analysis.ts';
import type { Descriptions } from './descriptions.ts';
import { PolicyWriter } from './document-policy.ts';
import { WorkloadWriter } from './document-workload.ts';
import type { Documentation, NamespaceDocument, TestsDocument } from './documentation.ts';
import { namesIn } from './meaning.ts';
import { Talks } from './talks.ts';

/** What tests have shown. */
export interface Tested extends Pick<TestsDocument, 'passed' | 'failing'> {
  readonly coverage: CoverageReport;
}

/** What else is known of a set of policies. */
export interface DocumentOptions {
  readonly descriptions: Descriptions;
  /** What tests say, where there are any. */
  readonly tested?: Tested;
  /** Only these namespaces, unless empty; everybody counts nevertheless. */
  readonly namespaces?: readonly string[];
  /** Makes the walk over all connections tell how far it has come. */
  readonly follow?: (connectivity: Connectivity) => Connectivity;
  /** Told before each namespace, for whoever shows how far the work has come. */
  readonly onNamespace?: Progress;
}

/**
 * Documents the policies of a cluster: who may talk to whom in each namespace and why, and what each policy says. Policies and rules that select
 * nobody are documented by the pods that they would select, so that policies without any pods say what they would do.
 */
export function documentationOf(
  analysis: Analysis,
  { descriptions, tested, namespaces = [], follow = (each) => each, onNamespace }: DocumentOptions,
): Documentation {
  const { cluster, model } = analysis;
  const scene = new Scene(analysis);
  const { endpoints } = scene;
  const isAsked = (name: string): boolean => namespaces.length === 0 || namespaces.includes(name);
  const asked = endpoints.filter((endpoint) => isAsked(scene.homeOf(endpoint) ?? ''));
  const homes = Map.groupBy(asked, (endpoint) => scene.homeOf(endpoint));
  const ids = new Set(asked.flatMap((endpoint) => (scene.homeOf(endpoint) === undefined ? [] : [endpoint.id])));
  const talks = new Talks(follow(scene.connectivity(ids)).reach, (id) => ids.has(id));
  const workloads = new WorkloadWriter(scene.analysis, descriptions, talks);
  const policies = new PolicyWriter(model, descriptions, tested?.coverage.uncovered, endpoints);
  const namespaceOf = (name: string, index: number): NamespaceDocument[] => {
    onNamespace?.(index, cluster.namespaces.size);
    const { namespace, policies: own } = cluster.namespaces.get(name)!;
    const within = homes.get(name) ?? [];
    if (!isAsked(name) || within.length + own.size === 0) return [];
    return [
      {
        name,
        description: namespace === undefined ? {} : descriptions.of(namespace),
        workloads: within.map((endpoint) => workloads.document(endpoint)),
        policies: [...own.keys()].sort().map((policy) => policies.document(own.get(policy)!)),
      },
    ];
  };
  const clusterPolicies = [...model.policies.values()].filter(({ tier }) => tier !== 'NetworkPolicy').sort(inOrderOfEvaluation);
  return {
    namespaces: [...cluster.namespaces.keys()].sort().flatMap(namespaceOf),
    clusterPolicies: clusterPolicies.map(({ name }) => policies.document(cluster.clusterPolicies.get(name)!)),
    everyone: endpoints,
    connectivity: () => scene.drawable(asked),
    ...(tested && { tests: testsOf(tested) }),
    choices: scene.choices(asked),
  };
}

const testsOf = ({ passed, failing, coverage: { covered, total } }: Tested): TestsDocument => ({ passed, failing, covered, total });

/** The cluster with the pods that policies speak of and that do not exist. */
class Scene {
  readonly analysis: Analysis;
  /** Everybody. */
  readonly endpoints: readonly MatrixEndpoint[];
  readonly #index: ConnectivityIndex;
  /** The namespaces of pods that policies are about and that do not exist, by their ids. */
  readonly #subjects: ReadonlyMap<string, string>;

  constructor(analysis: Analysis) {
    const { cluster } = analysis;
    const missing = subjectsOf(cluster).filter((name) => typeof name.namespace === 'string' && !isAnybody(cluster, name));
    const peers = potentialPeers([cluster])
      .map(byNamespace)
      .filter((name) => name === anyPod || !isAnybody(cluster, name));
    this.#subjects = new Map(missing.map((name) => [potentialId(name), name.namespace as string]));
    this.analysis = analysis.withPotential([...peers, ...missing]);
    this.#index = ConnectivityIndex.of(this.analysis);
    this.endpoints = this.#index.entries().map(({ answer }) => answer);
  }

  /** The namespace on whose page an endpoint is. */
  homeOf({ id, namespace }: MatrixEndpoint): string | undefined {
    return namespace ?? this.#subjects.get(id);
  }

  /** The connections of which one of these is an end. */
  connectivity(ids: ReadonlySet<string>, direction?: Direction): Connectivity {
    return connectivityOf(this.analysis, {
      index: this.#index,
      isShown: ({ id }) => ids.has(id),
      isAmongPotential: this.#subjects.size > 0,
      ...(direction && { direction }),
    });
  }

  /** The same without pods that do not exist, unless these are all there is. */
  drawable(endpoints: readonly MatrixEndpoint[]): Connectivity {
    const counted = this.#counted(endpoints);
    const found = this.connectivity(counted.ids);
    return counted.areReal ? withoutPotential(found) : found;
  }

  /** What of the same connections depends on the network plugin. */
  choices(endpoints: readonly MatrixEndpoint[]): readonly Dependence[] {
    const { ids, areReal } = this.#counted(endpoints);
    const { choices } = dependencesOf(this.analysis, {
      index: this.#index,
      endpoints: this.endpoints,
      isShown: ({ id }) => ids.has(id),
      ...(areReal && { isWanted: (...ends) => ends.every(({ kind }) => kind !== 'Potential') }),
    });
    return choices.filter(({ choice }) => choice !== 'own-node-egress');
  }

  /** The ids of those who have pages, and exist if any does. */
  #counted(endpoints: readonly MatrixEndpoint[]): { readonly ids: ReadonlySet<string>; readonly areReal: boolean } {
    const homely = endpoints.filter((endpoint) => this.homeOf(endpoint) !== undefined);
    const real = homely.filter(({ kind }) => kind !== 'Potential');
    return { ids: new Set((real.length === 0 ? homely : real).map(({ id }) => id)), areReal: real.length > 0 };
  }
}

/** The pods that policies are about, and all others of a namespace that has policies. */
function subjectsOf(cluster: Cluster): PotentialName[] {
  const others = [...cluster.namespaces].flatMap(([namespace, { policies }]) =>
    policies.size > 0 ? [{ namespace, pods: everything }] : [],
  );
  const names = [...potentialSubjects([cluster]), ...others];
  return [...new Map(names.map((name) => [potentialId(name), name])).values()];
}

/** Pods of a namespace that is selected by its name are pods of that namespace. */
function byNamespace(name: PotentialName): PotentialName {
  const names = typeof name.namespace === 'string' ? undefined : namesIn(name.namespace);
  return names?.length === 1 ? { ...name, namespace: names[0]! } : name;
}

/** Whether a pod exists that the name means. */
const isAnybody = (cluster: Cluster, name: PotentialName): boolean =>
  homesOf(cluster, name).some((home) => [...home.pods.values()].some((pod) => matches(name.pods, pod.labels)));

function withoutPotential(found: Connectivity): Connectivity {
  const endpoints = found.endpoints.filter(({ kind }) => kind !== 'Potential');
  const known = new Set(endpoints.map(({ id }) => id));
  return {
    ...found,
    endpoints,
    connections: {
      *[Symbol.iterator]() {
        for (const each of found.connections) if (known.has(each.from) && known.has(each.to)) yield each;
      },
    },
    reach: {
      *[Symbol.iterator]() {
        for (const { from, to, said } of found.reach) if (known.has(from)) yield { from, to: to.filter((id) => known.has(id)), said };
      },
    },
  };
}
