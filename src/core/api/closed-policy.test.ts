import { describe, expect, test } from 'vitest';
import { everything, selector } from '../label/selector.ts';
import { closedClusterNetworkPolicy, closedNetworkPolicy } from './closed-policy.ts';

const shop = { namespace: 'shop', name: 'p' };
const closed = (spec: unknown) => closedNetworkPolicy({ spec }, shop);
const web = selector([{ key: 'app', operator: 'In', values: ['web'] }]);

describe('a NetworkPolicy that can not be decoded', () => {
  test('isolates its subject in its directions, and lets nothing through', () => {
    const spec = { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Egress'], egress: [{ to: 'nonsense' }] };
    expect(closed(spec)).toEqual({ kind: 'NetworkPolicy', ...shop, subject: web, egress: [] });
  });

  test.each([[undefined], [[]], [['Ingress', 'Sideways']], ['Ingress'], [[7]]])('isolates in both when the types are %j', (policyTypes) => {
    expect(closed({ podSelector: {}, policyTypes })).toEqual({
      kind: 'NetworkPolicy',
      ...shop,
      subject: everything,
      ingress: [],
      egress: [],
    });
  });

  test('selects by the requirements that can be read', () => {
    const expressions = [
      { key: 'app', operator: 'In', values: ['web'] },
      { key: 'tier', operator: 'Near', values: ['x'] },
    ];
    expect(closed({ podSelector: { matchExpressions: expressions } }).subject).toEqual(web);
  });

  test.each([
    ['text'],
    [{ matchLabels: { app: 5 } }],
    [{ matchLabels: ['app'] }],
    [null],
  ])('selects everything when the selector is %j', (podSelector) => {
    expect(closed({ podSelector }).subject).toEqual(everything);
  });

  test.each([[undefined], ['text'], [{ spec: 7 }]])('closes its namespace when it is %j', (value) => {
    expect(closedNetworkPolicy(value, shop)).toMatchObject({ subject: everything, ingress: [], egress: [] });
  });
});

describe('a ClusterNetworkPolicy that can not be decoded', () => {
  const everyone = expect.objectContaining({ kind: 'networks', cidrs: ['0.0.0.0/0', '::/0'] });
  const denyAll = [{ action: 'deny', peers: [everyone] }];

  test('denies everything to its subject at its place in the order', () => {
    const spec = { tier: 'Baseline', priority: 7, subject: { namespaces: { matchLabels: { app: 'web' } } }, ingress: 'nonsense' };
    expect(closedClusterNetworkPolicy({ spec }, 'c')).toEqual({
      kind: 'ClusterNetworkPolicy',
      name: 'c',
      tier: 'Baseline',
      priority: 7,
      subject: { namespaces: web, pods: everything },
      ingress: denyAll,
      egress: denyAll,
    });
  });

  test('denies everything to everyone, first of all, when nothing of it can be read', () => {
    const spec = { tier: 'Third', priority: 5000, subject: { namespaces: 'all' } };
    expect(closedClusterNetworkPolicy({ spec }, 'c')).toMatchObject({
      tier: 'Admin',
      priority: 0,
      subject: { namespaces: everything, pods: everything },
      ingress: denyAll,
      egress: denyAll,
    });
  });
});
