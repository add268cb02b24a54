import { inCidr, sameAddress } from './cidr.ts';
import type { RawCluster, RawContainerPort, RawNode, RawPod, RawPolicy } from './raw.ts';

/**
 * The evaluator of semantics.md section 7, sentence by sentence and with no cleverness: the oracle of the property tests. It reads
 * manifests as written, fills in its own defaults and shares no code with `src/core`.
 */

/** One connection between two addresses. */
export interface RawConnection {
  readonly from: string;
  readonly to: string;
  readonly protocol: string;
  readonly port: number;
}

/** The choices of semantics.md section 10 that the evaluator knows; absent means the default. */
export type RawChoices = Readonly<Record<string, string>>;

/** A selector, a rule, a peer, a port item: any part of a manifest, where every field may be absent or null. */
// biome-ignore lint/suspicious/noExplicitAny: manifests as written have no types; this evaluator is to read them untouched
type Written = any;

type Endpoint =
  | { readonly kind: 'Pod'; readonly ip: string; readonly pod: RawPod }
  | { readonly kind: 'Node' | 'External'; readonly ip: string };

type Direction = 'ingress' | 'egress';

interface Question {
  readonly cluster: RawCluster;
  readonly choices: RawChoices;
  readonly connection: RawConnection;
  readonly destination: Endpoint;
}

/** Whether the connection is allowed by the policies that are enforced: `decide`, and section 11. */
export function referenceAllows(cluster: RawCluster, connection: RawConnection, choices: RawChoices = {}): boolean {
  return decide({ ...cluster, policies: cluster.policies.filter((policy) => !isInAudit(cluster, policy)) }, connection, choices);
}

/** Whether it is allowed, and would be denied if the policies in audit were enforced. */
export const referenceWouldDeny = (cluster: RawCluster, connection: RawConnection, choices: RawChoices = {}): boolean =>
  referenceAllows(cluster, connection, choices) && !decide(cluster, connection, choices);

function isInAudit({ namespaces }: RawCluster, { kind, metadata }: RawPolicy): boolean {
  const own = metadata.annotations?.['sallyport.dev/audit'];
  if (own !== undefined) return own === 'true';
  const home = namespaces.find(({ name }) => kind === 'NetworkPolicy' && name === (metadata.namespace ?? 'default'));
  return home?.annotations?.['sallyport.dev/audit'] === 'true';
}

function decide(cluster: RawCluster, connection: RawConnection, choices: RawChoices): boolean {
  const source = identify(cluster, choices, connection.from);
  const destination = identify(cluster, choices, connection.to);
  if (source.kind === 'Pod' && destination.kind === 'Pod' && source.pod === destination.pod) return true;
  const question: Question = { cluster, choices, connection, destination };
  return gate(question, 'egress', source, destination) && gate(question, 'ingress', destination, source);
}

function identify(cluster: RawCluster, choices: RawChoices, ip: string): Endpoint {
  const isOver = (pod: RawPod): boolean => pod.phase === 'Succeeded' || pod.phase === 'Failed';
  const owners = cluster.pods.filter(
    (pod) =>
      (pod.hostNetwork !== true || choices.hostnetwork === 'as-pods') &&
      (!isOver(pod) || choices['terminal-pods'] === 'counted') &&
      pod.ips.some((address) => sameAddress(address, ip)),
  );
  const pod = owners.find((owner) => !isOver(owner)) ?? owners[0];
  if (pod !== undefined) return { kind: 'Pod', ip, pod };
  return { kind: cluster.nodes?.some((node) => isOn(node, ip)) ? 'Node' : 'External', ip };
}

const isOn = (node: RawNode, ip: string): boolean => node.ips.some((address) => sameAddress(address, ip));

function gate(question: Question, direction: Direction, subject: Endpoint, remote: Endpoint): boolean {
  if (subject.kind !== 'Pod') return true;
  const { pod } = subject;
  const admin = tier('Admin', question, direction, pod, remote);
  if (admin === 'Accept' || admin === 'Deny') return admin === 'Accept';
  const decided = networkPolicyTier(question, direction, pod, remote);
  if (decided !== undefined) return decided;
  const skipsBaseline = question.choices['baseline-skip'] === 'any-direction' && policiesOf(question, undefined, pod).length > 0;
  return skipsBaseline || tier('Baseline', question, direction, pod, remote) !== 'Deny';
}

const isThree = (protocol: string): boolean => ['TCP', 'UDP', 'SCTP'].includes(protocol);

/** Undefined: not isolated. */
function networkPolicyTier(question: Question, direction: Direction, pod: RawPod, remote: Endpoint): boolean | undefined {
  const { cluster, choices, connection } = question;
  const selecting = policiesOf(question, direction, pod);
  if (selecting.length === 0) return undefined;
  const own = cluster.nodes?.find((node) => node.name === pod.node);
  if (own && isOn(own, remote.ip) && (direction === 'ingress' || choices['own-node-egress'] !== 'policy')) return true;
  const otherProtocols = choices['other-l4'] ?? 'peer-only';
  if (!isThree(connection.protocol) && otherProtocols !== 'peer-only') return otherProtocols === 'allow';
  return selecting.some((policy) =>
    rulesOf(policy, direction).some((rule) => ruleMatches(question, direction, policy, rule ?? {}, remote)),
  );
}

