import { describe, expect, test } from 'vitest';
import { decodeObject } from '../api/decode.ts';
import { clusterOf } from '../cluster/cluster.ts';
import { Analysis } from './analysis.ts';
import { type CheckAnswer, checkConnection } from './answer.ts';
import type { Flow } from './check.ts';
import { isUnanswerable } from './unanswerable.ts';

// What a Service changes of what policy sees: semantics.md section 4.5.

const node = (name: string, address: string): object => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name },
  status: { addresses: [{ type: 'InternalIP', address }] },
});

const pod = (name: string, ip: string, nodeName: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels: { app: name.split('-')[0] } },
  spec: { nodeName, containers: [{ name: 'main', image: 'none', ports: [{ name: 'http', containerPort: 8080 }] }] },
  status: { podIP: ip },
});

const service = (spec: object, status?: object): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { clusterIP: '10.96.0.1', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http', nodePort: 30080 }], ...spec },
  ...(status && { status }),
});

const slice = (name: string, of: string, addresses: readonly string[], port: object, namespace = 'shop'): object => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name, namespace, labels: { 'kubernetes.io/service-name': of } },
  addressType: 'IPv4',
  endpoints: addresses.map((address) => ({ addresses: [address] })),
  ports: [port],
});

const policy = (name: string, spec: object): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: 'shop' },
  spec,
});

const blocks = (...cidrs: string[]): object[] => cidrs.map((cidr) => ({ ipBlock: { cidr } }));
const webFrom = (...cidrs: string[]): object =>
  policy('web', { podSelector: { matchLabels: { app: 'web' } }, ingress: [{ from: blocks(...cidrs) }] });
const clientTo = (...cidrs: string[]): object =>
  policy('client', { podSelector: { matchLabels: { app: 'client' } }, policyTypes: ['Egress'], egress: [{ to: blocks(...cidrs) }] });

const [first, second, third] = ['192.168.0.11', '192.168.0.12', '192.168.0.13'];
const shop = [
  node('n1', first!),
  node('n2', second!),
  node('n3', third!),
  pod('web-1', '10.244.1.1', 'n1'),
  pod('web-2', '10.244.2.1', 'n2'),
  pod('client', '10.244.3.1', 'n3'),
];

function answer(objects: readonly object[], flow: Flow): CheckAnswer {
  const { objects: decoded, diagnostics } = decodeObject({ apiVersion: 'v1', kind: 'List', items: objects });
  expect(diagnostics).toEqual([]);
  const answered = checkConnection(new Analysis(clusterOf(decoded)), flow);
  if (isUnanswerable(answered)) throw new Error(answered.error);
  return answered;
}

const codes = ({ notes = [] }: CheckAnswer): string[] => notes.map(({ code }) => code);
const stranger = '203.0.113.7';

describe('a ClusterIP', () => {
  const asked: Flow = { from: 'shop/client', to: 'shop/service/web', port: 80 };

  test('is seen as the pods and ports behind it, at both gates', () => {
    const open = answer([...shop, service({}), clientTo('10.244.0.0/16'), webFrom('10.244.3.1/32')], asked);
    expect(open).toMatchObject({
      allowed: true,
      targetPorts: [8080],
      via: { service: { id: 'shop/Service/web' }, way: 'name' },
    });
    expect(codes(open)).toEqual(['port-translated']);
  });

  test('is not what an ipBlock can name', () => {
    const closed = answer([...shop, service({}), clientTo('10.96.0.1/32')], asked);
    expect(closed.allowed).toBe(false);
    expect(codes(closed)).toEqual(['port-translated', 'block-of-cluster-ip']);
  });

  test('asked from outside is a question about policy alone, and says so', () => {
    expect(codes(answer([...shop, service({})], { ...asked, from: stranger }))).toEqual(['port-translated', 'closed-to-outside']);
  });

  test('with internalTrafficPolicy Local leads to pods of the own node only', () => {
    const local = service({ internalTrafficPolicy: 'Local' });
    const near = pod('web-3', '10.244.3.2', 'n3');
    const answered = answer([...shop, near, local, policy('none', { podSelector: { matchLabels: { app: 'web' } } })], asked);
    expect(answered).toMatchObject({ allowed: false, ingress: { allowed: false } });
    expect(answered.results).toBeUndefined();
    expect(codes(answered)).toContain('local-endpoints');
    expect(() => answer([...shop, local], asked)).toThrow('leads nowhere from shop/Pod/client: its traffic policy is Local');
  });

  test('that is headless has no port of its own', () => {
    const headless = service({ clusterIP: 'None', ports: [{ port: 8080, targetPort: 8080 }] });
    expect(codes(answer([...shop, headless], { ...asked, port: 8080 }))).toEqual(['headless']);
    const renamed = answer([...shop, service({ clusterIP: 'None' })], asked);
    expect(renamed.notes?.[0]?.message).toContain('clients that read ports from DNS (SRV records) arrive at 8080');
    // Whoever dials another port of its name arrives there, whether it lists ports or not.
    for (const ports of [[{ port: 80 }], []]) {
      const dialled = answer([...shop, service({ clusterIP: 'None', ports })], { ...asked, port: 9090 });
      expect([dialled.targetPorts ?? [9090], codes(dialled)]).toEqual([[9090], ['headless']]);
    }
  });
});

