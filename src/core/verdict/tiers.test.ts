import { describe, expect, test } from 'vitest';
import { type Choices, defaultChoices } from '../api/choices.ts';
import { decodeObject } from '../api/decode.ts';
import { clusterOf } from '../cluster/cluster.ts';
import { Analysis } from './analysis.ts';
import { type CheckAnswer, checkConnection } from './answer.ts';
import type { Flow } from './check.ts';
import { isUnanswerable } from './unanswerable.ts';

const pod = (namespace: string, name: string, ip: string, node = 'n1'): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace, name, labels: { app: name } },
  spec: { nodeName: node, containers: [{ name: 'main', image: 'none', ports: [{ name: 'http', containerPort: 8080 }] }] },
  status: { podIPs: [{ ip }] },
});

const node = (name: string, address: string, labels = {}): object => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels },
  status: { addresses: [{ type: 'InternalIP', address }] },
});

const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'shop', name: 'web' },
  spec: { clusterIP: '10.96.0.1', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
};

const isolate = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { namespace: 'shop', name: 'isolate' },
  spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
};

const policy = (name: string, spec: object, tier = 'Admin', priority = 10): object => ({
  apiVersion: 'policy.networking.k8s.io/v1alpha2',
  kind: 'ClusterNetworkPolicy',
  metadata: { name },
  spec: { tier, priority, subject: { namespaces: {} }, ...spec },
});

const shop = [
  node('n1', '192.168.0.11', { zone: 'a' }),
  node('n2', '192.168.0.12'),
  pod('shop', 'web', '10.244.0.1'),
  pod('shop', 'db', '10.244.0.2'),
  pod('lab', 'probe', '10.244.0.3', 'n2'),
  service,
];

const analysisOf = (items: readonly object[], choices: Partial<Choices> = {}): Analysis => {
  const { objects, diagnostics } = decodeObject({ apiVersion: 'v1', kind: 'List', items });
  expect(diagnostics).toEqual([]);
  return new Analysis(clusterOf(objects), { ...defaultChoices, ...choices });
};

function answer(items: readonly object[], flow: Flow, choices: Partial<Choices> = {}): CheckAnswer {
  const answered = checkConnection(analysisOf(items, choices), flow);
  if (isUnanswerable(answered)) throw new Error(answered.error);
  return answered;
}

const everyone = [{ namespaces: {} }];
const toWeb: Flow = { from: 'lab/probe', to: 'shop/web', port: 8080 };
const id = (name: string): object => ({ kind: 'ClusterNetworkPolicy', name });

describe('a cluster-wide policy', () => {
  test('decides with one rule, which the answer names', () => {
    const rules = [
      { action: 'Accept', name: 'to the database', from: everyone, protocols: [{ tcp: { destinationPort: { number: 5432 } } }] },
      { action: 'Deny', name: 'nothing else', from: everyone },
    ];
    const { allowed, ingress, certainty } = answer([...shop, policy('admin', { ingress: rules })], toWeb);
    expect({ allowed, certainty }).toEqual({ allowed: false, certainty: 'defined' });
    expect(ingress).toEqual({
      allowed: false,
      reason: 'tier',
      policies: [id('admin')],
      rules: [{ policy: id('admin'), index: 1, name: 'nothing else' }],
      nearMisses: [{ policy: id('admin'), index: 0, name: 'to the database', failed: 'port' }],
    });
  });

  test('opens what NetworkPolicies close, at its gate alone', () => {
    const admin = policy('admin', { ingress: [{ action: 'Accept', from: everyone }] });
    const both = answer([...shop, isolate, admin], toWeb);
    expect(both).toMatchObject({ allowed: true, ingress: { reason: 'tier' }, egress: { reason: 'not-isolated' } });
    const inside = answer([...shop, isolate, admin], { ...toWeb, from: 'shop/db' });
    expect(inside).toMatchObject({ allowed: false, ingress: { reason: 'tier' }, egress: { reason: 'no-rule-matched' } });
  });

  test('that passes leaves it to NetworkPolicies, and names no rule', () => {
    const rules = [
      { action: 'Pass', from: [{ pods: { podSelector: { matchLabels: { app: 'probe' } } } }] },
      { action: 'Deny', from: everyone },
    ];
    const admin = policy('admin', { ingress: rules });
    expect(answer([...shop, admin], toWeb).ingress).toMatchObject({ allowed: true, reason: 'not-isolated', policies: [] });
    expect(answer([...shop, admin, isolate], toWeb).ingress).toMatchObject({ allowed: false, reason: 'no-rule-matched' });
    expect(answer([...shop, admin], { ...toWeb, from: 'shop/db' }).ingress).toMatchObject({ allowed: false, reason: 'tier' });
  });

  test('of the Baseline tier is asked where no NetworkPolicy isolates, in each direction for itself unless the choice is another', () => {
    const baseline = policy('baseline', { ingress: [{ action: 'Deny', from: everyone }] }, 'Baseline');
    const egressOnly = { ...isolate, spec: { podSelector: {}, policyTypes: ['Egress'] } };
    expect(answer([...shop, baseline], toWeb).ingress).toMatchObject({ reason: 'tier', policies: [id('baseline')] });
    expect(answer([...shop, baseline, isolate], toWeb).ingress).toMatchObject({ allowed: false, reason: 'no-rule-matched' });
    expect(answer([...shop, baseline, egressOnly], toWeb)).toMatchObject({
      allowed: false,
      ingress: { reason: 'tier' },
      certainty: 'cni-dependent',
      dependsOn: ['baseline-skip'],
    });
    expect(answer([...shop, baseline, egressOnly], toWeb, { 'baseline-skip': 'any-direction' })).toMatchObject({ allowed: true });
  });

  test('knows no exception for the own node', () => {
    const toNode: Flow = { from: 'shop/web', to: '192.168.0.11', port: 10250 };
    const closed = policy('admin', { egress: [{ action: 'Deny', to: [{ nodes: { matchLabels: { zone: 'a' } } }] }] });
    expect(answer([...shop, isolate], toNode).egress).toMatchObject({ allowed: true, reason: 'own-node' });
    expect(answer([...shop, isolate, closed], toNode).egress).toMatchObject({ allowed: false, reason: 'tier' });
    expect(answer([...shop, closed], { ...toNode, to: '192.168.0.12' })).toMatchObject({ allowed: true });
  });

  test('closes the way of a pod to itself through a Service, and not its own address', () => {
    const admin = policy('admin', { ingress: [{ action: 'Deny', from: everyone }] });
    const through: Flow = { from: 'shop/web', to: 'shop/service/web', port: 80 };
    expect(answer([...shop, isolate], through)).toMatchObject({ allowed: true, ingress: { reason: 'hairpin' } });
    expect(answer([...shop, admin], through)).toMatchObject({ allowed: false, ingress: { reason: 'tier' } });
    expect(answer([...shop, admin], { ...toWeb, from: 'shop/web' })).toMatchObject({ allowed: true, ingress: { reason: 'self' } });
  });
});
