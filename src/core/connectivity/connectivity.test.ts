import { expect, test } from 'vitest';
import { decodeObject } from '../api/decode.ts';
import { clusterOf } from '../cluster/cluster.ts';
import { trafficOf } from '../net/port-set.ts';
import { Analysis } from '../verdict/analysis.ts';
import { connectivityOf, type MatrixOptions } from './connectivity.ts';

const node = (name: string, address: string): object => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name },
  status: { addresses: [{ type: 'InternalIP', address }] },
});

const pod = (name: string, ip: string, app: string, rest: { owner?: string; nodeName?: string } = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'shop',
    labels: { app },
    ...(rest.owner && { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: rest.owner, uid: 'u', controller: true }] }),
  },
  spec: {
    ...(rest.nodeName && { nodeName: rest.nodeName }),
    containers: [{ name: 'main', image: 'none', ports: [{ name: 'http', containerPort: 8080 }] }],
  },
  status: { podIP: ip },
});

const policy = (name: string, spec: object): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: 'shop' },
  spec,
});

const app = (name: string): object => ({ podSelector: { matchLabels: { app: name } } });

const shop: readonly object[] = [
  node('n1', '192.168.0.11'),
  node('n2', '192.168.0.12'),
  pod('web-0', '10.244.0.1', 'web', { owner: 'web', nodeName: 'n1' }),
  pod('web-1', '10.244.0.2', 'web', { owner: 'web', nodeName: 'n2' }),
  pod('db', '10.244.0.3', 'db', { nodeName: 'n1' }),
  pod('job-1', '10.244.0.4', 'job'),
  pod('job-2', '10.244.0.5', 'job'),
];

const policies: readonly object[] = [
  policy('db', { ...app('db'), ingress: [{ from: [app('web')], ports: [{ port: 'http' }, { port: 5432, endPort: 5433 }] }] }),
  policy('web', { ...app('web'), ingress: [{ from: [{ ipBlock: { cidr: '203.0.113.0/24', except: ['203.0.113.128/25'] } }] }] }),
  policy('job', { ...app('job'), policyTypes: ['Egress'], egress: [{ to: [{ ipBlock: { cidr: '10.244.0.1/32' } }] }] }),
];

function matrix(objects: readonly object[], options?: MatrixOptions) {
  const { objects: decoded, diagnostics } = decodeObject({ apiVersion: 'v1', kind: 'List', items: objects });
  expect(diagnostics).toEqual([]);
  const { endpoints, connections } = connectivityOf(new Analysis(clusterOf(decoded)), options);
  const list = [...connections];
  return { endpoints, connections: list, between: (from: string, to: string) => list.find((each) => each.from === from && each.to === to) };
}

test('endpoints are workloads, bare pods that are alike, nodes, and what is outside as far as rules tell it apart', () => {
  const { endpoints } = matrix([...shop, ...policies]);
  expect(endpoints).toEqual([
    { id: 'shop/Pod/db', kind: 'Pod', namespace: 'shop', name: 'db', ip: '10.244.0.3', pods: 1, members: ['shop/Pod/db'] },
    { id: 'shop/Pod/job-1', kind: 'Pod', namespace: 'shop', name: 'job-1', pods: 2, members: ['shop/Pod/job-1', 'shop/Pod/job-2'] },
    {
      id: 'shop/StatefulSet/web',
      kind: 'Workload',
      namespace: 'shop',
      name: 'web',
      workloadKind: 'StatefulSet',
      pods: 2,
      members: ['shop/Pod/web-0', 'shop/Pod/web-1'],
    },
    { id: 'node:n1', kind: 'Node', name: 'n1' },
    { id: 'node:n2', kind: 'Node', name: 'n2' },
    // Without the addresses of pods that a block holds alone, and without IPv6, which no pod has.
    {
      id: '0.0.0.0-10.244.0.0,10.244.0.2-203.0.112.255,203.0.113.128-255.255.255.255',
      kind: 'External',
      ranges: ['0.0.0.0-10.244.0.0', '10.244.0.2-203.0.112.255', '203.0.113.128-255.255.255.255'],
    },
    { id: '203.0.113.0-203.0.113.127', kind: 'External', ranges: ['203.0.113.0-203.0.113.127'] },
  ]);
});

const shopPolicy = (name: string) => ({ kind: 'NetworkPolicy', namespace: 'shop', name });

test('a connection has its traffic and the reasons of both gates', () => {
  const { between, connections } = matrix([...shop, ...policies]);
  expect(between('shop/StatefulSet/web', 'shop/Pod/db')).toEqual({
    from: 'shop/StatefulSet/web',
    to: 'shop/Pod/db',
    traffic: [{ protocol: 'TCP', ports: ['5432-5433', '8080'] }],
    reason: { egress: 'not-isolated', ingress: 'rule' },
    by: { egress: [], ingress: [shopPolicy('db')] },
  });
  expect(between('203.0.113.0-203.0.113.127', 'shop/StatefulSet/web')).toMatchObject({
    traffic: 'all',
    reason: { egress: 'unpoliced-endpoint', ingress: 'rule' },
  });
  expect(between('node:n1', 'shop/Pod/db')).toMatchObject({
    traffic: 'all',
    reason: { egress: 'unpoliced-endpoint', ingress: 'own-node' },
  });
  expect(between('shop/Pod/db', 'shop/StatefulSet/web')).toBeUndefined();
  expect(connections.filter(({ traffic }) => traffic.length === 0)).toEqual([]);
});

