import { describe, expect, it } from 'vitest';
import { node, pod, service } from '#test/kernel/lab-objects.ts';
import { proxyScript, routesOf } from './services.ts';
import { topologyOf } from './topology.ts';

const nodes = [node('n1', ['192.168.0.11']), node('n2', ['192.168.0.12'])];
const pods = [
  pod(1, { node: 'n1', addresses: ['10.0.0.1'] }),
  pod(2, { node: 'n2', addresses: ['10.0.0.2'], ports: [{ name: 'http', protocol: 'TCP', port: 9090 }] }),
  pod(3, { node: 'n2', addresses: ['10.0.0.3'], ports: [] }),
];

describe('routesOf', () => {
  it('resolves named ports on each pod, and leaves out pods without them and families without pods', () => {
    const routes = routesOf(topologyOf([...nodes, ...pods, service('web', {}), service('none', { app: 'nobody' })]));
    expect(
      routes.map(({ service: { name }, family, endpoints }) => [name, family, endpoints.map(({ address, port }) => `${address}:${port}`)]),
    ).toEqual([['web', 4, ['10.0.0.1:8080', '10.0.0.2:9090']]]);
  });
});

describe('proxyScript', () => {
  const local = {
    type: 'NodePort',
    externalTrafficPolicy: 'Local',
    ports: [{ protocol: 'TCP', port: 80, targetPort: 'http', nodePort: 30080 }],
  } as const;
  const chain = (script: string, name: string): string[] =>
    (script.split(`  chain ${name} {\n`)[1]?.split('  }\n')[0] ?? '').split('\n').flatMap((line) => line.trim() || []);

  it('translates cluster addresses to all pods in turn, and masquerades a pod that reaches itself', () => {
    const script = proxyScript(topologyOf([...nodes, ...pods, service('web', {}, { clusterIps: ['10.96.0.50'] })]), 'n1');
    expect(script).toContain('elements = { 10.96.0.50 . tcp . 80 : goto to4-shop-web-tcp-80 }');
    expect(chain(script, 'to4-shop-web-tcp-80')).toEqual([
      'numgen inc mod 2 vmap { 0 : goto to4-shop-web-tcp-80-0, 1 : goto to4-shop-web-tcp-80-1 }',
    ]);
    expect(chain(script, 'to4-shop-web-tcp-80-1')).toEqual([
      'ip saddr 10.0.0.2 meta mark set meta mark or 0x4000',
      'meta l4proto tcp dnat ip to 10.0.0.2:9090',
    ]);
  });

  it('sends node ports of traffic policy Local to the pods of the node only', () => {
    const topology = topologyOf([...nodes, node('n3', ['192.168.0.13']), ...pods, service('web', {}, local)]);
    expect(chain(proxyScript(topology, 'n1'), 'local4-shop-web-tcp-80')).toEqual([
      'numgen inc mod 1 vmap { 0 : goto local4-shop-web-tcp-80-0 }',
    ]);
    expect(chain(proxyScript(topology, 'n3'), 'local4-shop-web-tcp-80')).toEqual(['drop']);
    // What comes from pods is led to all of them.
    expect(chain(proxyScript(topology, 'n3'), 'at4-shop-web-tcp-80')).toEqual([
      'ip saddr @pods4 goto to4-shop-web-tcp-80',
      'goto local4-shop-web-tcp-80',
    ]);
  });

  it('masquerades node ports of traffic policy Cluster', () => {
    const topology = topologyOf([...nodes, ...pods, service('web', {}, { ...local, externalTrafficPolicy: 'Cluster' })]);
    expect(chain(proxyScript(topology, 'n1'), 'at4-shop-web-tcp-80')).toEqual([
      'meta mark set meta mark or 0x4000',
      'goto to4-shop-web-tcp-80',
    ]);
  });
});
