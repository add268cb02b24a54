import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ClusterNetworkPolicy,
  type ClusterPeer,
  type ClusterRule,
  type Direction,
  directions,
  type KubernetesObject,
} from '#core/api/types.ts';
import { everything, selector } from '#core/label/selector.ts';
import { addressesOf, allAddresses } from '#core/net/address-set.ts';
import { cidrsOf, formatCidr, parseCidr, rangeOf } from '#core/net/cidr.ts';
import { type Party, partyAt } from '#core/verdict/party.ts';
import { tiedPolicies } from '#core/verdict/ties.ts';
import type { RawConnection } from '../reference/evaluator.ts';
import { clusterWithConnections, decoded } from './arbitraries.ts';
import { allowed, freshModel, verdictOf } from './judging.ts';

/** The laws of the cluster-wide tiers: what may be done to ClusterNetworkPolicies without changing what they mean, and what only adds or takes away. */

interface Case {
  readonly objects: readonly KubernetesObject[];
  readonly connections: readonly RawConnection[];
}

const policiesIn = (objects: readonly KubernetesObject[]): ClusterNetworkPolicy[] =>
  objects.filter((object) => object.kind === 'ClusterNetworkPolicy');

/** A cluster with at least one ClusterNetworkPolicy. */
const randomCase: fc.Arbitrary<Case> = clusterWithConnections(30)
  .map(([cluster, connections]) => ({ objects: decoded(cluster), connections }))
  .filter(({ objects }) => policiesIn(objects).length > 0);

const numRuns = 80;

type Become = (policy: ClusterNetworkPolicy, all: readonly ClusterNetworkPolicy[]) => readonly KubernetesObject[];

const rewritten = (objects: readonly KubernetesObject[], become: Become): KubernetesObject[] =>
  objects.flatMap((object) => (object.kind === 'ClusterNetworkPolicy' ? become(object, policiesIn(objects)) : [object]));

/** The policy with other rules, in the directions that it speaks of. */
function withRules(policy: ClusterNetworkPolicy, become: (rules: readonly ClusterRule[], direction: Direction) => readonly ClusterRule[]) {
  return {
    ...policy,
    ...(policy.ingress && { ingress: become(policy.ingress, 'ingress') }),
    ...(policy.egress && { egress: become(policy.egress, 'egress') }),
  };
}

function changesNothing(become: Become): void {
  fc.assert(
    fc.property(randomCase, ({ objects, connections }) => {
      expect(allowed(rewritten(objects, become), connections)).toEqual(allowed(objects, connections));
    }),
    { numRuns },
  );
}

const nobody = selector([{ key: 'nobody', operator: 'Exists' }]);
const everyone: ClusterPeer = { kind: 'networks', cidrs: ['0.0.0.0/0', '::/0'], addresses: allAddresses };
const policyOf = (rest: Partial<ClusterNetworkPolicy>): ClusterNetworkPolicy => ({
  kind: 'ClusterNetworkPolicy',
  name: 'another',
  tier: 'Admin',
  priority: 0,
  subject: { namespaces: everything, pods: everything },
  ...rest,
});
const inBoth = (rules: readonly ClusterRule[]) => ({ ingress: rules, egress: rules });

describe('nothing changes', () => {
  test('when a policy comes that has no subjects, or whose rules speak of nobody', () => {
    const rules = inBoth([{ action: 'deny', peers: [everyone] }]);
    changesNothing((policy) => [
      policy,
      policyOf({ name: `${policy.name}-none`, subject: { namespaces: nobody, pods: everything }, ...rules }),
    ]);
    changesNothing((policy) => [
      policy,
      policyOf({ name: `${policy.name}-none`, subject: { namespaces: everything, pods: nobody }, ...rules }),
    ]);
    const mute: ClusterPeer = { kind: 'pods', namespaces: everything, pods: nobody };
    changesNothing((policy) => [policy, policyOf({ name: `${policy.name}-mute`, ...inBoth([{ action: 'deny', peers: [mute] }]) })]);
    changesNothing((policy) => [policy, policyOf({ name: `${policy.name}-mute`, ...inBoth([{ action: 'deny', peers: [] }]) })]);
  });

  test('when all priorities are shifted alike, or stretched', () => {
    changesNothing((policy) => [{ ...policy, priority: policy.priority + 100 }]);
    changesNothing((policy) => [{ ...policy, priority: policy.priority * 7 }]);
  });

  test('when the policies come in another order', () => {
    fc.assert(
      fc.property(randomCase, ({ objects, connections }) => {
        expect(allowed(objects.toReversed(), connections)).toEqual(allowed(objects, connections));
      }),
      { numRuns },
    );
  });

  test('when a rule becomes one for each peer, or for each port, in its place', () => {
    changesNothing((policy) => [
      withRules(policy, (rules) => rules.flatMap((rule) => rule.peers.map((peer) => ({ ...rule, peers: [peer] })))),
    ]);
    changesNothing((policy) => [
      withRules(policy, (rules) => rules.flatMap((rule) => rule.ports?.map((port) => ({ ...rule, ports: [port] })) ?? [rule])),
    ]);
  });

  test('when every rule is said again at the end, with whatever action', () => {
    for (const action of ['accept', 'deny', 'pass'] as const)
      changesNothing((policy) => [withRules(policy, (rules) => rules.flatMap((rule) => [rule, { ...rule, action }]))]);
  });

  test('when a policy becomes one policy for each rule, one after the other', () => {
    const inOrder = (a: ClusterNetworkPolicy, b: ClusterNetworkPolicy): number => a.priority - b.priority || (a.name < b.name ? -1 : 1);
    changesNothing((policy, all) => {
      const rank = [...all].sort(inOrder).indexOf(policy);
      const { ingress = [], egress = [], ...rest } = policy;
      const part = (index: number, rules: Pick<ClusterNetworkPolicy, Direction>): ClusterNetworkPolicy => ({
        ...rest,
        ...rules,
        name: `${policy.name}-${Object.keys(rules)[0]}-${index}`,
        priority: rank * 25 + index,
      });
      return [
        ...ingress.map((rule, index) => part(index, { ingress: [rule] })),
        ...egress.map((rule, index) => part(index, { egress: [rule] })),
      ];
    });
  });

  test('when a network becomes its two halves', () => {
    const halves = (peer: ClusterPeer): ClusterPeer[] => {
      if (peer.kind !== 'networks') return [peer];
      return peer.cidrs.flatMap((text) => {
        const { cidr } = parseCidr(text)!;
        const [first, last] = rangeOf(cidr);
        if (first === last) return [{ ...peer, cidrs: [text], addresses: addressesOf([cidr]) }];
        const middle = (first + last) / 2n;
        const parts = [...cidrsOf(cidr.family, first, middle), ...cidrsOf(cidr.family, middle + 1n, last)];
        return parts.map((part) => ({ ...peer, cidrs: [formatCidr(part)], addresses: addressesOf([part]) }));
      });
    };
    changesNothing((policy) => [withRules(policy, (rules) => rules.map((rule) => ({ ...rule, peers: rule.peers.flatMap(halves) })))]);
  });

  test('when the Baseline tier passes where it accepts', () => {
    changesNothing((policy) => [
      policy.tier === 'Admin'
        ? policy
        : withRules(policy, (rules) => rules.map((rule) => ({ ...rule, action: rule.action === 'accept' ? 'pass' : rule.action }))),
    ]);
  });

  test('when everything is passed on at the end of a tier', () => {
    const rules = inBoth([{ action: 'pass', peers: [everyone] }]);
    for (const tier of ['Admin', 'Baseline'] as const)
      changesNothing((policy) => [policy, policyOf({ name: `${policy.name}-last`, tier, priority: 1000, ...rules })]);
  });
});