describe('a Service without selector', () => {
  const ports = [{ name: 'db', port: 5432, targetPort: 5432 }];
  const flow: Flow = { from: 'shop/client', to: 'shop/service/db', port: 5432 };
  const db = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'db', namespace: 'shop' }, spec: { ports } };

  test('leads to the addresses of its slices, whoever has them', () => {
    const behind = slice('db-1', 'db', ['198.51.100.9', '10.244.1.1'], { name: 'db', port: 6432 });
    const answered = answer([...shop, db, behind, clientTo('198.51.100.0/24')], flow);
    expect(answered).toMatchObject({ allowed: false, targetPorts: [6432] });
    expect(answered.results?.map(({ to, port, allowed }) => ({ to, port, allowed }))).toEqual([
      { to: ['198.51.100.9'], port: 6432, allowed: true },
      { to: ['shop/Pod/web-1'], port: 6432, allowed: false },
    ]);
    expect(codes(answered)).toEqual(['port-translated', 'no-selector']);
  });

  test('and without slices can not be asked about', () => {
    expect(() => answer([...shop, db], flow)).toThrow('no EndpointSlice says who is behind its port TCP/5432');
    const otherPort = slice('db-1', 'db', ['198.51.100.9'], { name: 'metrics', port: 9000 });
    expect(() => answer([...shop, db, otherPort], flow)).toThrow('no EndpointSlice');
  });

  test('of the API server says where the API server is', () => {
    const kubernetes = slice('kubernetes', 'kubernetes', ['198.51.100.1'], { name: 'https', port: 6443 }, 'default');
    const toServer: Flow = { from: 'shop/client', to: 'apiserver', port: 6443 };
    expect(answer([...shop, kubernetes, clientTo('198.51.100.1/32')], toServer)).toMatchObject({ allowed: true, to: { id: 'apiserver' } });
    expect(answer([...shop, kubernetes, clientTo('198.51.100.2/32')], toServer)).toMatchObject({ allowed: false });
  });
});

describe('a port of a node', () => {
  const nodePort = (more: object = {}): object => service({ type: 'NodePort', ...more });
  const through = (name: string): Flow => ({ from: stranger, to: `node:${name}`, port: 30080 });

  test('shows the client to pods of that node, and the node to all others', () => {
    const answered = answer([...shop, nodePort(), webFrom(`${stranger}/32`)], through('n1'));
    expect(answered).toMatchObject({ to: { id: 'node:n1', kind: 'Node' }, allowed: false, via: { way: 'node-port', node: 'n1' } });
    expect(answered.results?.map(({ to, seenAs, allowed }) => ({ to, seenAs, allowed }))).toEqual([
      { to: ['shop/Pod/web-1'], seenAs: undefined, allowed: true },
      { to: ['shop/Pod/web-2'], seenAs: { ingress: 'node:n1' }, allowed: false },
    ]);
    expect(codes(answered)).toEqual(['port-translated', 'source-replaced']);
    expect(answer([...shop, nodePort(), webFrom(`${stranger}/32`, `${first}/32`)], through('n1')).allowed).toBe(true);
  });

  test('with externalTrafficPolicy Local leads to pods of that node, which see the client', () => {
    const local = nodePort({ externalTrafficPolicy: 'Local' });
    const answered = answer([...shop, local, webFrom(`${stranger}/32`)], through('n2'));
    expect(answered).toMatchObject({ allowed: true });
    expect(codes(answered)).toEqual(['port-translated', 'source-kept']);
    expect(() => answer([...shop, local], through('n3'))).toThrow('node:n3 leads nowhere from 203.0.113.7');
  });

  test('is what the gate of a pod on another node sees; its own node has translated it', () => {
    const fromClient = (name: string): Flow => ({ from: 'shop/client', to: `node:${name}`, port: 30080 });
    const toNodes = clientTo(`${first}/32`);
    expect(answer([...shop, nodePort(), toNodes], fromClient('n1')).allowed).toBe(true);
    expect(answer([...shop, nodePort(), toNodes], fromClient('n3')).allowed).toBe(false);
    expect(answer([...shop, nodePort(), clientTo('10.244.0.0/16')], fromClient('n3')).allowed).toBe(true);
    // Pods keep their source where traffic is Local, and are led to all endpoints.
    const local = nodePort({ externalTrafficPolicy: 'Local' });
    expect(answer([...shop, local, webFrom('10.244.3.1/32')], fromClient('n1')).allowed).toBe(true);
    expect(answer([...shop, nodePort(), webFrom('10.244.3.1/32')], fromClient('n1')).allowed).toBe(false);
  });

  test('that no Service has is the node itself', () => {
    expect(answer([...shop, nodePort(), clientTo(`${first}/32`)], { from: 'shop/client', to: 'node:n1', port: 22 })).toMatchObject({
      allowed: true,
      to: { id: 'node:n1', ip: first },
    });
  });
});