/** The NetworkPolicies that select the pod and isolate the direction (any direction when undefined). */
function policiesOf({ cluster }: Question, direction: Direction | undefined, pod: RawPod): RawPolicy[] {
  return cluster.policies.filter(
    (policy) =>
      policy.kind === 'NetworkPolicy' &&
      (policy.metadata.namespace ?? 'default') === pod.ns &&
      (direction === undefined || policyTypes(policy).includes(direction === 'ingress' ? 'Ingress' : 'Egress')) &&
      selects(specOf(policy).podSelector, pod.labels ?? {}),
  );
}

const specOf = (policy: RawPolicy): Written => policy.spec ?? {};
const rulesOf = (policy: RawPolicy, direction: Direction): Written[] => specOf(policy)[direction] ?? [];

function policyTypes(policy: RawPolicy): string[] {
  const written: string[] = specOf(policy).policyTypes ?? [];
  if (written.length > 0) return written;
  return rulesOf(policy, 'egress').length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
}

function ruleMatches(question: Question, direction: Direction, policy: RawPolicy, rule: Written, remote: Endpoint): boolean {
  const peers: Written[] = (direction === 'ingress' ? rule.from : rule.to) ?? [];
  const ports: Written[] = rule.ports ?? [];
  const namespace = policy.metadata.namespace ?? 'default';
  const isSeen = remote.kind === 'External' || question.choices[remote.kind === 'Pod' ? 'ipblock-pods' : 'ipblock-nodes'] !== 'ignore';
  const byAddress = isSeen && peers.some((peer) => peer.ipBlock && blockMatches(peer.ipBlock, remote.ip));
  const byPod = peers.some((peer) => !peer.ipBlock && podPeerMatches(question.cluster, namespace, peer, remote));
  if (peers.length > 0 && !byAddress && !byPod) return false;
  const namesCount = peers.length === 0 || byPod || question.choices['named-port-with-ipblock'] !== 'never';
  return ports.length === 0 || ports.some((item) => portMatches(question, item ?? {}, namesCount));
}

function blockMatches(block: Written, ip: string): boolean {
  return inCidr(ip, block.cidr) && !(block.except ?? []).some((except: string) => inCidr(ip, except));
}

function podPeerMatches(cluster: RawCluster, namespace: string, peer: Written, remote: Endpoint): boolean {
  if (remote.kind !== 'Pod') return false;
  const inNamespace = peer.namespaceSelector
    ? selects(peer.namespaceSelector, namespaceLabels(cluster, remote.pod.ns))
    : remote.pod.ns === namespace;
  return inNamespace && (!peer.podSelector || selects(peer.podSelector, remote.pod.labels ?? {}));
}

function portMatches(question: Question, item: Written, namesCount: boolean): boolean {
  const { connection, destination } = question;
  if ((item.protocol ?? 'TCP') !== connection.protocol) return false;
  if (item.port === undefined || item.port === null) return true;
  if (typeof item.port === 'number') return item.port <= connection.port && connection.port <= (item.endPort ?? item.port);
  return (
    namesCount &&
    destination.kind === 'Pod' &&
    portsNamed(question, destination.pod, item.port, connection.protocol).includes(connection.port)
  );
}

/** The numbers that a pod gives a port name of a protocol. */
function portsNamed({ choices }: Question, pod: RawPod, name: string, protocol: string): number[] {
  const counts = (port: RawContainerPort): boolean =>
    port.name === name && (port.protocol ?? 'TCP') === protocol && (choices['sidecar-named-ports'] !== 'no' || port.sidecar !== true);
  // Regular containers come before sidecars.
  const declared = (pod.containerPorts ?? []).filter(counts).sort((a, b) => Number(a.sidecar ?? false) - Number(b.sidecar ?? false));
  return (choices['duplicate-port-name'] === 'first' ? declared.slice(0, 1) : declared).map((port) => port.containerPort);
}

function namespaceLabels(cluster: RawCluster, name: string): Record<string, string> {
  return { ...cluster.namespaces.find((namespace) => namespace.name === name)?.labels, 'kubernetes.io/metadata.name': name };
}

/** Absent and null select everything here; peers, where they mean something else, ask before. */
function selects(selector: Written, labels: Readonly<Record<string, string>>): boolean {
  const has = (key: string): boolean => Object.hasOwn(labels, key);
  const equalities: [string, string | null][] = Object.entries(selector?.matchLabels ?? {});
  const expressions: Written[] = selector?.matchExpressions ?? [];
  return (
    equalities.every(([key, value]) => has(key) && labels[key] === (value ?? '')) &&
    expressions.every(({ key, operator, values }) => {
      if (operator === 'In') return has(key) && values.includes(labels[key]);
      if (operator === 'NotIn') return !has(key) || !values.includes(labels[key]);
      if (operator === 'Exists') return has(key);
      if (operator === 'DoesNotExist') return !has(key);
      throw new Error(`operator ${operator}`);
    })
  );
}