describe('before all others', () => {
  /** What one rule for everybody, asked first, makes of each connection. */
  function compare(rule: ClusterRule, holds: (was: boolean, is: boolean) => void): void {
    fc.assert(
      fc.property(randomCase, fc.constantFrom(...(['ingress', 'egress'] as const)), ({ objects, connections }, direction) => {
        const first = policyOf({ name: '0', [direction]: [rule] });
        const later = rewritten(objects, (policy) => [{ ...policy, priority: policy.priority + 1 }]);
        const [before, after] = [freshModel(objects), freshModel([...later, first])];
        for (const connection of connections) {
          const [was, is] = [verdictOf(before, connection), verdictOf(after, connection)];
          holds(was.allowed, is.allowed);
          const other = direction === 'egress' ? 'ingress' : 'egress';
          expect(is[other].allowed).toBe(was[other].allowed);
        }
      }),
      { numRuns },
    );
  }

  test('an Accept only adds connections', () =>
    compare({ action: 'accept', peers: [everyone] }, (was, is) => expect(is || !was).toBe(true)));

  test('a Deny only takes connections away', () => {
    const ports = [{ kind: 'range', protocol: 'TCP', first: 1, last: 100 }] as const;
    compare({ action: 'deny', peers: [everyone], ports }, (was, is) => expect(was || !is).toBe(true));
  });
});

describe('policies of one tier and priority', () => {
  /** All orders of the items. */
  const ordersOf = <T>(items: readonly T[]): T[][] =>
    items.length === 0 ? [[]] : items.flatMap((item, at) => ordersOf(items.toSpliced(at, 1)).map((order) => [item, ...order]));

  test('are told where, and only where, the verdict hangs on which of them is asked first', () => {
    let told = 0;
    fc.assert(
      fc.property(randomCase, ({ objects: drawn, connections }) => {
        const other = { accept: 'deny', deny: 'pass', pass: 'accept' } as const;
        const objects = rewritten(drawn, (policy, all) => {
          const equal = { ...policy, priority: policy.priority % 2 };
          if (policy !== all[0]) return all.indexOf(policy) > 2 ? [] : [equal];
          // One that says something else of the same connections.
          const opposite = withRules(equal, (rules) => rules.map((rule) => ({ ...rule, action: other[rule.action] })));
          return [equal, { ...opposite, name: `${policy.name}-too` }];
        });
        // Equals are asked as their names are ordered, so other names are another order.
        const models = ordersOf(policiesIn(objects)).map((order) =>
          freshModel(rewritten(objects, (policy) => [{ ...policy, name: `${order.indexOf(policy)}-${policy.name}` }])),
        );
        const model = freshModel(objects);
        for (const connection of connections) {
          const verdicts = models.map((each) => verdictOf(each, connection));
          const [out, into] = directions.map((direction) => new Set(verdicts.map((verdict) => verdict[direction].allowed)));
          const possible = new Set([...out!].flatMap((a) => [...into!].map((b) => a && b)));
          const [from, to] = [connection.from, connection.to].map((address) => partyAt(model, address)) as [Party, Party];
          const { protocol, port } = connection;
          const asked = {
            from: [],
            to: [],
            isSelf: false,
            connection: { from, to, protocol, port },
            verdict: verdictOf(model, connection),
          };
          const tied = tiedPolicies(model, [asked]);
          expect({ ...connection, isTold: tied.length > 1, some: tied.length > 0 }).toEqual({
            ...connection,
            isTold: possible.size > 1,
            some: possible.size > 1,
          });
          told += Number(tied.length > 0);
        }
      }),
      { numRuns: 100 },
    );
    expect(told).toBeGreaterThan(20);
  });
});
