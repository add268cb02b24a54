import { expect, test } from 'vitest';
import { decodeObject } from '../api/decode.ts';
import { clusterOf } from '../cluster/cluster.ts';
import { type ClusterDns, clusterDnsOf } from './cluster-dns.ts';

const dnsOf = (...items: object[]): ClusterDns => {
  const { objects, diagnostics } = decodeObject({ apiVersion: 'v1', kind: 'List', items });
  expect(diagnostics).toEqual([]);
  return clusterDnsOf(clusterOf(objects));
};

const service = (name: string, namespace: string, selector: object, targetPort: number | string, clusterIP = '10.96.0.10'): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec: {
    clusterIP,
    selector,
    ports: ['UDP', 'TCP'].map((protocol) => ({ name: protocol.toLowerCase(), port: 53, protocol, targetPort })),
  },
});

const pod = (namespace: string, labels: object, spec: object = {}, ip = '10.244.0.9'): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `pod-${ip.replaceAll('.', '-')}`, namespace, labels },
  spec: {
    containers: [
      {
        name: 'dns',
        image: 'none',
        ports: ['UDP', 'TCP'].map((protocol, index) => ({ name: ['dns', 'dns-tcp'][index], containerPort: 5353, protocol })),
      },
    ],
    ...spec,
  },
  status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] },
});

const peer = (namespace: string, labels: object): object => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
  podSelector: { matchLabels: labels },
});
const ports = (...numbers: (number | string)[]): object[] =>
  ['UDP', 'TCP'].flatMap((protocol) => numbers.map((port) => ({ protocol, port })));

test('OpenShift: its namespace, its label, and the port that its pods serve', () => {
  const labels = { 'dns.operator.openshift.io/daemonset-dns': 'default' };
  const dns = dnsOf(service('dns-default', 'openshift-dns', labels, 5353), pod('openshift-dns', labels));
  expect(dns).toMatchObject({ isKnown: true, rules: [{ to: [peer('openshift-dns', labels)], ports: ports(5353) }] });
});

test('two Services for the same pods are one DNS; what else is in kube-system is none', () => {
  const labels = { 'k8s-app': 'kube-dns' };
  const dns = dnsOf(
    service('kube-dns', 'kube-system', labels, 5353),
    service('kube-dns-upstream', 'kube-system', labels, 53, '10.96.0.11'),
    service('metrics', 'kube-system', { app: 'metrics' }, 53, '10.96.0.12'),
    service('kube-dns', 'shop', { app: 'fake' }, 53, '10.96.0.13'),
    pod('kube-system', labels),
  );
  expect(dns.rules).toEqual([{ to: [peer('kube-system', labels)], ports: [5353, 53].flatMap((port) => ports(port)) }]);
});

test('pods in the network of their node go by its addresses', () => {
  const labels = { 'k8s-app': 'kube-dns' };
  const dns = dnsOf(service('kube-dns', 'kube-system', labels, 53), pod('kube-system', labels, { hostNetwork: true }, '192.168.0.11'));
  expect(dns.rules).toEqual([{ to: [{ ipBlock: { cidr: '192.168.0.11/32' } }], ports: ports(53) }]);
});

test('without pods the Service says the ports, and without a Service it is what most clusters have', () => {
  const labels = { 'k8s-app': 'kube-dns' };
  expect(dnsOf(service('kube-dns', 'kube-system', labels, 'dns')).rules).toEqual([
    { to: [peer('kube-system', labels)], ports: ports('dns') },
  ]);
  expect(dnsOf()).toEqual({ isKnown: false, servers: [], rules: [{ to: [peer('kube-system', labels)], ports: ports(53) }] });
});

test('a cache on the nodes answers at its own address and at that of the Service', () => {
  const labels = { 'k8s-app': 'kube-dns' };
  const cache = pod('kube-system', { 'k8s-app': 'node-local-dns' }, { hostNetwork: true }, '192.168.0.11');
  const { rules } = dnsOf(service('kube-dns', 'kube-system', labels, 53), pod('kube-system', labels), cache);
  expect(rules[1]).toEqual({ to: ['169.254.20.10/32', '10.96.0.10/32'].map((cidr) => ({ ipBlock: { cidr } })), ports: ports(53) });
});
