import { selectorOf } from '../advise/peer.ts';
import { namespaceNameLabel } from '../api/namespace.ts';
import { isFinished, type Pod, type Service } from '../api/types.ts';
import { type Cluster, podsOf } from '../cluster/cluster.ts';
import type { Labels } from '../label/selector.ts';
import { dnsPort, dnsServices, isForDns, nodeLocalAddress } from '../verdict/cluster-dns.ts';
import { podsBehind } from '../verdict/service-backends.ts';

/** The DNS of the cluster, as the pods that ask it meet it. */
export interface ClusterDns {
  /** Whether it was found; otherwise this is what most clusters have. */
  readonly isKnown: boolean;
  /** Where its pods are, and the labels that select them. */
  readonly servers: readonly { readonly namespace: string; readonly podSelector: object }[];
  /** Who is asked, as rules write it: its pods, and on nodes with a cache of their own the addresses of that. */
  readonly rules: readonly { readonly to: readonly object[]; readonly ports: readonly object[] }[];
}

/** The label by which the pods of NodeLocal DNSCache are known. */
const nodeLocalLabel = ['k8s-app', 'node-local-dns'] as const;

/** The DNS of the cluster: the Services for it, the pods behind them and the ports those serve. */
export function clusterDnsOf(cluster: Cluster): ClusterDns {
  // Rules name pods by labels, so a Service without a selector is of no help.
  const services = dnsServices(cluster).filter(({ selector }) => selector !== undefined);
  const servers = distinct(services.map((service) => ({ namespace: service.namespace, labels: service.selector! })));
  const found = servers.flatMap(({ namespace, labels }) => {
    const own = services.filter(
      (service) => service.namespace === namespace && JSON.stringify(service.selector) === JSON.stringify(labels),
    );
    return [{ to: peersOf(cluster, namespace, labels, own), ports: distinct(own.flatMap((service) => portsOf(cluster, service))) }];
  });
  const isKnown = found.length > 0;
  const rules = isKnown ? found : [{ to: [peerOf('kube-system', { 'k8s-app': 'kube-dns' })], ports: portsAt(dnsPort) }];
  return {
    isKnown,
    servers: servers.map(({ namespace, labels }) => ({ namespace, podSelector: selectorOf(labels) })),
    rules: [...rules, ...nodeLocalRules(cluster, services)],
  };
}

const peerOf = (namespace: string, labels: Labels): object => ({
  namespaceSelector: selectorOf({ [namespaceNameLabel]: namespace }),
  podSelector: selectorOf(labels),
});

/** The pods by their labels; those in the network of their node by the addresses of that, which no selector matches. */
function peersOf(cluster: Cluster, namespace: string, labels: Labels, services: readonly Service[]): object[] {
  const pods = services.flatMap((service) => service.ports.filter(isForDns).flatMap((port) => podsBehind(cluster, service, port)));
  const onHost = pods.filter(([{ hostNetwork }]) => hostNetwork);
  const addresses = distinct(onHost.flatMap(([pod]) => (pod.addresses.length > 0 ? pod.addresses : nodeAddresses(cluster, pod))));
  const selected = pods.length > 0 && onHost.length === pods.length ? [] : [peerOf(namespace, labels)];
  return [...selected, ...addresses.sort().map(addressBlock)];
}

const nodeAddresses = (cluster: Cluster, { node }: Pod): readonly string[] =>
  node === undefined ? [] : (cluster.nodes.get(node)?.addresses ?? []);

const addressBlock = (address: string): object => ({ ipBlock: { cidr: `${address}/${address.includes(':') ? 128 : 32}` } });

/** The ports that the pods serve; where none is known, what the Service says. */
function portsOf(cluster: Cluster, service: Service): object[] {
  return service.ports.filter(isForDns).flatMap((port) => {
    const numbers = new Set(podsBehind(cluster, service, port).map(([, number]) => number));
    const targets = numbers.size > 0 ? [...numbers].sort((a, b) => a - b) : [port.targetPort];
    return targets.map((target) => ({ protocol: port.protocol, port: target }));
  });
}

const portsAt = (port: number): object[] => [
  { protocol: 'UDP', port },
  { protocol: 'TCP', port },
];

/** A cache on every node answers at an address of its own and, in the place of the Service, at that of the Service. */
function nodeLocalRules(cluster: Cluster, services: readonly Service[]): ClusterDns['rules'] {
  const [key, value] = nodeLocalLabel;
  const isCache = (pod: Pod): boolean => pod.hostNetwork && pod.labels[key] === value && !isFinished(pod);
  if (![...podsOf(cluster)].some(isCache)) return [];
  const addresses = distinct([nodeLocalAddress, ...services.flatMap(({ clusterIps }) => clusterIps)]);
  return [{ to: addresses.map(addressBlock), ports: portsAt(dnsPort) }];
}

/** Each value once, by what it says. */
function distinct<T>(values: readonly T[]): T[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}