/** What a tier of ClusterNetworkPolicies says. Source: semantics.md sections 6.1 and 6.3. */
function tier(name: 'Admin' | 'Baseline', question: Question, direction: Direction, pod: RawPod, remote: Endpoint): string | undefined {
  if (pod.hostNetwork === true) return undefined;
  const policies = question.cluster.policies
    .filter((policy) => policy.kind === 'ClusterNetworkPolicy' && specOf(policy).tier === name)
    .filter((policy) => podPatternMatches(question.cluster, specOf(policy).subject, pod))
    .sort((a, b) => specOf(a).priority - specOf(b).priority || (a.metadata.name < b.metadata.name ? -1 : 1));
  for (const policy of policies)
    for (const rule of rulesOf(policy, direction)) {
      const action = clusterRule(question, specOf(policy).subject, rule, direction === 'ingress' ? rule.from : rule.to, remote);
      if (action !== undefined) return action;
    }
  return undefined;
}

/** What a rule does to the connection; undefined when it does not match. Closed where it is not understood: semantics.md section 6.4. */
function clusterRule(question: Question, subject: Written, rule: Written, peers: Written[], remote: Endpoint): string | undefined {
  const protocols: Written[] | undefined = rule.protocols;
  const understoodPeers = peers.filter((peer) => !peer.domainNames && isReadable(peer.nodes) && isReadablePattern(peer));
  const understoodItems = protocols?.filter((item) => item.destinationNamedPort !== '');
  const isUnderstood = understoodPeers.length === peers.length && understoodItems?.length === protocols?.length;
  if (!isUnderstood && rule.action !== 'Accept') return 'Deny';
  const isHit =
    understoodPeers.some((peer) => clusterPeerMatches(question.cluster, peer, remote)) &&
    (!understoodItems || understoodItems.some((item) => protocolMatches(question, item)));
  if (!isHit) return undefined;
  // Whether the pod is a subject nobody can tell: what opens is not for it, and what passes on is not either.
  if (!isReadablePattern(subject)) return rule.action === 'Accept' ? undefined : 'Deny';
  return rule.action;
}

const isReadablePattern = ({ namespaces, pods }: Written): boolean =>
  [namespaces, pods?.namespaceSelector, pods?.podSelector].every(isReadable);

/** Whether every part of a selector says something. An absent selector does. */
const isReadable = (selector: Written): boolean =>
  Object.values(selector?.matchLabels ?? {}).every(isLabelValue) && (selector?.matchExpressions ?? []).every(isReadableExpression);

const isLabelValue = (value: Written): boolean => /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/.test(value);

function isReadableExpression({ operator, values = [] }: Written): boolean {
  if (operator === 'In' || operator === 'NotIn') return values.length > 0 && values.every(isLabelValue);
  return (operator === 'Exists' || operator === 'DoesNotExist') && values.length === 0;
}

/** The parts that say nothing are left out: the pods that can be meant. */
const readablePart = (selector: Written): Written => ({
  matchLabels: Object.fromEntries(Object.entries(selector?.matchLabels ?? {}).filter(([, value]) => isLabelValue(value))),
  matchExpressions: (selector?.matchExpressions ?? []).filter(isReadableExpression),
});

function podPatternMatches(cluster: RawCluster, pattern: Written, pod: RawPod): boolean {
  const namespaces = readablePart(pattern.namespaces ?? pattern.pods.namespaceSelector);
  return selects(namespaces, namespaceLabels(cluster, pod.ns)) && selects(readablePart(pattern.pods?.podSelector), pod.labels ?? {});
}

function clusterPeerMatches(cluster: RawCluster, peer: Written, remote: Endpoint): boolean {
  if (peer.networks) return peer.networks.some((cidr: string) => inCidr(remote.ip, cidr));
  if (peer.nodes) return (cluster.nodes ?? []).some((node) => selects(peer.nodes, node.labels ?? {}) && isOn(node, remote.ip));
  return remote.kind === 'Pod' && remote.pod.hostNetwork !== true && podPatternMatches(cluster, peer, remote.pod);
}

function protocolMatches(question: Question, item: Written): boolean {
  const { connection, destination } = question;
  if (item.destinationNamedPort !== undefined)
    return (
      destination.kind === 'Pod' &&
      portsNamed(question, destination.pod, item.destinationNamedPort, connection.protocol).includes(connection.port)
    );
  const port = item[connection.protocol.toLowerCase()]?.destinationPort;
  if (port === undefined) return false;
  return (
    port.number === connection.port ||
    (port.range !== undefined && port.range.start <= connection.port && connection.port <= port.range.end)
  );
}
