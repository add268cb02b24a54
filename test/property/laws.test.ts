import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ClusterRule,
  type Direction,
  directions,
  type KubernetesObject,
  type NetworkPolicy,
  type PodSelection,
  type PortMatch,
  type Rule,
} from '#core/api/types.ts';
import { type Requirement, type Selector, selector } from '#core/label/selector.ts';
import type { RawConnection } from '../reference/evaluator.ts';
import { clusterWithConnections, decoded } from './arbitraries.ts';
import { allowed, freshModel, verdictOf } from './judging.ts';

/** The laws of semantics.md section 7: what may be done to policies without changing what they mean. */

interface Case {
  readonly objects: readonly KubernetesObject[];
  readonly connections: readonly RawConnection[];
}

const randomCase: fc.Arbitrary<Case> = clusterWithConnections(30).map(([cluster, connections]) => ({
  objects: decoded(cluster),
  connections,
}));

const numRuns = 80;

/** The objects with every policy replaced by what it becomes. */
const rewritten = (
  objects: readonly KubernetesObject[],
  become: (policy: NetworkPolicy) => readonly KubernetesObject[],
): KubernetesObject[] => objects.flatMap((object) => (object.kind === 'NetworkPolicy' ? become(object) : [object]));

/** The policy with other rules, in the directions that it isolates. */
function withRules(policy: NetworkPolicy, become: (rules: readonly Rule[], direction: Direction) => readonly Rule[]): NetworkPolicy {
  return {
    ...policy,
    ...(policy.ingress && { ingress: become(policy.ingress, 'ingress') }),
    ...(policy.egress && { egress: become(policy.egress, 'egress') }),
  };
}

/** Holds when the rewriting of every policy changes no verdict. */
function changesNothing(become: (policy: NetworkPolicy) => readonly KubernetesObject[]): void {
  fc.assert(
    fc.property(randomCase, ({ objects, connections }) => {
      expect(allowed(rewritten(objects, become), connections)).toEqual(allowed(objects, connections));
    }),
    { numRuns },
  );
}