describe('a load balancer', () => {
  const balanced = (more: object = {}): object =>
    service({ type: 'LoadBalancer', ...more }, { loadBalancer: { ingress: [{ ip: '198.51.100.80' }] } });

  test('shows the client, or the node that it comes to, to each pod', () => {
    const flow: Flow = { from: stranger, to: 'shop/service/web', port: 80 };
    expect(answer([...shop, balanced(), webFrom(`${stranger}/32`)], flow).allowed).toBe(false);
    const whole = answer([...shop, balanced(), webFrom(`${stranger}/32`, '192.168.0.0/24')], flow);
    expect(whole.allowed).toBe(true);
    expect(codes(whole)).toEqual(['port-translated', 'source-replaced', 'load-balancer']);
    const kept = answer([...shop, balanced({ externalTrafficPolicy: 'Local' }), webFrom(`${stranger}/32`)], flow);
    expect(kept.allowed).toBe(true);
    expect(codes(kept)).toEqual(['port-translated', 'source-kept', 'load-balancer']);
  });

  test('is taken by the own node of a pod', () => {
    const flow: Flow = { from: 'shop/client', to: '198.51.100.80', port: 80 };
    const objects = [...shop, balanced(), clientTo('10.244.0.0/16')];
    expect(answer([...objects, webFrom('10.244.3.1/32')], flow).allowed).toBe(false);
    expect(answer([...objects, webFrom(`${third}/32`)], flow)).toMatchObject({ allowed: true, via: { way: 'load-balancer' } });
  });

  test.each([
    [stranger, 'the source is among them'],
    ['203.0.114.7', 'the source is not among them'],
    ['203.0.112.0/22', 'a part of the source is among them'],
    ['203.0.113.64/26', 'the source is among them'],
  ])('lets in the ranges of its Service alone: %s', (from, where) => {
    const objects = [...shop, balanced({ loadBalancerSourceRanges: [' 203.0.113.0/24 ', '2001:db8::/32'] })];
    const note = {
      code: 'source-ranges',
      message: `loadBalancerSourceRanges of Service shop/web lets in 203.0.113.0/24, 2001:db8::/32 alone, whatever policy says: ${where}`,
    };
    expect(answer(objects, { from, to: 'shop/service/web', port: 80 }).notes).toContainEqual(note);
    expect(answer(objects, { from, to: '198.51.100.80', port: 80 }).notes).toContainEqual(note);
    expect(codes(answer(objects, { from, to: 'shop/web-1', port: 8080 }))).toEqual([]);
  });

  test('asks a pod for its address, too, but not behind the cluster address', () => {
    const objects = [...shop, balanced({ loadBalancerSourceRanges: ['203.0.113.0/24'] })];
    expect(codes(answer(objects, { from: 'shop/client', to: '198.51.100.80', port: 80 }))).toContain('source-ranges');
    expect(codes(answer(objects, { from: 'shop/client', to: 'shop/service/web', port: 80 }))).not.toContain('source-ranges');
  });

  test('without known nodes leaves it open what pods see', () => {
    const nodeless = ['web-1', 'client'].map((name, index) => ({ ...(pod(name, `10.244.0.${index + 1}`, 'n') as object) }));
    expect(codes(answer([...nodeless, balanced()], { from: stranger, to: 'shop/service/web', port: 80 }))).toEqual([
      'port-translated',
      'nodes-unknown',
      'load-balancer',
    ]);
  });
});
