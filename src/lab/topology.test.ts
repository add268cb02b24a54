import { describe, expect, it } from 'vitest';
import { node, pod, service } from '#test/kernel/lab-objects.ts';
import { freshNodeAddresses, unusableReason } from './addresses.ts';
import { topologyOf } from './topology.ts';

const nodesOf = (topology: ReturnType<typeof topologyOf>) =>
  Object.fromEntries(Array.from(topology.pods, ([name, { node: home }]) => [name, home]));

describe('topologyOf', () => {
  it('makes two nodes where the input has none, and spreads pods over them in order of name', () => {
    const topology = topologyOf([pod(3), pod(1), pod(2)]);
    expect([...topology.nodes.keys()]).toEqual(['node-1', 'node-2']);
    expect(topology.nodes.get('node-1')!.addresses).toEqual(['172.18.0.2', 'fd00:172:18::2']);
    expect(nodesOf(topology)).toEqual({ 'shop/p1': 'node-1', 'shop/p2': 'node-2', 'shop/p3': 'node-1' });
    expect(topology.problems).toEqual([]);
    expect([...topology.cluster.namespaces.get('shop')!.pods.values()].map((each) => each.node)).toEqual(
      ['node-1', 'node-2', 'node-1'].sort(),
    );
  });

  it('makes nodes that pods name, keeps those with addresses, and fills the emptiest', () => {
    const topology = topologyOf([node('n1', ['192.168.0.11']), pod(1, { node: 'n2' }), pod(2, { node: 'n2' }), pod(3)]);
    expect(Array.from(topology.nodes, ([name, { addresses }]) => [name, addresses])).toEqual([
      ['n1', ['192.168.0.11']],
      ['n2', ['172.18.0.2', 'fd00:172:18::2']],
    ]);
    expect(nodesOf(topology)['shop/p3']).toBe('n1');
  });

  it('leaves pods and nodes where they were when others come', () => {
    const before = topologyOf([pod(2), pod(3)]);
    const after = topologyOf([pod(1), pod(2), pod(3), pod(4)], {}, before);
    for (const [name, { node: home }] of before.pods) expect(after.pods.get(name)!.node).toBe(home);
    expect(after.nodes.get('node-1')!.addresses).toEqual(before.nodes.get('node-1')!.addresses);
  });

  it('gives hostNetwork pods the addresses of their node', () => {
    const host = { hostNetwork: true, assumedAddress: true };
    const topology = topologyOf([
      node('n1', ['192.168.0.11']),
      node('n2', ['192.168.0.12']),
      pod(1, { ...host, node: 'n2' }),
      pod(2, { ...host, addresses: ['192.168.0.12'] }),
    ]);
    expect(topology.pods.get('shop/p1')).toMatchObject({ node: 'n2', addresses: ['192.168.0.12'], assumedAddress: false });
    expect(topology.pods.get('shop/p2')).toMatchObject({ node: 'n2', addresses: ['192.168.0.12'] });
    expect(topology.problems).toEqual([]);
  });

  it('has no place for finished pods', () => {
    const topology = topologyOf([pod(1, { phase: 'Succeeded' }), pod(2, { phase: 'Pending' }), pod(3, { terminating: true })]);
    expect([...topology.pods.keys()]).toEqual(['shop/p2', 'shop/p3']);
  });

  it('reports addresses that are odd or that two have, and lets the right one have them', () => {
    const { pods, problems, externals } = topologyOf(
      [
        node('n1', ['192.168.0.11', '127.0.0.1']),
        pod(1, { addresses: ['10.0.0.1', 'fe80::1'] }),
        pod(2, { addresses: ['10.0.0.1'], terminating: true }),
        pod(3, { addresses: ['192.168.0.11'] }),
        pod(4, { addresses: [] }),
        pod(5, { hostNetwork: true, addresses: ['10.0.0.5'] }),
      ],
      { externals: ['10.0.0.1', '224.0.0.1', '198.51.100.007', '2001:DB8::10', '198.51.100.7'] },
    );
    expect(pods.get('shop/p1')!.addresses).toEqual(['10.0.0.1']);
    expect([...pods.keys()]).toEqual(['shop/p1', 'shop/p5']);
    expect(externals).toEqual(['198.51.100.7', '2001:db8::10', '203.0.113.10']);
    expect(problems.map(({ object, message }) => `${object}: ${message}`)).toEqual([
      'Node n1: 127.0.0.1 cannot be an address in the lab: it is a loopback address',
      'Pod shop/p5: 10.0.0.5 is no address of its node n1',
      'Pod shop/p1: fe80::1 cannot be an address in the lab: it is a link-local address',
      'Pod shop/p2: 10.0.0.1 is the address of Pod shop/p1 too',
      'Pod shop/p3: 192.168.0.11 is the address of Node n1 too',
      'Pod shop/p4: it has no address',
      'external 10.0.0.1: it is the address of Pod shop/p1',
      'external 224.0.0.1: 224.0.0.1 cannot be an address in the lab: it is a multicast address',
      'external 198.51.100.007: 198.51.100.007 cannot be an address in the lab: it is not an IP address',
    ]);
  });

  it('gives Services addresses and node ports that nobody has', () => {
    const ports = [{ protocol: 'TCP', port: 80, targetPort: 80 }] as const;
    const { cluster, problems } = topologyOf([
      service('c', {}, { type: 'NodePort', ports: [{ ...ports[0], nodePort: 30000 }] }),
      service('a', {}),
      service('b', {}, { type: 'NodePort', clusterIps: ['10.96.0.11'], ports }),
      service('d', {}, { type: 'NodePort', clusterIps: ['10.96.0.11'], ports: [{ ...ports[0], nodePort: 30000 }] }),
    ]);
    const services = [...cluster.namespaces.get('shop')!.services.values()];
    expect(Object.fromEntries(services.map((each) => [each.name, [...each.clusterIps, each.ports[0]!.nodePort]]))).toEqual({
      a: ['10.96.0.12', 'fd00:10:96::b', undefined],
      b: ['10.96.0.11', 30001],
      c: ['10.96.0.13', 'fd00:10:96::c', 30000],
      d: ['10.96.0.14', 'fd00:10:96::d', 30002],
    });
    expect(problems).toEqual([
      { object: 'Service shop/d', message: '10.96.0.11 is that of Service shop/b too' },
      { object: 'Service shop/d', message: 'node port 30000 is that of Service shop/c too' },
    ]);
  });
});

describe('addresses', () => {
  it('of nodes lie outside the networks of pods', () => {
    expect(freshNodeAddresses(['172.18.3.4'], new Set(['192.168.0.2']))()).toEqual(['192.168.0.3', 'fd00:172:18::2']);
  });

  it.each(['0.1.2.3', '::1', '::', '169.254.1.1', 'ff02::1', '255.255.255.255', 'x'])('%s is nobody’s', (address) => {
    expect(unusableReason(address)).toBeDefined();
  });

  it.each(['8.8.8.8', '240.0.0.1', 'fd00::1', '10.0.0.0'])('%s can be somebody’s', (address) => {
    expect(unusableReason(address)).toBeUndefined();
  });
});