test('policy knows nothing of nodes and outside among themselves, and a pod alone has no pair with itself', () => {
  const { between } = matrix([...shop, ...policies], { denied: true });
  expect(between('node:n1', 'node:n2')).toBeUndefined();
  expect(between('node:n1', '203.0.113.0-203.0.113.127')).toBeUndefined();
  expect(between('shop/Pod/db', 'shop/Pod/db')).toBeUndefined();
  expect(between('shop/StatefulSet/web', 'shop/StatefulSet/web')).toMatchObject({ traffic: [] });
});

test('where members differ, what every pair may do is told from what some pair may', () => {
  const { between } = matrix([...shop, ...policies], { denied: true });
  expect(between('node:n1', 'shop/StatefulSet/web')).toEqual({
    from: 'node:n1',
    to: 'shop/StatefulSet/web',
    traffic: [],
    partial: 'all',
    reason: { egress: 'unpoliced-endpoint', ingress: 'no-rule-matched' },
    by: { egress: [], ingress: [shopPolicy('web')] },
  });
  expect(between('shop/Pod/job-1', 'shop/StatefulSet/web')).toMatchObject({
    traffic: [],
    reason: { egress: 'no-rule-matched', ingress: 'no-rule-matched' },
  });
});

test('a pair of which only some members may connect is listed, unless one end is a node and the others are its pods', () => {
  const first = { 'statefulset.kubernetes.io/pod-name': 'web-0' };
  const objects = shop.map((object) => {
    const { metadata } = object as { metadata: { name: string; labels?: object } };
    return metadata.name === 'web-0' ? { ...object, metadata: { ...metadata, labels: { ...metadata.labels, ...first } } } : object;
  });
  const onlyFirst = policy('db', { ...app('db'), ingress: [{ from: [{ podSelector: { matchLabels: first } }], ports: [{ port: 5432 }] }] });
  const { between } = matrix([...objects, onlyFirst, policies[1]!]);
  expect(between('shop/StatefulSet/web', 'shop/Pod/db')).toMatchObject({
    traffic: [],
    partial: [{ protocol: 'TCP', ports: ['5432'] }],
    reason: { egress: 'not-isolated', ingress: 'no-rule-matched' },
  });
  expect(between('node:n1', 'shop/StatefulSet/web')).toBeUndefined();
});

test('without policies everything is open, also over the second family', () => {
  const dual = pod('dual', '10.244.0.9', 'dual') as { status: object };
  dual.status = { podIPs: [{ ip: '10.244.0.9' }, { ip: 'fd00::9' }] };
  const { endpoints, connections } = matrix([...shop, dual]);
  expect(endpoints.at(-1)).toMatchObject({ id: '0.0.0.0-255.255.255.255,::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff' });
  expect(new Set(connections.map(({ traffic }) => traffic))).toEqual(new Set(['all']));
  // Four endpoints of pods, two of which are crowds and reach themselves; two nodes and the outside, both ways.
  expect(connections).toHaveLength(4 * 3 + 2 + 4 * 3 * 2);
});

test('a filter leaves pairs of others out, and endpoints without pairs', () => {
  const isDb = { isShown: ({ name }: { name?: string }) => name === 'db' };
  const both = matrix([...shop, ...policies], isDb);
  expect(both.connections.every(({ from, to }) => from === 'shop/Pod/db' || to === 'shop/Pod/db')).toBe(true);
  expect(both.endpoints.map(({ id }) => id)).toEqual([
    'shop/Pod/db',
    'shop/Pod/job-1',
    'shop/StatefulSet/web',
    'node:n1',
    'node:n2',
    '0.0.0.0-10.244.0.0,10.244.0.2-203.0.112.255,203.0.113.128-255.255.255.255',
    '203.0.113.0-203.0.113.127',
  ]);
  const into = matrix([...shop, ...policies], { ...isDb, direction: 'ingress' });
  expect(into.connections.map(({ from, to }) => `${from} -> ${to}`)).toEqual([
    'shop/StatefulSet/web -> shop/Pod/db',
    'node:n1 -> shop/Pod/db',
  ]);
  expect(into.endpoints.map(({ id }) => id)).toEqual(['shop/Pod/db', 'shop/StatefulSet/web', 'node:n1']);
  const out = matrix([...shop, ...policies], { ...isDb, direction: 'egress' });
  expect(out.connections.every(({ from }) => from === 'shop/Pod/db')).toBe(true);
});

test('a filter on traffic shows that traffic only', () => {
  const { between, connections } = matrix([...shop, ...policies], { traffic: trafficOf('TCP', [[5433, 5433]]) });
  expect(between('shop/StatefulSet/web', 'shop/Pod/db')?.traffic).toEqual([{ protocol: 'TCP', ports: ['5433'] }]);
  expect(between('node:n1', 'shop/Pod/db')?.traffic).toEqual([{ protocol: 'TCP', ports: ['5433'] }]);
  expect(connections.length).toBeGreaterThan(2);
});

test('reading the connections twice gives the same, and equal parts are one object', () => {
  const { objects } = decodeObject({ apiVersion: 'v1', kind: 'List', items: [...shop, ...policies] });
  const { connections } = connectivityOf(new Analysis(clusterOf(objects)));
  const [first, second] = [[...connections], [...connections]];
  expect(first).toEqual(second);
  expect(new Set(first.map(({ reason }) => reason)).size).toBeLessThan(first.length);
});
