import { describe, expect, it } from 'vitest';
import { assignAddresses } from '#core/cluster/assign-addresses.ts';
import { clusterOf } from '#core/cluster/cluster.ts';
import { testAnswer } from '#core/expect/answer.ts';
import { TestRun } from '#core/expect/run-tests.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { readManifests } from '#manifest/read.ts';
import { loadExamples, manifestsOf } from './expectations.ts';

// The tests of the examples, by the analyser. Packets have their turn in test/kernel/examples.test.ts.

describe.each(await loadExamples())('$name', (example) => {
  it.each(example.documents)('$name', async (document) => {
    const { objects, diagnostics } = await readManifests(manifestsOf(example, document));
    expect(diagnostics).toEqual([]);
    const run = new TestRun(new Analysis(clusterOf(assignAddresses(objects))), document);
    const answers = Array.from(run.results(), (result) => testAnswer(document.name, result, run));
    expect(answers.filter(({ status }) => status !== 'passed')).toEqual([]);
  });

  it('is seen to allow and to deny', () => {
    const tests = example.documents.flatMap((document) => document.tests);
    const expected = new Set(tests.flatMap(({ expectations }) => expectations.map(({ expect: wanted }) => wanted)));
    // What allows all has nothing to deny.
    expect([...expected].sort()).toEqual(example.name === 'recipes/04-allow-all-ingress' ? ['allow'] : ['allow', 'deny']);
  });
});
