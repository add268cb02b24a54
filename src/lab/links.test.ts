import { describe, expect, it } from 'vitest';
import { node, pod } from '#test/kernel/lab-objects.ts';
import { type Change, changeBetween } from './links.ts';
import { topologyOf } from './topology.ts';

const nodes = [node('n1', ['192.168.0.11']), node('n2', ['192.168.0.12'])];
const topology = (...objects: Parameters<typeof topologyOf>[0][number][]) => topologyOf([...nodes, ...objects]);
const commandsOf = ({ stages }: Change, namespace: string): string[] => stages.flatMap((stage) => stage.get(namespace) ?? []);

describe('changeBetween', () => {
  const [a, b] = [pod(1, { node: 'n1' }), pod(2, { node: 'n2', addresses: ['10.0.0.2'] })];

  it('makes every namespace before the links into it, and routes to everybody', () => {
    const change = changeBetween(undefined, topology(a), [4, 6]);
    expect(change.fresh).toEqual(['wire', 'outside', 'node:n1', 'node:n2', 'shop/p1']);
    expect(commandsOf(change, 'shop/p1')).toEqual([
      'link set lo up',
      'link set eth0 up arp off',
      'address add 10.244.0.1/32 dev eth0',
      'address add fd00:10:244::1/128 dev eth0 nodad',
      'route add default via 169.254.1.1 dev eth0 onlink',
      'route add default via fe80::1 dev eth0 onlink',
    ]);
    expect(commandsOf(change, 'node:n1').slice(-4)).toEqual([
      expect.stringMatching(/^link add (veth[0-9a-f]{11}) address (\S+) type veth peer name eth0 address \2 netns \{shop\/p1\}$/),
      expect.stringMatching(/^link set veth\w+ up arp off$/),
      expect.stringMatching(/^route add 10\.244\.0\.1\/32 dev veth\w+$/),
      expect.stringMatching(/^route add fd00:10:244::1\/128 dev veth\w+$/),
    ]);
    expect(commandsOf(change, 'wire')).toContainEqual(
      expect.stringMatching(/^route add 10\.244\.0\.1\/32 via 169\.254\.1\.1 dev node\w+ onlink$/),
    );
    const order = change.stages.map((stage) => [...stage.keys()]);
    expect(order).toEqual([['wire'], ['outside', 'node:n1', 'node:n2'], ['shop/p1']]);
  });

  it('leaves out the family that the kernel does not know', () => {
    const { stages } = changeBetween(undefined, topology(a), [4]);
    expect(stages.flatMap((stage) => [...stage.values()].flat()).filter((command) => /:[0-9a-f:]*\/|fe80/.test(command))).toEqual([]);
  });

  it('does nothing for what stays', () => {
    const before = topology(a, b);
    expect(changeBetween(before, topology(a, b), [4, 6])).toEqual({ fresh: [], stages: [], gone: [] });
  });

  it('adds and removes only what comes and goes', () => {
    const change = changeBetween(topology(a), topology(b), [4, 6]);
    expect([change.gone, change.fresh]).toEqual([['shop/p1'], ['shop/p2']]);
    expect(commandsOf(change, 'node:n1')).toEqual([expect.stringMatching(/^link set veth\w+ group 7$/), 'link delete group 7']);
    expect(commandsOf(change, 'wire').map((command) => command.split(' ').slice(0, 3).join(' '))).toEqual([
      'route delete 10.244.0.1/32',
      'route delete fd00:10:244::1/128',
      'route add 10.0.0.2/32',
    ]);
  });

  it('makes a node with other addresses anew, with its pods', () => {
    const before = topology(a, b);
    const after = topologyOf([node('n1', ['192.168.0.99']), nodes[1]!, a, b]);
    const change = changeBetween(before, after, [4, 6]);
    expect([change.gone, change.fresh]).toEqual([
      ['shop/p1', 'node:n1'],
      ['node:n1', 'shop/p1'],
    ]);
  });

  it('makes no namespace for a hostNetwork pod', () => {
    expect(changeBetween(topology(), topology(pod(1, { hostNetwork: true, node: 'n1', addresses: [] })), [4, 6]).fresh).toEqual([]);
  });

  it('moves hosts outside without anybody noticing', () => {
    const change = changeBetween(topologyOf(nodes, { externals: ['8.8.8.8'] }), topologyOf(nodes, { externals: ['9.9.9.9'] }), [4, 6]);
    expect(commandsOf(change, 'outside')).toEqual(['address delete 8.8.8.8/32 dev lo', 'address add 9.9.9.9/32 dev lo']);
    expect([change.fresh, change.gone]).toEqual([[], []]);
  });
});
