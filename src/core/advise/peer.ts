import { namespaceNameLabel } from '../api/namespace.ts';
import { type Pod, workloadOf } from '../api/types.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Labels } from '../label/selector.ts';
import { type AddressSet, addressesOf, addressRanges, formatCidrs, subtractAddresses } from '../net/address-set.ts';
import { formatCidr } from '../net/cidr.ts';
import type { Interval } from '../net/interval.ts';
import type { Endpoint } from '../verdict/endpoint.ts';
import type { Party } from '../verdict/party.ts';

/** Labels that controllers give and take: they name one roll-out, one pod or one place. */
const unstable: ReadonlySet<string> = new Set([
  'pod-template-hash',
  'controller-revision-hash',
  'pod-template-generation',
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
  'job-name',
  'controller-uid',
  'batch.kubernetes.io/job-name',
  'batch.kubernetes.io/controller-uid',
  'batch.kubernetes.io/job-completion-index',
]);

/** Labels that say what a pod is, not which roll-out or place it is of. */
export const stableLabels = (labels: Labels): Labels => Object.fromEntries(Object.entries(labels).filter(([key]) => !unstable.has(key)));

/** Labels that say what a pod is, the ones that people select by first. */
const telling: readonly string[] = [
  'app.kubernetes.io/name',
  'app',
  'k8s-app',
  'name',
  'app.kubernetes.io/component',
  'component',
  'role',
  'tier',
];

/** Labels that select the pods of a workload and, as far as labels can, nobody else of their namespace; as few as it takes. */
export function labelsOf(cluster: Cluster, pods: readonly Pod[]): Labels {
  const [first, ...others] = pods;
  // A pod that only could exist has the labels that somebody asked about.
  if (first!.potential !== undefined) return first!.labels;
  const common = Object.entries(first!.labels).filter(
    ([key, value]) => !unstable.has(key) && others.every(({ labels }) => labels[key] === value),
  );
  const rank = (key: string): number => (telling.includes(key) ? telling.indexOf(key) : telling.length);
  const sorted = common.sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const meant = new Set(pods);
  let rest = [...(cluster.namespaces.get(first!.namespace)?.pods.values() ?? [])].filter((pod) => !meant.has(pod));
  const chosen: Record<string, string> = {};
  for (const [key, value] of sorted) {
    const left = rest.filter(({ labels }) => labels[key] === value);
    // A label that rules nobody out says nothing, unless it is the only one.
    if (Object.keys(chosen).length > 0 && left.length === rest.length) continue;
    chosen[key] = value;
    rest = left;
    if (rest.length === 0) break;
  }
  return chosen;
}

/** All pods of the workload that the pod belongs to; itself, if it belongs to none. */
export function kinOf(cluster: Cluster, pod: Pod): readonly Pod[] {
  const owner = workloadOf(pod);
  if (owner === undefined) return [pod];
  const pods = [...(cluster.namespaces.get(pod.namespace)?.pods.values() ?? [])];
  return pods.filter((other) => workloadOf(other)?.kind === owner.kind && workloadOf(other)?.name === owner.name);
}

/** Peers that match the party and whoever else the one who asked means by its endpoint, as a policy in the namespace writes them. */
export function peersOf(cluster: Cluster, party: Party, { members }: Endpoint, namespace: string): object[] {
  const { owner, ip, address } = party;
  if (owner.kind === 'External' && members.kind === 'space') return blocksOf(addressRanges(ip.family, members.addresses[ip.family]));
  if (owner.kind !== 'Pod' || owner.pod.hostNetwork) return [{ ipBlock: { cidr: `${address}/${ip.family === 4 ? 32 : 128}` } }];
  const podSelector = { podSelector: selectorOf(labelsOf(cluster, kinOf(cluster, owner.pod))) };
  if (owner.pod.namespace === namespace) return [podSelector];
  return [{ namespaceSelector: selectorOf(namespaceLabels(cluster, owner.pod)), ...podSelector }];
}

/** A selector of these labels, as a manifest writes it. */
export const selectorOf = (labels: Labels): object => (Object.keys(labels).length === 0 ? {} : { matchLabels: labels });

/** Whether the pod's namespace only could exist, so that no policy can be in it. */
export const isInPotentialNamespace = ({ potential }: Pod): boolean => potential?.startsWith('{') ?? false;

/** The label that every namespace has; of a namespace that only could exist, the labels that somebody asked about. */
function namespaceLabels(cluster: Cluster, pod: Pod): Labels {
  if (!isInPotentialNamespace(pod)) return { [namespaceNameLabel]: pod.namespace };
  const { [namespaceNameLabel]: _, ...labels } = cluster.namespaces.get(pod.namespace)?.namespace?.labels ?? {};
  return labels;
}

/** The addresses of one family as blocks: one block with exceptions, or one for each part, whichever takes fewer CIDRs. */
export function blocksOf(addresses: AddressSet): object[] {
  const parts = formatCidrs(addresses);
  const { cidr, whole } = enclosing(addresses);
  const except = formatCidrs(subtractAddresses(whole, addresses));
  if (except.length + 1 > parts.length) return parts.map((part) => ({ ipBlock: { cidr: part } }));
  return [{ ipBlock: { cidr, ...(except.length > 0 && { except }) } }];
}

/** The smallest CIDR that holds the addresses of one family, at least one. */
function enclosing(addresses: AddressSet): { readonly cidr: string; readonly whole: AddressSet } {
  const family = addresses[4].length > 0 ? 4 : 6;
  const [[first]] = addresses[family] as [Interval<bigint>];
  const [, last] = addresses[family].at(-1)!;
  const width = family === 4 ? 32 : 128;
  const prefix = width - (first ^ last).toString(2).padStart(width, '0').replace(/^0*/, '').length;
  const free = BigInt(width - prefix);
  const cidr = { family, base: (first >> free) << free, prefix } as const;
  return { cidr: formatCidr(cidr), whole: addressesOf([cidr]) };
}
