import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Choices } from '#core/api/choices.ts';
import type { KubernetesObject } from '#core/api/types.ts';
import { applyChanges, type ClusterChange, clusterOf, differenceOf, emptyCluster } from '#core/cluster/cluster.ts';
import type { Packet } from '#core/ruleset/simulate.ts';
import type { RulesetObject } from '#core/ruleset/types.ts';
import { SimulatedCluster } from '../judges/simulated.ts';
import { referenceAllows } from '../reference/evaluator.ts';
import { auditedWithConnections, clusterWithConnections, decoded, rawCluster, someChoices, withAudit } from './arbitraries.ts';
import { freshModel, verdictOf } from './judging.ts';

/** A connection's protocol as a packet carries it. */
const packetProtocol = (protocol: string): Packet['protocol'] => (protocol === 'ICMP' ? 'icmp' : (protocol as 'TCP' | 'UDP' | 'SCTP'));

const nodes = ['n1', 'n2', 'n3'];

function simulated(objects: readonly KubernetesObject[], choices?: Choices): SimulatedCluster {
  const cluster = new SimulatedCluster(nodes, choices);
  cluster.update(objects.map((object) => ({ type: 'put', object })));
  return cluster;
}

/** What a table says, without what its generation is: two tables that say the same are equal. */
function contentOf(objects: Iterable<RulesetObject>): Map<string, unknown> {
  return new Map(
    Array.from(objects, (object): [string, unknown] => {
      if (object.kind === 'set') return [object.name, [...object.elements].sort()];
      if (object.kind === 'map')
        return [object.name, Array.from(object.elements, ([key, verdict]) => JSON.stringify([key, verdict])).sort()];
      return [
        object.name,
        object.kind === 'chain' && object.name !== 'known' && object.name !== 'accepted' ? JSON.stringify(object.rules) : '',
      ];
    }).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** Changes from one cluster to the next in another order and in batches of several sizes. */
const shuffled = (changes: readonly ClusterChange[]): fc.Arbitrary<ClusterChange[][]> =>
  fc
    .tuple(
      fc.shuffledSubarray([...changes], { minLength: changes.length }),
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 }),
    )
    .map(([order, sizes]) => {
      const batches: ClusterChange[][] = [];
      for (let start = 0, turn = 0; start < order.length; turn++) {
        const size = sizes[turn % sizes.length]!;
        batches.push(order.slice(start, start + size));
        start += size;
      }
      return batches;
    });

describe('a packet walked through the rulesets of its nodes meets the verdict', () => {
  test('under the defaults, and that of the reference', () => {
    fc.assert(
      fc.property(clusterWithConnections(), ([cluster, connections]) => {
        const objects = decoded(cluster);
        const [rulesets, model] = [simulated(objects), freshModel(objects)];
        for (const { from, to, protocol, port } of connections) {
          const walked = rulesets.isAllowed({ source: from, destination: to, protocol: packetProtocol(protocol), port });
          const connection = { from, to, protocol, port };
          expect({ ...connection, allowed: walked }).toEqual({ ...connection, allowed: verdictOf(model, connection).allowed });
          expect({ ...connection, allowed: walked }).toEqual({ ...connection, allowed: referenceAllows(cluster, connection) });
        }
      }),
      { numRuns: 300 },
    );
  });

  test('where policies are in audit, and those of which it would be another are told of', () => {
    const arbitrary = auditedWithConnections(40, ['TCP', 'UDP', 'SCTP', 'ICMP']);
    let told = 0;
    fc.assert(
      fc.property(arbitrary, someChoices, ([cluster, connections], choices) => {
        const objects = decoded(cluster);
        const [rulesets, model] = [simulated(objects, choices), freshModel(objects, choices)];
        for (const { from, to, protocol, port } of connections) {
          const walked = { source: from, destination: to, protocol: packetProtocol(protocol), port };
          const { allowed, wouldDeny } = verdictOf(model, { from, to, protocol, port });
          expect({ ...walked, allowed: rulesets.isAllowed(walked) }).toEqual({ ...walked, allowed });
          // Of a connection that is denied, another gate may be told of.
          if (allowed) expect({ ...walked, told: rulesets.isTold(walked) }).toEqual({ ...walked, told: wouldDeny !== undefined });
          told += Number(allowed && wouldDeny !== undefined);
        }
      }),
      { numRuns: 200 },
    );
    expect(told).toBeGreaterThan(50);
  });

  test('under every setting of the choices that the kernel can follow', () => {
    fc.assert(
      fc.property(clusterWithConnections(40, ['TCP', 'UDP', 'SCTP', 'ICMP']), someChoices, ([cluster, connections], choices) => {
        const objects = decoded(cluster);
        const [rulesets, model] = [simulated(objects, choices), freshModel(objects, choices)];
        for (const connection of connections) {
          const { from: source, to: destination, port } = connection;
          const allowed = rulesets.isAllowed({ source, destination, protocol: packetProtocol(connection.protocol), port });
          expect({ ...connection, allowed }).toEqual({ ...connection, allowed: verdictOf(model, connection).allowed });
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('a ruleset after updates is the ruleset of the final cluster', () => {
  test('whatever the order and the batches', () => {
    const twoClusters = fc
      .tuple(rawCluster.chain(withAudit), rawCluster.chain(withAudit))
      .map(([before, after]) => [clusterOf(decoded(before)), clusterOf(decoded(after))] as const);
    const history = twoClusters.chain(([before, after]) =>
      fc.tuple(fc.constant(after), shuffled(differenceOf(emptyCluster, before)), shuffled(differenceOf(before, after))),
    );
    fc.assert(
      fc.property(history, ([after, first, second]) => {
        const incremental = new SimulatedCluster(nodes);
        let cluster = emptyCluster;
        for (const batch of [...first, ...second]) {
          incremental.update(batch);
          cluster = applyChanges(cluster, batch);
        }
        expect(differenceOf(cluster, after)).toEqual([]);
        const fresh = new SimulatedCluster(nodes);
        fresh.update(differenceOf(emptyCluster, after));
        for (const [node, ruleset] of incremental.rulesets)
          expect(contentOf(ruleset.objects())).toEqual(contentOf(fresh.rulesets.get(node)!.objects()));
      }),
      { numRuns: 300 },
    );
  });
});
