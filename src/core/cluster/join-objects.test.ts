import { describe, expect, it } from 'vitest';
import { examplePod } from '#test/example-pod.ts';
import type { NetworkPolicy, Pod } from '../api/types.ts';
import { everything } from '../label/selector.ts';
import { joinObjects } from './join-objects.ts';

const podOf = (name: string, labels: Pod['labels'], more: Partial<Pod> = {}): Pod => examplePod('shop', name, { labels, ...more });

const policyOf = (name: string, more: Partial<NetworkPolicy> = {}): NetworkPolicy => ({
  kind: 'NetworkPolicy',
  namespace: 'shop',
  name,
  subject: everything,
  ...more,
});

const web = { kind: 'Deployment', name: 'web' };

describe('joinObjects', () => {
  it('is one source where there is but one', () => {
    const objects = [policyOf('a'), podOf('b', {})];
    expect(joinObjects([objects])).toBe(objects);
    expect(joinObjects([[], objects])).toBe(objects);
    expect(joinObjects([])).toEqual([]);
  });

  it('replaces objects of the same kind and name, and leaves the others as they are', () => {
    const later = policyOf('a', { ingress: [] });
    expect(joinObjects([[policyOf('a'), policyOf('b'), podOf('a', {})], [later]])).toEqual([policyOf('b'), podOf('a', {}), later]);
  });

  it('lets the pods of a workload become what its manifest says, with the names, nodes and addresses that they have', () => {
    const there = [
      podOf('web-5d4-aaaaa', { app: 'web', 'pod-template-hash': '5d4' }, { owner: web, addresses: ['10.244.1.2'], node: 'n1' }),
      podOf('web-5d4-bbbbb', { app: 'web', 'pod-template-hash': '5d4' }, { owner: web, addresses: ['10.244.2.2'], node: 'n2' }),
    ];
    const made = podOf('web-0', { app: 'web', tier: 'front' }, { owner: web, ports: [{ protocol: 'TCP', port: 8080 }] });
    expect(joinObjects([there, [made]])).toEqual([
      { ...made, name: 'web-5d4-aaaaa', labels: { ...made.labels, 'pod-template-hash': '5d4' }, addresses: ['10.244.1.2'], node: 'n1' },
      { ...made, name: 'web-5d4-bbbbb', labels: { ...made.labels, 'pod-template-hash': '5d4' }, addresses: ['10.244.2.2'], node: 'n2' },
    ]);
  });

  it('does not keep the address of a pod that goes to the network of its node, or comes from it', () => {
    const there = podOf('web-a', {}, { owner: web, addresses: ['10.244.1.2'], node: 'n1' });
    const [pod] = joinObjects([[there], [podOf('web-0', {}, { owner: web, hostNetwork: true })]]);
    expect(pod).toMatchObject({ name: 'web-a', addresses: [], node: 'n1', hostNetwork: true });
  });

  it('gives each pod of a StatefulSet its own labels, and as many as the manifest has', () => {
    const owner = { kind: 'StatefulSet', name: 'db' };
    const there = ['db-0', 'db-1'].map((name, index) => podOf(name, {}, { owner, addresses: [`10.244.1.${index}`] }));
    const made = ['db-0'].map((name) => podOf(name, { 'statefulset.kubernetes.io/pod-name': name }, { owner }));
    expect(joinObjects([there, made])).toEqual([{ ...made[0], addresses: ['10.244.1.0'] }]);
  });

  it('takes pods that run instead of those that others had of their workload', () => {
    const running = [podOf('web-x', {}, { owner: web, addresses: ['10.244.1.7'] })];
    expect(joinObjects([[podOf('web-0', {}, { owner: web }), podOf('web-1', {}, { owner: web })], running])).toEqual(running);
  });
});
