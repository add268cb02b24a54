import { expect, test } from 'vitest';
import type { Node, Pod } from '../api/types.ts';
import { AddressIndex } from './address-index.ts';

const pod = (name: string, rest: Partial<Pod> = {}): Pod => ({
  kind: 'Pod',
  namespace: 'x',
  name,
  labels: {},
  addresses: ['10.0.0.1'],
  assumedAddress: false,
  hostNetwork: false,
  phase: 'Running',
  terminating: false,
  ports: [],
  ...rest,
});
const node: Node = { kind: 'Node', name: 'n', labels: {}, addresses: ['10.0.0.1'], podCidrs: [] };

test('of two pods that claim an address the live one has it, then the one that stays, then the running one', () => {
  const inOrder = [
    pod('d'),
    pod('c', { phase: 'Pending' }),
    pod('b', { terminating: true }),
    pod('a', { phase: 'Succeeded' }),
    pod('0', { phase: 'Failed', terminating: true }),
  ];
  const index = new AddressIndex(() => {});
  for (const each of inOrder.toReversed()) index.claim('10.0.0.1', each);
  for (const each of inOrder) {
    expect(index.ownerOf('10.0.0.1')).toBe(each);
    index.unclaim('10.0.0.1', each);
  }
  expect(index.ownerOf('10.0.0.1')).toBeUndefined();
});

test('a pod that claims its address again leaves nothing behind when it goes', () => {
  const index = new AddressIndex(() => {});
  const a = pod('a');
  index.setNode(node);
  index.claim('10.0.0.1', a);
  index.claim('10.0.0.1', a);
  expect(index.ownerOf('10.0.0.1')).toBe(a);
  index.unclaim('10.0.0.1', a);
  expect(index.ownerOf('10.0.0.1')).toBe(node);
});
