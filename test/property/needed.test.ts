import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeObject } from '#core/api/decode.ts';
import type { KubernetesObject, Pod } from '#core/api/types.ts';
import { assignAddresses } from '#core/cluster/assign-addresses.ts';
import { clusterOf } from '#core/cluster/cluster.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { type CheckAnswer, checkConnection } from '#core/verdict/answer.ts';
import type { Flow } from '#core/verdict/check.ts';
import { neededBy, unsettledIn } from '#core/verdict/needed.ts';
import { isUnanswerable, type Unanswerable } from '#core/verdict/unanswerable.ts';
import { decodeRaw } from '../cases/decode-raw.ts';
import type { RawCluster } from '../reference/raw.ts';
import { interestingPort, namespaceNames, rawCluster, someChoices } from './arbitraries.ts';

const serviceOf = (namespace: string, name: string, app: string, targetPort: number | string): KubernetesObject => {
  const spec = { selector: { app }, ports: [{ port: 80, targetPort }] };
  return decodeObject({ apiVersion: 'v1', kind: 'Service', metadata: { namespace, name }, spec }).objects[0]!;
};

const services = namespaceNames.flatMap((namespace) => [
  serviceOf(namespace, 'web', 'web', 'http'),
  serviceOf(namespace, 'db', 'db', 8080),
]);

/** A cluster as an API server gives it: every namespace has its object. */
const cluster: fc.Arbitrary<RawCluster> = rawCluster.map((raw) => {
  const missing = namespaceNames.filter((name) => !raw.namespaces.some((namespace) => namespace.name === name));
  return { ...raw, namespaces: [...raw.namespaces, ...missing.map((name) => ({ name, labels: {} }))] };
});

/** Questions about pods, workloads and Services, most of which are there. */
function flowsIn({ pods }: RawCluster): fc.Arbitrary<Flow[]> {
  const names = pods.flatMap(({ ns, name, owner }) => [`${ns}/${name}`, ...(owner === undefined ? [] : [`${ns}/statefulset/${owner}`])]);
  const source = fc.constantFrom(...names, 'alpha/none');
  const service = fc.constantFrom(...services.map((each) => `${'namespace' in each ? each.namespace : ''}/service/${each.name}`));
  const pair = fc.record({ from: source, to: source, protocol: fc.constantFrom('TCP', 'UDP'), port: interestingPort });
  const through = fc.record({ from: source, to: service, port: fc.constant(80) });
  return fc.array(fc.oneof({ arbitrary: pair, weight: 3 }, { arbitrary: through, weight: 1 }), { minLength: 1, maxLength: 2 });
}

/** What a reader of a cluster gets when it asks for what is needed and for nothing else. */
function readNarrowly(objects: readonly KubernetesObject[], flows: readonly Flow[]): readonly KubernetesObject[] {
  const needed = neededBy(flows);
  if (needed === 'everything') throw new Error('ends with names need some namespaces only');
  return objects.filter((object) => {
    if (object.kind === 'ClusterNetworkPolicy') return true;
    if (object.kind === 'Namespace') return needed.namespaces.includes(object.name);
    return 'namespace' in object && needed.namespaces.includes(object.namespace) && (object.kind !== 'Service' || needed.services);
  });
}

const withoutSuggestion = (answer: CheckAnswer | Unanswerable): object =>
  isUnanswerable(answer) ? { error: answer.error.replace(/; did you mean .*$/, '') } : answer;

test('what is needed answers as everything does, down to the last field', () => {
  const question = cluster.chain((raw) => fc.tuple(fc.constant(raw), flowsIn(raw), someChoices));
  let answered = 0;
  fc.assert(
    fc.property(question, ([raw, flows, choices]) => {
      const objects = [...decodeRaw(raw), ...services];
      const narrow = new Analysis(clusterOf(assignAddresses(readNarrowly(objects, flows))), choices);
      if (unsettledIn(narrow, flows) !== undefined) return;
      const wide = new Analysis(clusterOf(assignAddresses(objects)), choices);
      for (const flow of flows) {
        const answer = checkConnection(wide, flow);
        if (!isUnanswerable(answer)) answered++;
        expect(withoutSuggestion(checkConnection(narrow, flow))).toEqual(withoutSuggestion(answer));
      }
    }),
    { numRuns: 3000 },
  );
  expect(answered).toBeGreaterThan(400);
});

test.each([
  ['shop/a', 'pay/b', { namespaces: ['pay', 'shop'], services: false }],
  ['shop/deployment/a', 'shop/service/b', { namespaces: ['shop'], services: true }],
  ['shop/a', 'shop/svc/b', { namespaces: ['shop'], services: true }],
  ['shop/a', 'no endpoint', { namespaces: ['shop'], services: false }],
  ['shop/a', '../b', { namespaces: ['shop'], services: false }],
  ['shop/a', '10.0.0.1', 'everything'],
  ['10.0.0.0/8', 'shop/a', 'everything'],
  ['internet', 'shop/a', 'everything'],
  ['shop/a', 'apiserver', 'everything'],
  ['node:n1', 'shop/a', 'everything'],
] as const)('from %s to %s', (from, to, needed) => {
  expect(neededBy([{ from, to }])).toEqual(needed);
});

const running: Pod = {
  kind: 'Pod',
  namespace: 'shop',
  name: 'a',
  labels: {},
  addresses: ['10.244.0.1'],
  assumedAddress: false,
  hostNetwork: false,
  phase: 'Running',
  terminating: false,
  ports: [],
};

test.each([
  ['runs', {}, undefined],
  ['has no address', { addresses: [] }, 'pod shop/a has no address yet'],
  ['has an address that was made up', { assumedAddress: true }, 'pod shop/a has no address yet'],
  ['is in the network of its node', { hostNetwork: true }, 'pod shop/a is in the network of its node'],
  ['is about to start', { phase: 'Pending' }, 'pod shop/a is pending'],
  ['has ended', { phase: 'Succeeded' }, 'pod shop/a has ended'],
  ['is about to end', { terminating: true }, 'pod shop/a is about to end'],
] as const)('a pod that %s', (_, change, unsettled) => {
  const analysis = new Analysis(
    clusterOf([
      { ...running, ...change },
      { ...running, name: 'b', addresses: ['10.244.0.2'] },
    ]),
  );
  expect(unsettledIn(analysis, [{ from: 'shop/a', to: 'shop/b', port: 80 }])).toBe(unsettled);
  expect(unsettledIn(analysis, [{ from: 'shop/b', to: 'shop/a', port: 80 }])).toBe(unsettled);
});

test('an address that a pod is about to lose may be that of a pod elsewhere', () => {
  const other: Pod = { ...running, namespace: 'other', name: 'z' };
  const policy = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { namespace: 'shop', name: 'closed' }, spec: {} };
  const { objects } = decodeObject(policy);
  const flow = { from: 'shop/b', to: 'shop/a', port: 80 };
  const inShop = [{ ...running, terminating: true }, { ...running, name: 'b', addresses: ['10.244.0.2'] }, ...objects];
  expect(checkConnection(new Analysis(clusterOf(inShop)), flow)).toMatchObject({ allowed: false });
  expect(checkConnection(new Analysis(clusterOf([...inShop, other])), flow)).toMatchObject({ allowed: true });
});
