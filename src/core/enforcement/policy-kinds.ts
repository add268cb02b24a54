import { isEnforced } from './engines.ts';
import { type Hindrance, type Opinion, problem, warning } from './examination.ts';
import type { PolicyKind, Workload } from './surroundings.ts';

/** The group of the cluster-wide policies of Kubernetes. */
const networkPolicyApi = 'policy.networking.k8s.io';

/** Whether a kind says which connections may be, and is none that Sallyport enforces. Those that are only staged are enforced by nobody, as is meant. */
export const isForeignPolicy = (group: string, name: string): boolean =>
  /(network-?policies|egressfirewalls)$/.test(name) &&
  !name.startsWith('staged') &&
  group !== 'networking.k8s.io' &&
  !(group === networkPolicyApi && name === 'clusternetworkpolicies');

/** Whether an API group may have such kinds. Those of Kubernetes itself have none, and what extends them (`metrics.k8s.io`) is often away. */
export const mayHavePolicies = (group: string): boolean =>
  group === networkPolicyApi || (group.includes('.') && !group.endsWith('.k8s.io'));

/** What policies of other kinds say is for others to enforce: whether there is anybody who does. */
export function foreignPolicies(kinds: readonly PolicyKind[], workloads: readonly Workload[]): Opinion {
  const used = kinds.filter(({ objects }) => objects > 0);
  const counts = used.map(({ kind, group, objects }) => `${objects} ${kind} (${group})`);
  return {
    summary: used.length === 0 ? 'none of kinds that Sallyport does not enforce' : counts.join(', '),
    hindrances: used.flatMap((kind) => hindranceOf(kind, workloads)),
  };
}

function hindranceOf({ group, kind, name, objects }: PolicyKind, workloads: readonly Workload[]): Hindrance[] {
  const what = `${objects} object${objects === 1 ? '' : 's'} of kind ${kind} (${group})`;
  const list = `kubectl get ${name}.${group} -A lists them`;
  if (group === networkPolicyApi)
    return [problem(`${what}: Sallyport does not enforce them`, `write them as ClusterNetworkPolicy, which it enforces; ${list}`)];
  if (isEnforced(group, workloads)) return [];
  const message = `${what}: nobody is seen who enforces them`;
  return [isKnown(group) ? problem(message, `write them as NetworkPolicy or ClusterNetworkPolicy; ${list}`) : warning(message, list)];
}

/** Groups whose engines would have been seen. */
const isKnown = (group: string): boolean =>
  ['crd.projectcalico.org', 'projectcalico.org', 'cilium.io', 'crd.antrea.io', 'k8s.ovn.org'].includes(group);
