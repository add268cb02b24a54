import fc from 'fast-check';
import { expect, test } from 'vitest';
import { adviseOn } from '#core/advise/advise.ts';
import { clusterOf } from '#core/cluster/cluster.ts';
import { connectivityOf } from '#core/connectivity/connectivity.ts';
import { dependencesOf, withDependences } from '#core/connectivity/dependence.ts';
import { differenceBetween } from '#core/connectivity/difference-between.ts';
import { matrixJson } from '#core/render/matrix.ts';
import { rulesetJson } from '#core/render/ruleset.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { checkConnection } from '#core/verdict/answer.ts';
import { isUnanswerable } from '#core/verdict/unanswerable.ts';
import { decoded, interestingPort, rawCluster } from '#test/property/arbitraries.ts';
import type { RawCluster } from '#test/reference/raw.ts';
import { SimulatedCluster } from '../judges/simulated.ts';
import { faultsOf } from './schemas.ts';

const analysisOf = (raw: RawCluster): Analysis => new Analysis(clusterOf(decoded(raw)));

/** The value of a text that is written line by line. */
const read = (lines: Iterable<string>): unknown => JSON.parse([...lines].join('\n'));

test('whatever is asked of whatever cluster, the answer is as the schemas say', () => {
  const protocol = fc.constantFrom('TCP', 'UDP', 'SCTP', 'ICMP');
  let answered = 0;
  fc.assert(
    fc.property(rawCluster, fc.tuple(fc.nat(), fc.nat()), protocol, interestingPort, (raw, ends, each, port) => {
      const analysis = analysisOf(raw);
      const { endpoints } = connectivityOf(analysis, { exposure: true });
      const names = [...endpoints.map(({ id }) => id), 'internet', '203.0.113.0/25', 'alpha/{app=new}', '203.0.113.7'];
      const [from, to] = ends.map((index) => names[index % names.length]!) as [string, string];
      const flow = { from, to, protocol: each, port };
      const answer = checkConnection(analysis, flow);
      if (isUnanswerable(answer)) return;
      answered++;
      expect(faultsOf('check-flows', [answer])).toEqual([]);
      const tried = adviseOn(analysis, flow);
      if (isUnanswerable(tried)) throw new Error(tried.error);
      expect(faultsOf('check', { ...answer, advice: tried.advice })).toEqual([]);
    }),
    { numRuns: 300 },
  );
  expect(answered).toBeGreaterThan(100);
});

test('so are the matrix and the difference of two clusters', () => {
  fc.assert(
    fc.property(rawCluster, rawCluster, (before, after) => {
      const analysis = analysisOf(before);
      const matrix = connectivityOf(analysis, { denied: true, exposure: true });
      const dependences = dependencesOf(analysis, { endpoints: matrix.endpoints, exposure: true });
      expect(faultsOf('matrix', read(matrixJson(withDependences(matrix, dependences))))).toEqual([]);
      const { everyone: _, ...difference } = differenceBetween(analysisOf(before), analysisOf(after), { exposure: true });
      expect(faultsOf('diff', difference)).toEqual([]);
    }),
    { numRuns: 100 },
  );
});

test('and the ruleset of every node', () => {
  fc.assert(
    fc.property(rawCluster, (raw) => {
      const cluster = new SimulatedCluster(['n1', 'n2', 'n3']);
      cluster.update(decoded(raw).map((object) => ({ type: 'put', object })));
      for (const [node, ruleset] of cluster.rulesets) expect(faultsOf('ruleset', read(rulesetJson(node, ruleset.objects())))).toEqual([]);
    }),
    { numRuns: 50 },
  );
});
