import type { Service, ServicePort } from '../api/types.ts';
import type { Cluster } from '../cluster/cluster.ts';

/** Where distributions run the DNS of the cluster. */
const homes: readonly string[] = ['kube-system', 'openshift-dns'];

/** What its Service is called: by Kubernetes, and by distributions that say otherwise. */
const names: ReadonlySet<string> = new Set(['kube-dns', 'coredns', 'dns-default', 'rke2-coredns-rke2-coredns']);

/** Labels of its pods, as Kubernetes and its distributions set them. */
const labels: readonly (readonly [key: string, values: readonly string[]])[] = [
  ['k8s-app', ['kube-dns', 'coredns', 'core-dns']],
  ['app.kubernetes.io/name', ['coredns']],
  ['dns.operator.openshift.io/daemonset-dns', ['default']],
];

/** The port that DNS is asked at. */
export const dnsPort = 53;

/** Where NodeLocal DNSCache listens on every node. Source: "Using NodeLocal DNSCache" in the Kubernetes documentation. */
export const nodeLocalAddress = '169.254.20.10';

/** The Services of the cluster's DNS, as far as they are among what was read. */
export const dnsServices = ({ namespaces }: Cluster): readonly Service[] =>
  homes.flatMap((home) => [...(namespaces.get(home)?.services.values() ?? [])]).filter(isDns);

function isDns({ name, selector = {}, ports }: Service): boolean {
  return ports.some(isForDns) && (names.has(name) || labels.some(([key, values]) => values.includes(selector[key] ?? '')));
}

export const isForDns = ({ port, protocol }: ServicePort): boolean => port === dnsPort && protocol !== 'SCTP';
