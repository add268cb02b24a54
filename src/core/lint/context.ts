import type { ContainerPort, Direction, Pod, PortMatch, Service } from '../api/types.ts';
import { qualifiedName, workloadOf } from '../api/types.ts';
import { type NamespaceContent, namespaceLabels } from '../cluster/cluster.ts';
import { type Labels, labelsKey, matches, type Selector } from '../label/selector.ts';
import type { PodClass } from '../policy/model.ts';
import type { Analysis } from '../verdict/analysis.ts';
import {
  type BlockPeer,
  blocksIn,
  type Item,
  LintedPolicy,
  type LintedRule,
  type PodPeerItem,
  podPeersIn,
  portsIn,
} from './linted-policy.ts';
import { Originals } from './originals.ts';

/** Pods that are alike, or that a workload would make: what selectors are held against. */
export interface Carrier {
  readonly namespace: string;
  readonly labels: Labels;
  readonly ports: readonly ContainerPort[];
  readonly hostNetwork: boolean;
  /** `Deployment shop/web`, `Pod shop/client`. */
  readonly title: string;
}

/** A namespace that is known, by an object of its own or because another names it. */
export interface KnownNamespace {
  readonly name: string;
  readonly labels: Labels;
  readonly isObject: boolean;
  readonly content: NamespaceContent;
}

/** What is known of an input beside what it holds. */
export interface LintScope {
  /** All of a cluster is there, so what is missing does not exist. */
  readonly isComplete?: boolean;
  /** A namespace was given for objects that name none. */
  readonly hasDefaultNamespace?: boolean;
  /** Only these NetworkPolicies are asked about, by `namespace/name`: of the others nothing is said, and it is quicker. */
  readonly about?: ReadonlySet<string>;
}

/** Namespaces that belong to the cluster itself. */
export const systemNamespaces: ReadonlySet<string> = new Set(['kube-system', 'kube-public', 'kube-node-lease']);

/** What rules look at: the cluster with its policies as they are written. What costs something is worked out when it is first asked for. */
export class LintContext {
  readonly analysis: Analysis;
  readonly originals: Originals;
  /** All of a cluster is there, so what is missing does not exist. Of files nobody knows. */
  readonly isComplete: boolean;
  /** A namespace was given for objects that name none. */
  readonly hasDefaultNamespace: boolean;
  readonly policies: readonly LintedPolicy[];
  /** Those that rules speak of: all, unless a part was asked for. The others are there to compare with. */
  readonly asked: readonly LintedPolicy[];
  readonly namespaces: readonly KnownNamespace[];
  readonly #carriers = new Map<string, readonly Carrier[]>();
  readonly #kept = new Map<string, unknown>();

  constructor(
    analysis: Analysis,
    originals: Originals = new Originals(),
    { isComplete = false, hasDefaultNamespace = false, about }: LintScope = {},
  ) {
    this.analysis = analysis;
    this.originals = originals;
    this.isComplete = isComplete;
    this.hasDefaultNamespace = hasDefaultNamespace;
    this.namespaces = [...analysis.cluster.namespaces].map(([name, content]) => ({
      name,
      labels: namespaceLabels(name, content),
      isObject: content.namespace !== undefined,
      content,
    }));
    this.policies = this.namespaces.flatMap(({ content }) =>
      [...content.policies.values()].map((policy) => {
        const title = qualifiedName(policy);
        return new LintedPolicy(policy, analysis.model.policies.get(title)!, originals.policies.get(title));
      }),
    );
    this.asked = about === undefined ? this.policies : this.policies.filter(({ compiled }) => about.has(compiled.name));
  }

  /** The rules that count of the NetworkPolicies asked about, of both directions or of one; and their items. */
  rules(direction?: Direction): readonly LintedRule[] {
    return this.keep(`rules ${direction}`, () => this.asked.flatMap((policy) => policy.rules(direction)));
  }

  blocks(direction?: Direction): readonly Item<BlockPeer>[] {
    return this.keep(`blocks ${direction}`, () => this.rules(direction).flatMap(blocksIn));
  }

  podPeers(direction?: Direction): readonly PodPeerItem[] {
    return this.keep(`pod-peers ${direction}`, () => this.rules(direction).flatMap(podPeersIn));
  }

  ports(direction?: Direction): readonly Item<PortMatch>[] {
    return this.keep(`ports ${direction}`, () => this.rules(direction).flatMap(portsIn));
  }

  /** All Services. */
  get services(): readonly Service[] {
    return this.keep('services', () => this.namespaces.flatMap(({ content }) => [...content.services.values()]));
  }

  /** What carries labels in a namespace, pods that are alike once; also what workloads without pods would make. */
  carriers(namespace: string): readonly Carrier[] {
    let carriers = this.#carriers.get(namespace);
    if (carriers === undefined) {
      const pods = [...(this.analysis.cluster.namespaces.get(namespace)?.pods.values() ?? [])].map(carrierOf);
      const templates = this.originals.workloads.filter((workload) => workload.namespace === namespace && workload.count === 0);
      const made = templates.map(({ labels, ports, hostNetwork, kind, name }) => ({
        namespace,
        labels,
        ports,
        hostNetwork,
        title: `${kind} ${namespace}/${name}`,
      }));
      carriers = [...new Map([...pods, ...made].map((carrier) => [keyOf(carrier), carrier])).values()];
      this.#carriers.set(namespace, carriers);
    }
    return carriers;
  }

  /** The known namespaces that a selector selects. */
  namespacesBy(selector: Selector): readonly KnownNamespace[] {
    return this.keep(`namespaces ${selector.key}`, () => this.namespaces.filter(({ labels }) => matches(selector, labels)));
  }

  /** The namespaces that a peer speaks of: its own policy's, or those that it selects. */
  namespacesOf(home: string, selector: Selector | undefined): readonly string[] {
    return selector === undefined ? [home] : this.namespacesBy(selector).map(({ name }) => name);
  }

  /** Works something out once. */
  keep<T>(key: string, make: () => T): T {
    if (!this.#kept.has(key)) this.#kept.set(key, make());
    return this.#kept.get(key) as T;
  }
}

const carrierOf = (pod: Pod): Carrier => ({
  namespace: pod.namespace,
  labels: pod.labels,
  ports: pod.ports,
  hostNetwork: pod.hostNetwork,
  title: titleOf(pod),
});

const keyOf = ({ labels, ports, hostNetwork, title }: Carrier): string =>
  `${labelsKey(labels)} ${hostNetwork} ${title} ${ports.map(({ name, protocol, port }) => `${name}/${protocol}/${port}`).join()}`;

/** The workload that a pod belongs to, or the pod: `Deployment shop/web`. */
export function titleOf(pod: Pod): string {
  const { kind, name } = workloadOf(pod) ?? pod;
  return `${kind} ${pod.namespace}/${name}`;
}

/** The same of a class of pods, by its first member. */
export function titleOfClass({ members }: PodClass): string {
  const [pod] = members.values();
  return titleOf(pod!);
}
