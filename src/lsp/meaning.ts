import { type Direction, type Pod, type PortMatch, qualifiedName, type Service, workloadOf } from '#core/api/types.ts';
import { podsOf } from '#core/cluster/cluster.ts';
import { equalLabels, matches } from '#core/label/selector.ts';
import type { CompiledPeer, CompiledPolicy, CompiledRule, PodSet } from '#core/policy/model.ts';
import type { Analysis } from '#core/verdict/analysis.ts';
import type { Field } from './field.ts';

/** What a field of a manifest means in the cluster as it is now. */
export type Meaning =
  | { readonly kind: 'policy'; readonly policy: CompiledPolicy }
  | { readonly kind: 'subjects'; readonly policy: CompiledPolicy }
  | { readonly kind: 'rule'; readonly rule: CompiledRule }
  | { readonly kind: 'peer'; readonly rule: CompiledRule; readonly peer: CompiledPeer }
  | { readonly kind: 'port'; readonly rule: CompiledRule; readonly port: PortMatch }
  | { readonly kind: 'service'; readonly service: Service; readonly pods: readonly Pod[] }
  | { readonly kind: 'workload'; readonly title: string; readonly pods: readonly Pod[] };

/** The object that a field belongs to, as it is named. */
export interface Named {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Reads whose field it is; of an object that is being written whatever is there already. */
export function namedBy({ object }: Field): Named | undefined {
  if (typeof object !== 'object' || object === null) return undefined;
  const { kind, metadata } = object as { readonly kind?: unknown; readonly metadata?: { name?: unknown; namespace?: unknown } | null };
  if (typeof kind !== 'string') return undefined;
  const { name, namespace } = metadata ?? {};
  return { kind, name: typeof name === 'string' ? name : '', namespace: typeof namespace === 'string' ? namespace : 'default' };
}

/** What a field means; undefined for one that decides nothing, and for objects that are faulty. */
export function meaningOf(analysis: Analysis, field: Field): Meaning | undefined {
  const named = namedBy(field);
  if (named === undefined) return undefined;
  const { kind, namespace, name } = named;
  if (kind === 'NetworkPolicy' || kind === 'ClusterNetworkPolicy') {
    const policy = analysis.model.policies.get(kind === 'NetworkPolicy' ? qualifiedName(named) : name);
    return policy && inPolicy(policy, field);
  }
  const content = analysis.cluster.namespaces.get(namespace);
  if (content === undefined) return undefined;
  if (kind === 'Service') {
    const service = content.services.get(name);
    return service && { kind: 'service', service, pods: podsBehind(analysis, service) };
  }
  // Below its template a workload says what its pods are, and above what it is called.
  const pods = [...content.pods.values()].filter((pod) => (kind === 'Pod' ? pod.name === name : isOwned(pod, named)));
  return pods.length === 0 ? undefined : { kind: 'workload', title: `${kind} ${namespace}/${name}`, pods };
}

const isOwned = (pod: Pod, { kind, name }: Named): boolean => {
  const owner = workloadOf(pod);
  return owner?.kind === kind && owner.name === name;
};

function podsBehind({ cluster }: Analysis, { namespace, selector: labels }: Service): readonly Pod[] {
  if (labels === undefined) return [];
  const wanted = equalLabels(labels);
  return [...(cluster.namespaces.get(namespace)?.pods.values() ?? [])].filter((pod) => matches(wanted, pod.labels));
}

function inPolicy(policy: CompiledPolicy, { path }: Field): Meaning {
  const [spec, part, index, list, item] = path;
  if (spec !== 'spec' || part === undefined) return { kind: 'policy', policy };
  if (part === 'podSelector' || part === 'subject') return { kind: 'subjects', policy };
  const rule = part === 'ingress' || part === 'egress' ? policy[part as Direction]?.[Number(index ?? -1)] : undefined;
  if (rule === undefined) return { kind: 'policy', policy };
  if (typeof item !== 'number') return { kind: 'rule', rule };
  const peer = list === 'from' || list === 'to' ? rule.peers?.[item] : undefined;
  if (peer !== undefined) return { kind: 'peer', rule, peer };
  const port = list === 'ports' ? rule.ports?.[item] : undefined;
  return port === undefined ? { kind: 'rule', rule } : { kind: 'port', rule, port };
}

/** The pods of a set. */
export const podsIn = ({ classes }: PodSet): Pod[] => [...classes].flatMap(({ members }) => [...members.values()]);

/** The pods that a field leads to. */
export function podsOfMeaning(meaning: Meaning): readonly Pod[] {
  switch (meaning.kind) {
    case 'policy':
    case 'subjects':
      return podsIn(meaning.policy.subjects);
    case 'peer':
      return meaning.peer.kind === 'pods' ? podsIn(meaning.peer.set) : [];
    case 'rule':
    case 'port':
      return [];
    case 'service':
    case 'workload':
      return meaning.pods;
  }
}

/** The pods at which a rule's ports are asked for: those of its policy, or of its peers. */
export function destinationsOf(analysis: Analysis, { policy, direction, peers }: CompiledRule): readonly Pod[] {
  if (direction === 'ingress') return podsIn(policy.subjects);
  if (peers === undefined) return [...podsOf(analysis.cluster)];
  return peers.flatMap((peer) => (peer.kind === 'pods' ? podsIn(peer.set) : []));
}
