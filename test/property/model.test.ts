import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Choices, defaultChoices } from '#core/api/choices.ts';
import { type Direction, directions, type KubernetesObject } from '#core/api/types.ts';
import type { Cluster } from '#core/cluster/cluster.ts';
import type { AddressOwner, CompiledPeer, ModelDelta, PodClass, PodSet } from '#core/policy/model.ts';
import { PolicyModel } from '#core/policy/policy-model.ts';
import { judgeGate } from '#core/verdict/gate.ts';
import { partyAt } from '#core/verdict/party.ts';
import { gateQuestions } from '#core/verdict/verdict.ts';
import type { RawConnection } from '../reference/evaluator.ts';
import { addressesIn, connectionsIn, someChoices } from './arbitraries.ts';
import { type Evolution, evolution } from './change-arbitraries.ts';
import { freshModel, verdictOf } from './judging.ts';

const sorted = (texts: Iterable<string>): string[] => [...texts].sort();
const keys = (items: Iterable<{ readonly key: string }>): string[] => sorted(Array.from(items, ({ key }) => key));

/** Everything that a model holds, as plain values in a fixed order. */
function describeModel(model: PolicyModel, addresses: readonly string[]): object {
  const sets = new Map<string, PodSet>();
  const peer = (compiled: CompiledPeer): string => {
    if (compiled.kind === 'addresses') return `block ${compiled.key}`;
    sets.set(compiled.set.key, compiled.set);
    return `pods ${compiled.set.key}`;
  };
  const policies = [...model.policies.values()].map((policy) => {
    sets.set(policy.subjects.key, policy.subjects);
    const rules = directions.map((direction) =>
      policy[direction]?.map(({ index, action, peers, ports }) => ({ index, action, peers: peers?.map(peer), ports })),
    );
    return { name: policy.name, tier: policy.tier, priority: policy.priority, subjects: policy.subjects.key, rules };
  });
  const classes = [...model.classes.values()].map((each) => ({
    key: each.key,
    members: sorted(each.members.keys()),
    sets: keys(each.sets),
    policies: directions.map((direction) => model.policiesOf(each, direction).map(({ name }) => name)),
  }));
  return {
    classes: classes.sort((a, b) => (a.key < b.key ? -1 : 1)),
    policies: policies.sort((a, b) => (a.name < b.name ? -1 : 1)),
    sets: sorted(sets.keys()).map((key) => ({
      key,
      classes: keys(sets.get(key)!.classes),
      subjectOf: sorted(Array.from(sets.get(key)!.subjectOf, ({ name }) => name)),
    })),
    owners: addresses.map((address) => [address, describeOwner(model.ownerOf(address))]),
  };
}

function describeOwner(owner: AddressOwner): string {
  if (owner.kind === 'Pod') return `pod ${owner.pod.namespace}/${owner.pod.name} of ${owner.class.key}`;
  return owner.kind === 'Node' ? `node ${owner.node.name}` : 'nobody';
}

const addressesOf = ({ stages }: Evolution): string[] => [
  ...new Set(stages.flatMap((stage) => [4, 6].flatMap((family) => Object.values(addressesIn(stage, family as 4 | 6)).flat()))),
];

const withConnections = evolution.chain((each) =>
  fc.tuple(
    fc.constant(each),
    fc.tuple(...each.stages.map((stage) => connectionsIn(stage))).map((lists) => lists.flat()),
  ),
);

function endsAs(each: Evolution, connections: readonly RawConnection[], choices: Choices): void {
  const grown = new PolicyModel(choices);
  for (const batch of each.batches) grown.update(batch);
  const fresh = freshModel(objectsIn(each.cluster), choices);
  const addresses = addressesOf(each);
  expect(describeModel(grown, addresses)).toEqual(describeModel(fresh, addresses));
  for (const connection of connections)
    expect(verdictOf(grown, connection).allowed, JSON.stringify(connection)).toBe(verdictOf(fresh, connection).allowed);
}

