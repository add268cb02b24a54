import fc from 'fast-check';
import { expect, test } from 'vitest';
import { directions } from '#core/api/types.ts';
import { clusterOf } from '#core/cluster/cluster.ts';
import { type ConnectionAnswer, trafficMeant } from '#core/connectivity/answers.ts';
import { connectivityOf } from '#core/connectivity/connectivity.ts';
import { intersectAddresses, isEmptyAddresses } from '#core/net/address-set.ts';
import { intersectTraffic, isEmptyTraffic, subtractTraffic } from '#core/net/port-set.ts';
import { internetSpace } from '#core/verdict/address-space.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { checkConnection } from '#core/verdict/answer.ts';
import { rangesAddresses } from '#core/verdict/endpoint-name.ts';
import { isUnanswerable } from '#core/verdict/unanswerable.ts';
import { decoded, interestingPort, rawCluster } from './arbitraries.ts';
import { lets } from './matrix-oracle.ts';

test('exposure is what the matrix says of what is outside', () => {
  fc.assert(
    fc.property(rawCluster, (raw) => {
      const analysis = new Analysis(clusterOf(decoded(raw)));
      const { endpoints, connections, exposure = [] } = connectivityOf(analysis, { denied: true, exposure: true });
      const answers = new Map(Array.from(connections, ({ from, to, ...answer }) => [`${from} -> ${to}`, answer] as const));
      expect(exposure.map(({ endpoint }) => endpoint)).toEqual(
        endpoints.filter(({ kind }) => kind === 'Pod' || kind === 'Workload').map(({ id }) => id),
      );
      for (const { endpoint, ...ways } of exposure)
        for (const direction of directions) {
          const { internet, addresses, anyPod, pods } = ways[direction];
          const between = (id: string): Omit<ConnectionAnswer, 'from' | 'to'> | undefined =>
            answers.get(direction === 'egress' ? `${endpoint} -> ${id}` : `${id} -> ${endpoint}`);
          const met = endpoints.flatMap(({ id, ranges }) =>
            ranges !== undefined && between(id) !== undefined ? [{ id, ranges, answer: between(id)! }] : [],
          );
          const inside = met.filter(({ ranges }) => !isEmptyAddresses(intersectAddresses(rangesAddresses(ranges), internetSpace)));
          if (inside.length > 0) {
            const every = inside.map(({ answer }) => trafficMeant(answer.traffic)).reduce(intersectTraffic);
            expect(trafficMeant(internet.traffic)).toEqual(every);
            expect(inside.some(({ answer }) => JSON.stringify(answer.reason) === JSON.stringify(internet.reason))).toBe(true);
            const more = met.filter(
              ({ answer }) => !isEmptyTraffic(subtractTraffic(trafficMeant(answer.partial ?? answer.traffic), every)),
            );
            expect(addresses).toEqual(more.map(({ id, answer }) => ({ id, ...answer })));
          } else expect({ internet: internet.traffic, addresses }).toEqual({ internet: 'all', addresses: [] });
          const any = between('{}/{}');
          if (any !== undefined) expect(anyPod).toEqual(any);
          for (const { id, ...answer } of pods) expect(answer).toEqual(between(id));
          const named = new Set(pods.map(({ id }) => id));
          const beyond = trafficMeant(anyPod.partial ?? anyPod.traffic);
          for (const { id, kind } of endpoints) {
            const answer = kind === 'Potential' && !named.has(id) ? between(id) : undefined;
            if (answer !== undefined)
              expect(isEmptyTraffic(subtractTraffic(trafficMeant(answer.partial ?? answer.traffic), beyond)), `${endpoint} ${id}`).toBe(
                true,
              );
          }
        }
    }),
    { numRuns: 100 },
  );
});

test('what a pod that does not exist may is what check says of its name', () => {
  fc.assert(
    fc.property(rawCluster, interestingPort, (raw, port) => {
      const analysis = new Analysis(clusterOf(decoded(raw)));
      const { exposure = [], endpoints } = connectivityOf(analysis, { exposure: true });
      const single = new Set(endpoints.flatMap(({ id, kind, pods = 1 }) => (kind === 'Workload' || pods === 1 ? [id] : [])));
      for (const { endpoint, ingress } of exposure.filter((each) => single.has(each.endpoint)))
        for (const { id, traffic } of ingress.pods) {
          const answers = ([4, 6] as const).map((family) =>
            checkConnection(analysis, { from: id, to: endpoint, protocol: 'TCP', port, family }),
          );
          const judged = answers.flatMap((answer) => (isUnanswerable(answer) ? [] : [answer]));
          // With another address a narrow block could hold the pod, or hold it no more; check says so.
          if (judged.some(({ assumedAddress }) => assumedAddress)) continue;
          const asked = `${id} -> ${endpoint} TCP/${port}`;
          expect({ asked, allowed: lets(traffic, 'TCP', port) }).toEqual({ asked, allowed: judged.every(({ allowed }) => allowed) });
        }
    }),
    { numRuns: 60 },
  );
});
