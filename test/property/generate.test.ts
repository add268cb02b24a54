import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeObject } from '#core/api/decode.ts';
import { directions, type KubernetesObject, type Pod } from '#core/api/types.ts';
import { clusterOf } from '#core/cluster/cluster.ts';
import { defaultDeny, isolation } from '#core/generate/default-deny.ts';
import type { Generated } from '#core/generate/generated-policy.ts';
import type { PolicyModel } from '#core/policy/policy-model.ts';
import { decoded, namespaceNames, rawCluster } from './arbitraries.ts';
import { freshModel, verdictOf } from './judging.ts';

const dnsAddresses = ['10.244.9.53', 'fd00:10:244::9:53'];

/** A DNS that serves another port than the one it is asked at, and a cache on the nodes. */
const dnsObjects: readonly KubernetesObject[] = decodeObject({
  apiVersion: 'v1',
  kind: 'List',
  items: [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'kube-dns', namespace: 'kube-system' },
      spec: {
        clusterIP: '10.96.0.10',
        selector: { 'k8s-app': 'kube-dns' },
        ports: [
          { name: 'dns', port: 53, protocol: 'UDP', targetPort: 'dns' },
          { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 5353 },
        ],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'coredns', namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns', 'pod-template-hash': 'x' } },
      spec: { containers: [{ name: 'dns', image: 'none', ports: [{ name: 'dns', containerPort: 5353, protocol: 'UDP' }] }] },
      status: { phase: 'Running', podIP: dnsAddresses[0], podIPs: dnsAddresses.map((ip) => ({ ip })) },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'cache', namespace: 'kube-system', labels: { 'k8s-app': 'node-local-dns' } },
      spec: { hostNetwork: true, containers: [{ name: 'cache', image: 'none' }] },
      status: { phase: 'Running' },
    },
  ],
}).objects;

const question = fc.record({
  raw: rawCluster,
  namespaces: fc.subarray([...namespaceNames], { minLength: 1 }),
  directions: fc.subarray([...directions], { minLength: 1 }),
  make: fc.constantFrom(defaultDeny, isolation),
});

/** The objects with those that were generated, each through the door as it would be applied. */
function applied(objects: readonly KubernetesObject[], { policies }: Generated): KubernetesObject[] {
  const read = policies.map(({ manifest }) => decodeObject(manifest));
  expect(read.flatMap(({ diagnostics }) => diagnostics)).toEqual([]);
  const added = read.flatMap((each) => each.objects);
  const names = new Set(objects.map(({ kind, name, ...object }) => `${kind} ${'namespace' in object ? object.namespace : ''} ${name}`));
  for (const object of added)
    expect(names.has(`${object.kind} ${'namespace' in object ? object.namespace : ''} ${object.name}`)).toBe(false);
  return [...objects, ...added];
}

/** The pods that policies isolate, with an address. */
const policed = (model: PolicyModel, objects: readonly KubernetesObject[]): (readonly [Pod, string])[] =>
  objects.flatMap((object) =>
    object.kind !== 'Pod'
      ? []
      : object.addresses.flatMap((address) => {
          const owner = model.ownerOf(address);
          return owner.kind === 'Pod' && owner.pod === object ? [[object, address] as const] : [];
        }),
  );

const isSix = (address: string): boolean => address.includes(':');

test('a default deny and an isolation close what they say, leave the DNS open, and are not written twice', () => {
  fc.assert(
    fc.property(question, ({ raw, namespaces, directions: ways, make }) => {
      const scope = { namespaces: namespaces.filter((name) => raw.pods.some(({ ns }) => ns === name)), directions: ways };
      const bare = [...decoded({ ...raw, policies: [] }), ...dnsObjects];
      const objects = applied(bare, make(clusterOf(bare), scope));
      const model = freshModel(objects);
      const everybody = [...policed(model, objects), ['8.8.8.8', '8.8.8.8'] as const, ['2001:db8::1', '2001:db8::1'] as const];
      for (const [pod, address] of policed(model, objects)) {
        if (!scope.namespaces.includes(pod.namespace)) continue;
        for (const [other, remote] of everybody) {
          if (isSix(remote) !== isSix(address) || other === pod) continue;
          const isDns = dnsAddresses.includes(remote);
          const isNear = make === isolation && typeof other === 'object' && other.namespace === pod.namespace;
          const out = verdictOf(model, { from: address, to: remote, protocol: 'TCP', port: 5353 }).egress;
          expect(out.allowed).toBe(isDns || isNear || !ways.includes('egress'));
          const dns = verdictOf(model, { from: address, to: remote, protocol: 'UDP', port: 5353 }).egress;
          expect(dns.allowed).toBe(out.allowed);
          const asIfService = verdictOf(model, { from: address, to: remote, protocol: 'UDP', port: 53 }).egress;
          expect(asIfService.allowed).toBe(isNear || !ways.includes('egress'));
          const into = verdictOf(model, { from: remote, to: address, protocol: 'TCP', port: 5353 }).ingress;
          expect(into.allowed).toBe(isNear || !ways.includes('ingress'));
        }
        if (isSix(address)) continue;
        for (const cache of ['169.254.20.10', '10.96.0.10'])
          expect(verdictOf(model, { from: address, to: cache, protocol: 'UDP', port: 53 }).egress.allowed).toBe(true);
      }
      expect(make(clusterOf(objects), scope).policies).toEqual([]);
    }),
    { numRuns: 150 },
  );
});

test('beside the policies that are there it opens nothing but the DNS, and what it wrote is enough', () => {
  fc.assert(
    fc.property(question, ({ raw, namespaces, directions: ways, make }) => {
      const scope = { namespaces: namespaces.filter((name) => raw.pods.some(({ ns }) => ns === name)), directions: ways };
      const before = [...decoded({ ...raw, policies: raw.policies.filter(({ kind }) => kind === 'NetworkPolicy') }), ...dnsObjects];
      const objects = applied(before, make(clusterOf(before), scope));
      const [was, is] = [freshModel(before), freshModel(objects)];
      for (const [pod, address] of policed(is, objects)) {
        if (!scope.namespaces.includes(pod.namespace)) continue;
        for (const direction of ways) {
          const owner = is.ownerOf(address);
          expect(owner.kind === 'Pod' && is.policiesOf(owner.class, direction).length > 0).toBe(true);
        }
        const [dns] = dnsAddresses.filter((each) => isSix(each) === isSix(address));
        if (ways.includes('egress'))
          for (const protocol of ['TCP', 'UDP'])
            expect(verdictOf(is, { from: address, to: dns!, protocol, port: 5353 }).egress.allowed).toBe(true);
        if (make === isolation) continue;
        for (const [other, remote] of policed(is, objects)) {
          if (isSix(remote) !== isSix(address) || other.namespace === 'kube-system') continue;
          const connection = { from: address, to: remote, protocol: 'TCP', port: 80 };
          if (verdictOf(is, connection).allowed) expect(verdictOf(was, connection).allowed).toBe(true);
        }
      }
      expect(make(clusterOf(objects), scope).policies).toEqual([]);
    }),
    { numRuns: 150 },
  );
});
