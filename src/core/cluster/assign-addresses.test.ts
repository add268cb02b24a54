import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { examplePod } from '#test/example-pod.ts';
import type { KubernetesObject, Node, Pod } from '../api/types.ts';
import { assignAddresses } from './assign-addresses.ts';

const nodeOf = (name: string, addresses: string[]): Node => ({ kind: 'Node', name, labels: {}, addresses, podCidrs: [] });

const addressesOf = (objects: readonly KubernetesObject[], name: string): readonly string[] =>
  (objects.find((object) => object.name === name) as Pod).addresses;

describe('assignAddresses', () => {
  it('goes by namespace and name, passes over what is taken, and keeps the order of the objects', () => {
    const objects = [
      examplePod('b', 'c'),
      examplePod('a', 'z'),
      nodeOf('n', ['10.244.0.2']),
      examplePod('a', 'y', { addresses: ['10.244.0.1'] }),
    ];
    const assigned = assignAddresses(objects);
    expect(assigned.map(({ name }) => name)).toEqual(['c', 'z', 'n', 'y']);
    expect(addressesOf(assigned, 'z')).toEqual(['10.244.0.3', 'fd00:10:244::1']);
    expect(addressesOf(assigned, 'c')).toEqual(['10.244.0.4', 'fd00:10:244::2']);
    expect(assigned.map((object) => (object as Pod).assumedAddress)).toEqual([true, true, undefined, false]);
    expect(assigned[3]).toBe(objects[3]);
  });

  it('gives a pod what it was given before, where nobody has that now', () => {
    const before = assignAddresses([examplePod('x', 'b'), examplePod('x', 'd')], ['10.1.0.0/16']);
    const after = [examplePod('x', 'a'), examplePod('x', 'b'), examplePod('x', 'c', { addresses: ['10.1.0.2'] }), examplePod('x', 'd')];
    const assigned = assignAddresses(after, ['10.1.0.0/16'], before);
    expect(after.map(({ name }) => addressesOf(assigned, name))).toEqual([['10.1.0.3'], ['10.1.0.1'], ['10.1.0.2'], ['10.1.0.4']]);
  });

  it('takes the families of the given ranges, one after the other', () => {
    const objects = ['a', 'b', 'c', 'd', 'e'].map((name) => examplePod('x', name));
    const assigned = assignAddresses(objects, ['192.0.2.0/30', '192.0.2.8/30']);
    expect(objects.map(({ name }) => addressesOf(assigned, name))).toEqual([
      ['192.0.2.1'],
      ['192.0.2.2'],
      ['192.0.2.9'],
      ['192.0.2.10'],
      [],
    ]);
  });

  it('gives a hostNetwork pod the addresses of its node, as a fact', () => {
    const node = nodeOf('n', ['192.168.0.1', '192.168.0.2', 'fd00::1']);
    const assigned = assignAddresses([node, examplePod('x', 'a', { hostNetwork: true, node: 'n' })]);
    expect(addressesOf(assigned, 'a')).toEqual(['192.168.0.1', 'fd00::1']);
    expect((assigned[1] as Pod).assumedAddress).toBe(false);
  });

  it('assumes one of a hostNetwork pod whose node is not known, after those of all other pods', () => {
    const objects = [examplePod('x', 'a', { hostNetwork: true, node: 'n' }), examplePod('x', 'b'), nodeOf('m', ['192.168.0.1'])];
    const assigned = assignAddresses(objects, ['10.1.0.0/16']);
    expect(objects.slice(0, 2).map(({ name }) => addressesOf(assigned, name))).toEqual([['10.1.0.2'], ['10.1.0.1']]);
    expect((assigned[0] as Pod).assumedAddress).toBe(true);
  });

  it('refuses a range that is none', () => {
    expect(() => assignAddresses([], ['10.0.0.0'])).toThrow('10.0.0.0 is no CIDR');
  });

  it('never gives an address twice, and does not depend on the order of the objects', () => {
    const pods = fc.uniqueArray(
      fc.record({
        namespace: fc.constantFrom('a', 'b'),
        name: fc.stringMatching(/^[a-z]{1,2}$/),
        addresses: fc.constantFrom([], [], ['10.244.0.1'], ['10.244.0.3', 'fd00:10:244::2']),
      }),
      { selector: ({ namespace, name }) => `${namespace}/${name}` },
    );
    fc.assert(
      fc.property(pods, fc.infiniteStream(fc.nat()), (written, keys) => {
        const objects = written.map(({ namespace, name, addresses }) => examplePod(namespace, name, { addresses }));
        const assigned = assignAddresses(objects);
        const fresh = assigned.filter((pod) => (pod as Pod).assumedAddress).flatMap((pod) => (pod as Pod).addresses);
        expect(new Set(fresh).size).toBe(fresh.length);
        for (const { addresses } of objects) for (const address of addresses) expect(fresh).not.toContain(address);
        const shuffled = objects.map((object) => ({ object, key: keys.next().value as number })).sort((a, b) => a.key - b.key);
        const again = assignAddresses(shuffled.map(({ object }) => object));
        expect(new Set(again.map((pod) => JSON.stringify(pod)))).toEqual(new Set(assigned.map((pod) => JSON.stringify(pod))));
      }),
    );
  });
});
