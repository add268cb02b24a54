import { describe, expect, it } from 'vitest';
import { clusterOf } from '#core/cluster/cluster.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { checkConnection } from '#core/verdict/answer.ts';
import { loadExamples, objectsOf } from './expectations.ts';

// Every expectation of the examples, against the verdict. Packets have their turn in test/kernel/examples.test.ts.

describe.each(loadExamples())('$name', (example) => {
  it.each(example.expectations)('$title', async (expectation) => {
    const analysis = new Analysis(clusterOf(await objectsOf(example, expectation)));
    const answers = expectation.flows.map(({ expect: _expect, ...flow }) => ({ ...flow, answer: checkConnection(analysis, flow) }));
    const verdicts = answers.map(({ answer, ...flow }) => ({
      ...flow,
      expect: 'error' in answer ? answer.error : answer.allowed ? 'allow' : 'deny',
    }));
    expect(verdicts).toEqual(expectation.flows);
  });

  it('is seen to allow and to deny', () => {
    const verdicts = new Set(example.expectations.flatMap(({ flows }) => flows.map((flow) => flow.expect)));
    // What allows all has nothing to deny.
    expect([...verdicts].sort()).toEqual(example.name === 'recipes/04-allow-all-ingress' ? ['allow'] : ['allow', 'deny']);
  });
});
