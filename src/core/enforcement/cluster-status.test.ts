import { describe, expect, test } from 'vitest';
import { defaultChoices } from '../api/choices.ts';
import { decodeObject } from '../api/decode.ts';
import { clusterStatusOf } from './cluster-status.ts';
import type { NodeStatus, PolicyStatus } from './node-status.ts';
import { statusIn } from './read-status.ts';
import { type WantedPolicy, wantedBy, wantedIn } from './wanted.ts';

const deny: WantedPolicy = { kind: 'NetworkPolicy', namespace: 'shop', name: 'deny', uid: 'u', generation: 3, nodes: ['a', 'b'] };
const policyOf = (more: Partial<PolicyStatus> = {}): PolicyStatus => ({
  kind: 'NetworkPolicy',
  namespace: 'shop',
  name: 'deny',
  uid: 'u',
  generation: 3,
  state: 'enforced',
  since: '2026-01-01T00:00:00.000Z',
  subjects: 1,
  ...more,
});
const nodeOf = (node: string, ...policies: PolicyStatus[]): NodeStatus => ({
  node,
  version: '1',
  started: '2026-01-01T00:00:00.000Z',
  ready: true,
  checks: [],
  failures: [],
  policies,
});
const answers = (...statuses: NodeStatus[]) => statuses.map((status) => ({ node: status.node, status }));
const nodes = new Map(['a', 'b'].map((name) => [name, { name, ready: true }]));
/** What is wrong when node b says this of the policy. */
const gapWhen = (said: Partial<PolicyStatus>) =>
  clusterStatusOf([deny], nodes, answers(nodeOf('a', policyOf()), nodeOf('b', policyOf(said)))).policies[0]!.gaps[0];

describe('a policy is enforced', () => {
  test('when every node that matters has the version, since the last of them has it', () => {
    const later = policyOf({ since: '2026-01-02T00:00:00.000Z' });
    const { enforced, policies } = clusterStatusOf([deny], nodes, answers(nodeOf('a', policyOf()), nodeOf('b', later)));
    expect(enforced).toBe(true);
    expect(policies).toEqual([
      { kind: 'NetworkPolicy', namespace: 'shop', name: 'deny', generation: 3, enforced: true, nodes: 2, since: later.since, gaps: [] },
    ]);
  });

  test('or a later one, or has seen its last pod go', () => {
    expect(gapWhen({ generation: 4 })).toBeUndefined();
    expect(gapWhen({ state: 'not-needed', subjects: 0 })).toBeUndefined();
  });

  test('but not with an older version, or one of a policy that had the name', () => {
    expect(gapWhen({ generation: 2 })).toEqual({ node: 'b', state: 'pending', generation: 2 });
    expect(gapWhen({ uid: 'other', generation: 9 })).toEqual({ node: 'b', state: 'pending', generation: 9 });
    expect(gapWhen({ name: 'another' })).toEqual({ node: 'b', state: 'pending' });
  });

  test('nor where its pods are closed, or it cannot be read', () => {
    expect(gapWhen({ state: 'closed', reason: 'no' })).toEqual({ node: 'b', state: 'closed', generation: 3, reason: 'no' });
    expect(gapWhen({ state: 'unreadable', reason: 'no' })).toMatchObject({ state: 'unreadable', reason: 'no' });
  });

  test('nor where no agent says so', () => {
    const none = clusterStatusOf([deny], nodes, answers(nodeOf('a', policyOf())));
    expect(none.policies[0]!.gaps).toEqual([{ node: 'b', state: 'missing', reason: 'no agent runs there' }]);
    expect(none.nodes[1]).toEqual({ node: 'b', agent: 'missing', nodeReady: true, messages: ['no agent runs here'] });
    const silent = clusterStatusOf([deny], nodes, [...answers(nodeOf('a', policyOf())), { node: 'b', fault: 'refused' }]);
    expect(silent.policies[0]!.gaps).toEqual([{ node: 'b', state: 'unanswered', reason: 'refused' }]);
    expect(silent.enforced).toBe(false);
  });

  test('of a node that matters to nobody, the agent matters to the whole', () => {
    const here = { ...deny, nodes: ['a'] };
    const { enforced, policies } = clusterStatusOf([here], nodes, answers(nodeOf('a', policyOf())));
    expect(policies[0]!.enforced).toBe(true);
    expect(enforced).toBe(false);
  });
});

test('a node says what is wrong with it', () => {
  const check = { name: 'judged', ok: false, message: 'packets on cni0 meet no rule' } as const;
  const unready = {
    ...nodeOf('a', policyOf({ state: 'closed' }), policyOf({ name: 'other' })),
    ready: false,
    checks: [check],
    failures: ['no nft'],
  };
  expect(clusterStatusOf([], new Map([['a', { name: 'a', ready: false }]]), answers(unready)).nodes).toEqual([
    {
      node: 'a',
      agent: 'unready',
      nodeReady: false,
      version: '1',
      policies: 2,
      enforced: 1,
      messages: ['packets on cni0 meet no rule', 'no nft', 'the node is not Ready'],
    },
  ]);
});

describe('what is wanted', () => {
  const pod = (name: string, node: string, more: object = {}, ip = '10.0.0.1') => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'shop', name, labels: { app: 'web' } },
    spec: { nodeName: node, containers: [{ name: 'main', image: 'main' }], ...more },
    status: { phase: 'Running', ...(ip && { podIPs: [{ ip }] }) },
  });
  const manifests = [
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { namespace: 'shop', name: 'deny', generation: 3 },
      spec: { podSelector: { matchLabels: { app: 'web' } } },
    },
    pod('one', 'b'),
    pod('two', 'a', {}, '10.0.0.2'),
    pod('three', 'a', {}, '10.0.0.3'),
    pod('host', 'c', { hostNetwork: true }, '192.0.2.1'),
    pod('coming', 'd', {}, ''),
  ];

  test('matters on the nodes that run pods with packets which the policy selects', () => {
    const objects = manifests.flatMap((manifest) => decodeObject(manifest).objects);
    expect(wantedIn(objects, defaultChoices)).toEqual([
      { kind: 'NetworkPolicy', namespace: 'shop', name: 'deny', generation: 3, nodes: ['a', 'b'] },
    ]);
  });

  test('is the newest version that an agent has, where nobody else can be asked', () => {
    const statuses = [
      nodeOf('a', policyOf({ generation: 2 })),
      nodeOf('b', policyOf()),
      nodeOf('c', policyOf({ subjects: 0, state: 'not-needed' })),
    ];
    expect(wantedBy(statuses)).toEqual([deny]);
    expect(clusterStatusOf(wantedBy(statuses), new Map(), answers(...statuses)).policies[0]!.gaps).toEqual([
      { node: 'a', state: 'pending', generation: 2 },
    ]);
  });
});

test('an answer is taken for a status only when it is one', () => {
  const status = nodeOf('a', policyOf());
  expect(statusIn(status)).toBe(status);
  for (const other of [undefined, 'text', {}, { ...status, policies: undefined }, { ...status, checks: [1] }, []])
    expect(statusIn(other)).toBeUndefined();
});