const shuffled = <T>(items: readonly T[], seed: number): T[] =>
  items
    .map((item, index) => ({ item, order: Math.sin(seed + index * 7.3) }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);

describe('nothing changes', () => {
  test('when policies, rules, peers and ports change places', () => {
    fc.assert(
      fc.property(randomCase, fc.integer(), ({ objects, connections }, seed) => {
        const rule = ({ peers, ports, ...rest }: Rule): Rule => ({
          ...rest,
          ...(peers && { peers: shuffled(peers, seed) }),
          ...(ports && { ports: shuffled(ports, seed) }),
        });
        const moved = rewritten(objects, (policy) => [withRules(policy, (rules) => shuffled(rules.map(rule), seed))]);
        expect(allowed(shuffled(moved, seed), connections)).toEqual(allowed(objects, connections));
      }),
      { numRuns },
    );
  });

  test('when policies, rules, peers and ports are written twice', () => {
    const twice = <T>(items: readonly T[]): T[] => [...items, ...items];
    const rule = ({ peers, ports, ...rest }: Rule): Rule => ({
      ...rest,
      ...(peers && { peers: twice(peers) }),
      ...(ports && { ports: twice(ports) }),
    });
    changesNothing((policy) => [policy, { ...withRules(policy, (rules) => twice(rules.map(rule))), name: `${policy.name}-again` }]);
  });

  test('when a policy becomes one policy for each rule', () => {
    const parts = ({ ingress, egress, ...policy }: NetworkPolicy): NetworkPolicy[] =>
      [{ ingress }, { egress }].flatMap((side) => {
        const [direction, rules] = Object.entries(side)[0]!;
        if (rules === undefined) return [];
        const each = rules.length === 0 ? [[]] : rules.map((rule) => [rule]);
        return each.map((only, index) => ({ ...policy, name: `${policy.name}-${direction}-${index}`, [direction]: only }));
      });
    changesNothing(parts);
  });

  test('when a rule becomes one rule for each peer, or for each port', () => {
    changesNothing((policy) => [
      withRules(policy, (rules) => rules.flatMap((rule) => rule.peers?.map((peer) => ({ ...rule, peers: [peer] })) ?? [rule])),
    ]);
    changesNothing((policy) => [
      withRules(policy, (rules) => rules.flatMap((rule) => rule.ports?.map((port) => ({ ...rule, ports: [port] })) ?? [rule])),
    ]);
  });

  test('when a range of ports becomes its numbers', () => {
    const numbers = (port: PortMatch): PortMatch[] =>
      port.kind === 'range' && port.last - port.first < 200
        ? Array.from({ length: port.last - port.first + 1 }, (_, index) => ({
            ...port,
            first: port.first + index,
            last: port.first + index,
          }))
        : [port];
    changesNothing((policy) => [
      withRules(policy, (rules) => rules.map((rule) => ({ ...rule, ...(rule.ports && { ports: rule.ports.flatMap(numbers) }) }))),
    ]);
  });

  test('when pods that are isolated are selected by another policy without rules', () => {
    changesNothing((policy) => [policy, { ...withRules(policy, () => []), name: `${policy.name}-empty` }]);
  });

  test('when namespaces get other names, labels and policies included', () => {
    const renamed = (text: string): string => `renamed-${text}`;
    const inSelector = ({ requirements }: Selector): Selector =>
      selector(
        requirements.map(
          (requirement): Requirement =>
            requirement.key === 'kubernetes.io/metadata.name' && 'values' in requirement
              ? { ...requirement, values: requirement.values.map(renamed) }
              : requirement,
        ),
      );
    const inRule = (rule: Rule): Rule => ({
      ...rule,
      ...(rule.peers && {
        peers: rule.peers.map((peer) =>
          peer.kind === 'pods' && peer.namespaces ? { ...peer, namespaces: inSelector(peer.namespaces) } : peer,
        ),
      }),
    });
    const inSelection = <T extends PodSelection>(selection: T): T => ({ ...selection, namespaces: inSelector(selection.namespaces) });
    const inClusterRules = (rules: readonly ClusterRule[]): ClusterRule[] =>
      rules.map((rule) => ({ ...rule, peers: rule.peers.map((peer) => (peer.kind === 'pods' ? inSelection(peer) : peer)) }));
    const rename = (object: KubernetesObject): KubernetesObject => {
      if (object.kind === 'ClusterNetworkPolicy')
        return {
          ...object,
          subject: inSelection(object.subject),
          ...(object.ingress && { ingress: inClusterRules(object.ingress) }),
          ...(object.egress && { egress: inClusterRules(object.egress) }),
        };
      if (object.kind === 'Namespace') {
        const name = renamed(object.name);
        return { ...object, name, labels: { ...object.labels, 'kubernetes.io/metadata.name': name } };
      }
      if (object.kind === 'NetworkPolicy')
        return { ...withRules(object, (rules) => rules.map(inRule)), namespace: renamed(object.namespace) };
      return object.kind === 'Pod' ? { ...object, namespace: renamed(object.namespace) } : object;
    };
    fc.assert(
      fc.property(randomCase, ({ objects, connections }) => {
        expect(allowed(objects.map(rename), connections)).toEqual(allowed(objects, connections));
      }),
      { numRuns },
    );
  });
});

test('another rule in a policy only adds connections', () => {
  fc.assert(
    fc.property(randomCase, randomCase, ({ objects, connections }, other) => {
      const extra = other.objects.flatMap((object) => (object.kind === 'NetworkPolicy' ? [object] : []));
      const added = rewritten(objects, (policy) => [
        withRules(policy, (rules, direction) => [...rules, ...extra.flatMap((donor) => donor[direction]?.slice(0, 1) ?? [])]),
      ]);
      const [before, after] = [allowed(objects, connections), allowed(added, connections)];
      for (const [index, was] of before.entries()) if (was) expect(after[index], JSON.stringify(connections[index])).toBe(true);
    }),
    { numRuns },
  );
});

test('another policy changes nothing in other directions, and nothing for pods that it does not select', () => {
  fc.assert(
    fc.property(randomCase, randomCase, ({ objects, connections }, other) => {
      const policy = other.objects.find((object) => object.kind === 'NetworkPolicy');
      if (policy === undefined) return;
      const before = freshModel(objects);
      const after = freshModel([...objects, { ...policy, name: 'another' }]);
      for (const connection of connections) {
        const [was, is] = [verdictOf(before, connection), verdictOf(after, connection)];
        for (const direction of directions) {
          const owner = after.ownerOf(direction === 'egress' ? connection.from : connection.to);
          const selects = owner.kind === 'Pod' && after.policiesOf(owner.class, direction).some(({ id }) => id.name === 'another');
          if (!selects) expect(is[direction].allowed).toBe(was[direction].allowed);
        }
      }
    }),
    { numRuns },
  );
});

test('verdicts over IPv4 know nothing of IPv6, and the other way round', () => {
  fc.assert(
    fc.property(randomCase, fc.constantFrom(4 as const, 6 as const), ({ objects, connections }, family) => {
      const isKept = (address: string): boolean => address.includes(':') === (family === 6);
      const kept = objects.map((object): KubernetesObject => {
        if (object.kind === 'Pod' || object.kind === 'Node') return { ...object, addresses: object.addresses.filter(isKept) };
        if (object.kind !== 'NetworkPolicy') return object;
        const noOther = { [family === 4 ? 6 : 4]: [] };
        return withRules(object, (rules) =>
          rules.map((rule) => ({
            ...rule,
            ...(rule.peers && {
              peers: rule.peers.map((peer) => (peer.kind === 'block' ? { ...peer, addresses: { ...peer.addresses, ...noOther } } : peer)),
            }),
          })),
        );
      });
      const asked = connections.filter(({ from }) => isKept(from));
      expect(allowed(kept, asked)).toEqual(allowed(objects, asked));
    }),
    { numRuns },
  );
});
