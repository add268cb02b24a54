import { describe, expect, it } from 'vitest';
import { decodeObject } from '../api/decode.ts';
import { descriptionIn } from '../api/description.ts';
import type { ClusterNetworkPolicy, NetworkPolicy } from '../api/types.ts';
import { podsMeaning, ruleMeaning, selectionMeaning } from './meaning.ts';

const meta = { name: 'web', namespace: 'shop' };

const policyOf = (spec: object): NetworkPolicy => {
  const { objects, diagnostics } = decodeObject({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: meta, spec });
  expect(diagnostics).toEqual([]);
  return objects[0] as NetworkPolicy;
};

const ingress = (rule: object): string => ruleMeaning('ingress', policyOf({ podSelector: {}, ingress: [rule] }).ingress![0]!);
const from = (...peers: object[]): string => ingress({ from: peers, ports: [{ port: 80 }] });
const on = (...ports: object[]): string =>
  ingress({ from: [{ podSelector: {} }], ports }).replace('in from every pod of this namespace ', '');

describe('what a rule says of its peers', () => {
  it.each([
    [[], 'in from anybody, inside the cluster or outside on `TCP/80`'],
    [[{ podSelector: {} }], 'in from every pod of this namespace on `TCP/80`'],
    [[{ namespaceSelector: {} }], 'in from every pod of the cluster on `TCP/80`'],
    [
      [{ podSelector: { matchLabels: { app: 'web', tier: 'a' } } }],
      'in from pods of this namespace with `app=web` and `tier=a` on `TCP/80`',
    ],
    [[{ namespaceSelector: {}, podSelector: { matchLabels: { app: 'web' } } }], 'in from pods of any namespace with `app=web` on `TCP/80`'],
    [
      [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'blog' } } }],
      'in from every pod of namespace `blog` on `TCP/80`',
    ],
    [
      [{ namespaceSelector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['b', 'a'] }] } }],
      'in from every pod of namespaces `a` or `b` on `TCP/80`',
    ],
    [[{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] } }], 'in from every IPv4 address but `10.0.0.0/8` on `TCP/80`'],
    [
      [{ ipBlock: { cidr: '10.0.0.0/8' } }, { ipBlock: { cidr: '2001:db8::1/128' } }],
      'in from the addresses of `10.0.0.0/8` and the address `2001:db8::1/128` on `TCP/80`',
    ],
  ])('%j', (peers, meaning) => {
    expect(from(...peers)).toBe(meaning);
  });

  it('and of every kind of requirement', () => {
    const selector = {
      matchExpressions: [
        { key: 'a', operator: 'In', values: ['x', ''] },
        { key: 'b', operator: 'NotIn', values: ['x', 'y'] },
        { key: 'c', operator: 'Exists' },
        { key: 'd', operator: 'DoesNotExist' },
      ],
    };
    expect(podsMeaning(policyOf({ podSelector: selector }).subject, undefined)).toBe(
      'pods of this namespace with no label `d`, `a` being empty or `x`, `b` not being `x` or `y` and a label `c`',
    );
  });
});

describe('what a rule says of its ports', () => {
  it.each([
    [[], 'on every port'],
    [[{ port: 80 }, { port: 8000, endPort: 8999 }, { port: 80 }], 'on `TCP/80,8000-8999`'],
    [[{ protocol: 'UDP', port: 53 }, { port: 53 }], 'on `TCP/53` and `UDP/53`'],
    [[{ protocol: 'SCTP' }], 'on every SCTP port'],
    [[{ port: 1, endPort: 65_535 }], 'on every TCP port'],
    [[{ port: 'http' }, { port: 'metrics' }, { port: 80 }], 'on `TCP/80` and the TCP ports named `http` and `metrics`'],
  ])('%j', (ports, meaning) => {
    expect(on(...ports)).toBe(meaning);
  });
});

it('a policy of the whole cluster', () => {
  const { objects } = decodeObject({
    apiVersion: 'policy.networking.k8s.io/v1alpha2',
    kind: 'ClusterNetworkPolicy',
    metadata: { name: 'all' },
    spec: {
      tier: 'Admin',
      priority: 1,
      subject: { pods: { namespaceSelector: { matchLabels: { team: 'a' } }, podSelector: { matchLabels: { app: 'web' } } } },
      egress: [
        { action: 'Accept', to: [{ nodes: {} }, { nodes: { matchLabels: { zone: 'a' } } }, { networks: ['10.0.0.0/8', '::/0'] }] },
        { action: 'Deny', to: [{ namespaces: {} }], protocols: [{ tcp: { destinationPort: { number: 80 } } }] },
      ],
    },
  });
  const policy = objects[0] as ClusterNetworkPolicy;
  expect(selectionMeaning(policy.subject)).toBe('pods of namespaces with `team=a` with `app=web`');
  expect(policy.egress!.map((rule) => ruleMeaning('egress', rule))).toEqual([
    'out to every node, nodes with `zone=a` and the addresses of `10.0.0.0/8` and every IPv6 address on every port',
    'out to every pod of the cluster on `TCP/80`',
  ]);
});

describe('what annotations say', () => {
  it.each([
    [{ 'kubernetes.io/description': 'why', description: 'other' }, { text: 'why' }],
    [
      { 'example.com/purpose': ' two\n  lines ', 'example.com/owner': 'us' },
      { text: 'two lines', owner: 'us' },
    ],
    [{ 'kubernetes.io/description': ' ', Reason: 'because' }, { text: 'because' }],
    [{ 'example.com/documented': 'yes', team: 'blue' }, { owner: 'blue' }],
  ])('%j', (annotations, description) => {
    expect(descriptionIn(annotations)).toEqual(description);
  });
});
