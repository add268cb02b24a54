import { checkLabel, checkLabelValue, checkQualifiedName } from '../api/names.ts';
import { namespaceNameLabel } from '../api/namespace.ts';
import type { ClusterNetworkPolicy, Namespace, NetworkPolicy, Pod } from '../api/types.ts';
import { exampleOf } from '../label/example.ts';
import { parseSelector } from '../label/parse-selector.ts';
import { everything, type Labels, matches, type Selector } from '../label/selector.ts';
import { assignAddresses } from './assign-addresses.ts';
import { applyChanges, type Cluster, type NamespaceContent, namespaceLabels, podsOf } from './cluster.ts';

/** Pods that do not exist but could: all that a selector would select in a namespace, or in namespaces that a selector would. */
export interface PotentialName {
  readonly namespace: string | Selector;
  readonly pods: Selector;
}

/** The namespaces that there are and that such pods could be in. */
export function homesOf({ namespaces }: Cluster, { namespace }: PotentialName): NamespaceContent[] {
  if (typeof namespace === 'string') return [namespaces.get(namespace)].filter((home) => home !== undefined);
  return [...namespaces].filter(([name, home]) => matches(namespace, namespaceLabels(name, home))).map(([, home]) => home);
}

/** The canonical text: `shop/{app=web}`, `{team=red}/{}`. */
export const potentialId = ({ namespace, pods }: PotentialName): string =>
  `${typeof namespace === 'string' ? namespace : `{${namespace.key}}`}/{${pods.key}}`;

/** Reads a name of potential pods; undefined when the text is nothing of the kind, an error text when it is and is wrong. */
export function parsePotential(text: string): PotentialName | { readonly error: string } | undefined {
  const match = /^(?:\{(?<scope>.*)\}|(?<name>[^{}/]+))\/\{(?<pods>[^{}]*)\}$/.exec(text);
  if (match === null) return undefined;
  const { scope, name, pods = '' } = match.groups as { scope?: string; name?: string; pods?: string };
  const namespace =
    name === undefined ? selectorOf(scope ?? '') : checkLabel(name).length > 0 ? { error: checkLabel(name).join(', ') } : name;
  if (typeof namespace !== 'string' && 'error' in namespace) return namespace;
  const selected = selectorOf(pods);
  return 'error' in selected ? selected : { namespace, pods: selected };
}

function selectorOf(text: string): Selector | { readonly error: string } {
  const selector = parseSelector(text);
  if ('error' in selector) return selector;
  for (const requirement of selector.requirements) {
    const values = 'values' in requirement ? requirement.values : [];
    const [complaint] = [...checkQualifiedName(requirement.key), ...values.flatMap(checkLabelValue)];
    if (complaint !== undefined) return { error: `\`${requirement.key}\`: ${complaint}` };
  }
  return selector;
}

/**
 * The cluster with a pod for each name, which has the fewest labels that the selector asks for, declares no ports and has assumed
 * addresses of the families that the cluster's pods use. Where namespaces are selected, it is in a new one, of which no policy knows,
 * unless the selector names an existing one. A name that no pod can ever have (its requirements contradict each other, or the
 * labels of the namespace it names) is left out.
 */
export function withPotentialPods(cluster: Cluster, names: readonly PotentialName[], podCidrs?: readonly string[]): Cluster {
  const added: (Namespace | Pod)[] = [];
  for (const [index, name] of [...new Map(names.map((each) => [potentialId(each), each])).values()].entries()) {
    const labels = exampleOf(name.pods);
    const home = homeOf(cluster, name.namespace, `potential-${index}`);
    if (labels === undefined || home === undefined) continue;
    if (home.labels !== undefined) added.push({ kind: 'Namespace', name: home.name, labels: home.labels, terminating: false });
    added.push(podOf(name, home.name, `potential-${index}`, labels));
  }
  const objects = [...podsOf(cluster), ...cluster.nodes.values(), ...added];
  const families = familiesIn(cluster);
  const placed = assignAddresses(objects, podCidrs).slice(objects.length - added.length) as (Namespace | Pod)[];
  return applyChanges(
    cluster,
    placed.map((object) => ({
      type: 'put',
      object: object.kind === 'Pod' ? { ...object, addresses: object.addresses.filter((address) => families.has(isSix(address))) } : object,
    })),
  );
}

