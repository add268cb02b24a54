import { describe, expect, test } from 'vitest';
import { decodeObject } from '../api/decode.ts';
import { clusterOf, podsOf } from './cluster.ts';
import { parsePotential, potentialId, potentialPeers, withPotentialPods } from './potential-pods.ts';

const namespace = (name: string, labels: object = {}): object => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
const pod = (name: string, ip: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels: { app: name } },
  status: { podIP: ip },
});
const policy = (spec: object): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'p', namespace: 'shop' },
  spec,
});

const clusterWith = (...items: object[]) => clusterOf(decodeObject({ apiVersion: 'v1', kind: 'List', items }).objects);

const named = (text: string) => {
  const name = parsePotential(text);
  if (name === undefined || 'error' in name) throw new Error(text);
  return name;
};

describe('the name of potential pods', () => {
  test.each([
    'shop/{app=web}',
    'shop/{}',
    '{team=red}/{app in (a,b)}',
    '{}/{}',
    '{example.com/team=red}/{example.com/app=web}',
  ])('%s', (text) => {
    expect(potentialId(named(text))).toBe(text);
  });

  test('is canonical, however it is written', () => {
    expect(potentialId(named('{b,a}/{app in (web)}'))).toBe('{a,b}/{app=web}');
  });

  test.each(['shop/web', 'shop/Pod/web', '203.0.113.0/24', 'node:a', 'shop'])('%s is another endpoint', (text) => {
    expect(parsePotential(text)).toBeUndefined();
  });

  test.each(['shop/{app=_x}', 'shop/{-a=b}', 'Shop/{app=web}', '{a=b=c}/{}', 'shop/{app in (}'])('%s is wrong', (text) => {
    expect(parsePotential(text)).toHaveProperty('error');
  });
});

describe('a cluster with potential pods', () => {
  const cluster = clusterWith(namespace('shop', { team: 'red' }), pod('web', '10.244.0.5'));
  const added = (text: string) => {
    const extended = withPotentialPods(cluster, [named(text)]);
    return { extended, pod: [...podsOf(extended)].find(({ potential }) => potential !== undefined) };
  };

  test('has them with the fewest labels, in the families of the other pods, at addresses that nobody has', () => {
    expect(added('shop/{app=client,!old}').pod).toMatchObject({ namespace: 'shop', labels: { app: 'client' }, assumedAddress: true });
    expect(added('shop/{app=client}').pod!.addresses).toEqual(['10.244.0.1']);
  });

  test('has a new namespace where one is selected, without policies of its own', () => {
    const { extended, pod: found } = added('{team=red}/{}');
    expect(found!.namespace).not.toBe('shop');
    expect(extended.namespaces.get(found!.namespace)!.namespace!.labels).toMatchObject({ team: 'red' });
  });

  test('has them in the namespace that the selector names, if its labels are what the selector asks for', () => {
    expect(added('{kubernetes.io/metadata.name=shop}/{}').pod!.namespace).toBe('shop');
    expect(added('{kubernetes.io/metadata.name=shop,team=blue}/{}').pod).toBeUndefined();
    expect(added('{kubernetes.io/metadata.name=later}/{}').pod!.namespace).toBe('later');
  });

  test('stand in namespaces of their own, whatever selectors say of names', () => {
    const extended = withPotentialPods(cluster, [
      named('{kubernetes.io/metadata.name,team=red}/{}'),
      named('{kubernetes.io/metadata.name,team=blue}/{}'),
    ]);
    const homes = [...podsOf(extended)].filter(({ potential }) => potential !== undefined).map(({ namespace: home }) => home);
    expect(homes.map((home) => extended.namespaces.get(home)?.namespace?.labels.team)).toEqual(['red', 'blue']);
  });

  test('has none that cannot be', () => {
    expect(added('shop/{app=a,app!=a}').pod).toBeUndefined();
  });
});

test('peers of rules are potential pods, and so is one that no rule singles out', () => {
  const cluster = clusterWith(
    namespace('shop'),
    policy({
      podSelector: {},
      ingress: [{ from: [{ podSelector: { matchLabels: { app: 'b' } } }, { ipBlock: { cidr: '10.0.0.0/8' } }] }],
      egress: [{ to: [{ namespaceSelector: { matchLabels: { team: 'red' } } }] }],
    }),
  );
  expect(potentialPeers([cluster, cluster]).map(potentialId)).toEqual(['shop/{app=b}', '{team=red}/{}', '{}/{}']);
});
