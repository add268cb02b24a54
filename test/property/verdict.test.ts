import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultChoices } from '#core/api/choices.ts';
import { referenceAllows, referenceWouldDeny } from '../reference/evaluator.ts';
import { answeredChoices, auditedWithConnections, clusterWithConnections, decoded } from './arbitraries.ts';
import { freshModel, verdictOf } from './judging.ts';

describe('the verdict is that of the reference evaluator', () => {
  test('for connections of the three protocols', () => {
    fc.assert(
      fc.property(clusterWithConnections(), ([cluster, connections]) => {
        const model = freshModel(decoded(cluster));
        for (const connection of connections)
          expect({ ...connection, allowed: verdictOf(model, connection).allowed }).toEqual({
            ...connection,
            allowed: referenceAllows(cluster, connection),
          });
      }),
      { numRuns: 500 },
    );
  });

  test('for other protocols and every setting of the choices', () => {
    fc.assert(
      fc.property(clusterWithConnections(40, ['TCP', 'UDP', 'SCTP', 'ICMP']), answeredChoices, ([cluster, connections], choices) => {
        const model = freshModel(decoded(cluster), choices);
        for (const connection of connections)
          expect({ ...connection, allowed: verdictOf(model, connection).allowed }).toEqual({
            ...connection,
            allowed: referenceAllows(cluster, connection, choices),
          });
      }),
      { numRuns: 300 },
    );
  });

  test('for policies in audit, which isolate nobody and tell what they would deny', () => {
    const arbitrary = auditedWithConnections(40, ['TCP', 'UDP', 'SCTP', 'ICMP']);
    let told = 0;
    fc.assert(
      fc.property(arbitrary, answeredChoices, ([cluster, connections], choices) => {
        const model = freshModel(decoded(cluster), choices);
        for (const connection of connections) {
          const { allowed, wouldDeny } = verdictOf(model, connection);
          const isTold = allowed && wouldDeny !== undefined;
          expect({ ...connection, allowed, isTold }).toEqual({
            ...connection,
            allowed: referenceAllows(cluster, connection, choices),
            isTold: referenceWouldDeny(cluster, connection, choices),
          });
          told += Number(isTold);
        }
      }),
      { numRuns: 300 },
    );
    expect(told).toBeGreaterThan(50);
  });

  test('with hostNetwork pods as pods, where an address belongs to one pod', () => {
    const choices = { ...defaultChoices, hostnetwork: 'as-pods' as const };
    fc.assert(
      fc.property(clusterWithConnections(), ([cluster, connections]) => {
        const model = freshModel(decoded(cluster), choices);
        const isShared = (address: string): boolean => cluster.pods.filter(({ ips }) => ips.includes(address)).length > 1;
        for (const connection of connections.filter(({ from, to }) => !isShared(from) && !isShared(to)))
          expect({ ...connection, allowed: verdictOf(model, connection).allowed }).toEqual({
            ...connection,
            allowed: referenceAllows(cluster, connection, choices),
          });
      }),
      { numRuns: 200 },
    );
  });
});