const isSix = (address: string): boolean => address.includes(':');

/** Which families the pods use; both where there are none. */
function familiesIn(cluster: Cluster): ReadonlySet<boolean> {
  const used = new Set([...podsOf(cluster)].flatMap(({ addresses }) => addresses.map(isSix)));
  return used.size === 0 ? new Set([false, true]) : used;
}

/** Where the pod would be; with labels for a namespace that is yet to be made. */
function homeOf(
  cluster: Cluster,
  namespace: string | Selector,
  unused: string,
): { readonly name: string; readonly labels?: Labels } | undefined {
  if (typeof namespace === 'string') return { name: namespace };
  const example = exampleOf(namespace);
  if (example === undefined) return undefined;
  // A name of its own keeps it apart from namespaces with other labels, unless the selector demands another name.
  const own = { ...example, [namespaceNameLabel]: unused };
  if (matches(namespace, own)) return { name: unused, labels: own };
  const named = Object.hasOwn(example, namespaceNameLabel) ? example[namespaceNameLabel]! : undefined;
  if (named === undefined) return undefined;
  const existing = cluster.namespaces.get(named);
  if (existing !== undefined) return matches(namespace, namespaceLabels(named, existing)) ? { name: named } : undefined;
  return matches(namespace, example) ? { name: named, labels: example } : undefined;
}

const podOf = (name: PotentialName, namespace: string, unused: string, labels: Labels): Pod => ({
  kind: 'Pod',
  namespace,
  name: unused,
  labels,
  addresses: [],
  assumedAddress: false,
  hostNetwork: false,
  phase: 'Running',
  terminating: false,
  ports: [],
  potential: potentialId(name),
});

/** The names of all pods that some rule of some policy would select as a peer, and of those that no selector singles out. */
export const potentialPeers = (clusters: readonly Cluster[]): PotentialName[] =>
  distinct([anyPod, ...clusters.flatMap((cluster) => namesIn(cluster, peersOf, clusterPeersOf))]);

/** The names of all pods that some policy would apply to. */
export const potentialSubjects = (clusters: readonly Cluster[]): PotentialName[] =>
  distinct(
    clusters.flatMap((cluster) =>
      namesIn(
        cluster,
        ({ namespace, subject }) => [{ namespace, pods: subject }],
        ({ subject: { namespaces, pods } }) => [{ namespace: namespaces, pods }],
      ),
    ),
  );

function namesIn(
  { namespaces, clusterPolicies }: Cluster,
  ofPolicy: (policy: NetworkPolicy) => PotentialName[],
  ofClusterPolicy: (policy: ClusterNetworkPolicy) => PotentialName[],
): PotentialName[] {
  return [
    ...[...namespaces.values()].flatMap(({ policies }) => [...policies.values()].flatMap(ofPolicy)),
    ...[...clusterPolicies.values()].flatMap(ofClusterPolicy),
  ];
}

/** Each name once, by id. */
function distinct(names: readonly PotentialName[]): PotentialName[] {
  const byId = new Map(names.map((name) => [potentialId(name), name]));
  return [...byId.keys()].sort().map((id) => byId.get(id)!);
}

function peersOf({ namespace, ingress = [], egress = [] }: NetworkPolicy): PotentialName[] {
  const peers = [...ingress, ...egress].flatMap((rule) => rule.peers ?? []);
  return peers.flatMap((peer) => (peer.kind === 'pods' ? [{ namespace: peer.namespaces ?? namespace, pods: peer.pods }] : []));
}

function clusterPeersOf({ ingress = [], egress = [] }: ClusterNetworkPolicy): PotentialName[] {
  const peers = [...ingress, ...egress].flatMap((rule) => rule.peers);
  return peers.flatMap((peer) => (peer.kind === 'pods' ? [{ namespace: peer.namespaces, pods: peer.pods }] : []));
}

/** A pod without labels in a new namespace: what it may do, every pod may that no selector singles out. */
export const anyPod: PotentialName = { namespace: everything, pods: everything };
