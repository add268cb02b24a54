import { expect, test } from 'vitest';
import { decodeObject } from '../api/decode.ts';
import { clusterOf } from '../cluster/cluster.ts';
import { Analysis } from '../verdict/analysis.ts';
import { beyondWanted } from './beyond.ts';
import { leastPrivilege } from './least-privilege.ts';

const pod = (name: string, app: string, ip: string, labels: object, node = 'n1'): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'shop',
    labels: { app, ...labels },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: app, uid: app, controller: true }],
  },
  spec: { nodeName: node, containers: [{ name: 'main', image: 'none', ports: [{ name: 'http', containerPort: 8080 }] }] },
  status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] },
});

const node = (name: string, address: string): object => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name },
  status: { addresses: [{ type: 'InternalIP', address }] },
});

const passing = { 'controller-revision-hash': 'web-7d9f', 'statefulset.kubernetes.io/pod-name': 'web-0', 'pod-template-hash': '7d9f' };

const items = [
  ...['1', '2', '3', '4'].map((number) => node(`n${number}`, `192.168.0.${number}`)),
  pod('web-0', 'web', '10.0.0.1', passing),
  pod('web-1', 'web', '10.0.0.2', { ...passing, 'statefulset.kubernetes.io/pod-name': 'web-1' }),
  pod('client-0', 'client', '10.0.0.3', { 'apps.kubernetes.io/pod-index': '0' }, 'n2'),
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http', nodePort: 30080 }] },
  },
];

/** The policies; besides the flows they let these reach the web. */
function generated(
  flows: Parameters<typeof leastPrivilege>[1],
  beyond: readonly string[] = [],
): { readonly spec: unknown; readonly name: string }[] {
  const { objects } = decodeObject({ apiVersion: 'v1', kind: 'List', items });
  const found = leastPrivilege(new Analysis(clusterOf(objects)), flows, { onto: false });
  if ('error' in found) throw new Error(found.error);
  expect(found.denied).toEqual([]);
  expect(found.beyond.map(({ from, to }) => `${from} ${to}`)).toEqual(beyond.map((from) => `${from} shop/StatefulSet/web`));
  return found.policies.map(({ manifest, policy: { name } }) => ({ name, spec: (manifest as { spec: unknown }).spec }));
}

test('workloads are named by labels that last, and a Service becomes the port behind it', () => {
  const policies = generated([{ from: 'shop/client-0', to: 'shop/service/web', port: 80 }]);
  expect(policies.slice(2)).toEqual([
    {
      name: 'allow-from-client',
      spec: {
        podSelector: { matchLabels: { app: 'client' } },
        policyTypes: ['Egress'],
        egress: [{ to: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ protocol: 'TCP', port: 8080 }] }],
      },
    },
    {
      name: 'allow-to-web',
      spec: {
        podSelector: { matchLabels: { app: 'web' } },
        policyTypes: ['Ingress'],
        ingress: [{ from: [{ podSelector: { matchLabels: { app: 'client' } } }], ports: [{ protocol: 'TCP', port: 8080 }] }],
      },
    },
  ]);
});

test('what comes through nodes may come through every node but the own one, which always may', () => {
  const policies = generated([{ from: '203.0.113.9', to: 'shop/service/web', port: 80 }], ['node:n2', 'node:n3', 'node:n4']);
  const { spec } = policies.at(-1)!;
  expect(spec).toMatchObject({
    ingress: [
      {
        from: ['192.168.0.2/32', '192.168.0.3/32', '192.168.0.4/32', '203.0.113.9/32'].map((cidr) => ({ ipBlock: { cidr } })),
        ports: [{ protocol: 'TCP', port: 8080 }],
      },
    ],
  });
});

test('ports that touch are a range, and a flow that cannot be answered is named', () => {
  const flows = [80, 81, 82, 90].map((port) => ({ from: 'shop/client-0', to: 'shop/web-0', port }));
  expect(generated(flows).at(-1)!.spec).toMatchObject({ ingress: [{ ports: [{ port: 80, endPort: 82 }, { port: 90 }] }] });
  const { objects } = decodeObject({ apiVersion: 'v1', kind: 'List', items });
  const unknown = leastPrivilege(new Analysis(clusterOf(objects)), [...flows, { from: 'shop/nobody', to: 'shop/web', port: 80 }], {
    onto: true,
  });
  expect(unknown).toMatchObject({ index: 4, error: expect.stringContaining('shop/nobody') });
});

test('of bare pods that are alike, those that nobody wanted are told', () => {
  const bare = (name: string, ip: string): object => {
    const { metadata, ...rest } = pod(name, 'tool', ip, {}) as { metadata: { ownerReferences?: object } };
    return { ...rest, metadata: { ...metadata, ownerReferences: undefined } };
  };
  const { objects } = decodeObject({ apiVersion: 'v1', kind: 'List', items: [...items, bare('a', '10.0.0.7'), bare('b', '10.0.0.8')] });
  const told = (...names: string[]): string[] => {
    const flows = names.map((name) => ({ from: `shop/${name}`, to: 'shop/statefulset/web', port: 8080 }));
    const found = leastPrivilege(new Analysis(clusterOf(objects)), flows, { onto: false });
    return 'error' in found ? [found.error] : found.beyond.map(({ from, to }) => `${from} ${to}`);
  };
  expect(told('a')).toEqual(['shop/Pod/b shop/StatefulSet/web']);
  expect(told('a', 'b')).toEqual([]);
});

test('what only some pods of a workload get is told, though others of it had it already', () => {
  const allow = (name: string, subject: object): object => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace: 'shop' },
    spec: {
      podSelector: { matchLabels: subject },
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ podSelector: { matchLabels: { app: 'client' } } }], ports: [{ port: 8080 }] }],
    },
  });
  const analysisWith = (...policies: object[]): Analysis => {
    const more = [pod('web-2', 'web', '10.0.0.4', {}), ...policies];
    return new Analysis(clusterOf(decodeObject({ apiVersion: 'v1', kind: 'List', items: [...items, ...more] }).objects));
  };
  const name = (pod: string): object => ({ 'statefulset.kubernetes.io/pod-name': pod });
  // Closed to all, and one of the three pods open already.
  const closed = { ...allow('closed', { app: 'web' }), spec: { podSelector: {}, policyTypes: ['Ingress'] } };
  const before = analysisWith(closed, allow('first', name('web-0')));
  const after = analysisWith(closed, allow('first', name('web-0')), allow('second', name('web-1')));
  expect(beyondWanted(before, after, [])).toEqual([
    { from: 'shop/StatefulSet/client', to: 'shop/StatefulSet/web', traffic: [{ protocol: 'TCP', ports: ['8080'] }] },
  ]);
});