function objectsIn({ namespaces, nodes, clusterPolicies }: Cluster): KubernetesObject[] {
  const inside = [...namespaces.values()].flatMap(({ namespace, pods, services, policies }) => [
    ...(namespace === undefined ? [] : [namespace]),
    ...pods.values(),
    ...services.values(),
    ...policies.values(),
  ]);
  return [...nodes.values(), ...clusterPolicies.values(), ...inside];
}

test('a model after updates in any order is a fresh model of what is there', () => {
  fc.assert(
    fc.property(withConnections, ([each, connections]) => endsAs(each, connections, defaultChoices)),
    { numRuns: 150 },
  );
});

test('under every setting of the choices', () => {
  fc.assert(
    fc.property(withConnections, someChoices, ([each, connections], choices) => endsAs(each, connections, choices)),
    { numRuns: 80 },
  );
});

test('objects put again change nothing', () => {
  fc.assert(
    fc.property(evolution, (each) => {
      const objects = objectsIn(each.cluster);
      const model = freshModel(objects);
      const addresses = addressesOf(each);
      const before = describeModel(model, addresses);
      model.update(objects.map((object) => ({ type: 'put', object })));
      expect(describeModel(model, addresses)).toEqual(before);
    }),
    { numRuns: 60 },
  );
});

/** What one gate of a connection says, and what it is said of. */
interface GateView {
  readonly allowed: boolean;
  readonly subject: AddressOwner;
  readonly remote: AddressOwner;
  readonly sets: ReadonlySet<PodSet>;
}

function viewOf(model: PolicyModel, { from, to, protocol, port }: RawConnection, direction: Direction): GateView {
  const questions = gateQuestions({ from: partyAt(model, from), to: partyAt(model, to), protocol, port });
  const question = questions[direction === 'egress' ? 0 : 1];
  const subject = question.subject.owner;
  const policies = subject.kind === 'Pod' ? model.policiesOf(subject.class, direction) : [];
  const peers = policies.flatMap((policy) => policy[direction]!.flatMap(({ peers: listed = [] }) => listed));
  return {
    allowed: judgeGate(model, question, model.choices).allowed,
    subject,
    remote: question.remote.owner,
    sets: new Set(peers.flatMap((peer) => (peer.kind === 'pods' ? [peer.set] : []))),
  };
}

/** Whether a reader who looks again at what the delta names looks at this gate. */
function isCovered(delta: ModelDelta, addresses: readonly string[], views: readonly GateView[]): boolean {
  const classesOf = (side: 'subject' | 'remote'): PodClass[] =>
    views.flatMap((view) => (view[side].kind === 'Pod' ? [view[side].class] : []));
  const homes = views.flatMap(({ subject }) => (subject.kind === 'Pod' && subject.pod.node !== undefined ? [subject.pod.node] : []));
  return (
    addresses.some((address) => delta.addresses.has(address)) ||
    classesOf('subject').some((each) => delta.gates.has(each)) ||
    homes.some((node) => delta.nodes.has(node)) ||
    [...delta.sets].some(
      ([set, changed]) => views.some(({ sets }) => sets.has(set)) && classesOf('remote').some((each) => changed.has(each)),
    )
  );
}

test('every gate whose verdict changes is in the delta', () => {
  fc.assert(
    fc.property(withConnections, ([{ batches }, connections]) => {
      const model = new PolicyModel();
      const asked = connections.flatMap((connection) => directions.map((direction) => ({ connection, direction })));
      let before = asked.map(({ connection, direction }) => viewOf(model, connection, direction));
      for (const batch of batches) {
        const delta = model.update(batch);
        const after = asked.map(({ connection, direction }) => viewOf(model, connection, direction));
        for (const [index, { connection, direction }] of asked.entries()) {
          const views = [before[index]!, after[index]!];
          if (views[0]!.allowed === views[1]!.allowed) continue;
          expect(isCovered(delta, [connection.from, connection.to], views), `${direction} of ${JSON.stringify(connection)}`).toBe(true);
        }
        before = after;
      }
    }),
    { numRuns: 150 },
  );
});
