import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { assignAddresses } from '#core/cluster/assign-addresses.ts';
import { clusterOf } from '#core/cluster/cluster.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { checkConnection } from '#core/verdict/answer.ts';
import type { Flow } from '#core/verdict/check.ts';
import { readManifests } from '#manifest/read.ts';

// Every expectation of the examples, against the verdict.

interface Expectation {
  readonly title: string;
  /** Relative to the example; all of it unless given. */
  readonly files?: readonly string[];
  readonly flows: readonly (Flow & { readonly expect: 'allow' | 'deny' })[];
}

const examples = join(import.meta.dirname, '../../examples');
const files = globSync('**/expect.yaml', { cwd: examples }).sort();

async function analysisOf(paths: readonly string[]): Promise<Analysis> {
  const { objects, diagnostics } = await readManifests(paths);
  expect(diagnostics).toEqual([]);
  return new Analysis(clusterOf(assignAddresses(objects)));
}

describe.each(files)('%s', (file) => {
  const folder = dirname(join(examples, file));
  const expectations = parse(readFileSync(join(examples, file), 'utf8')) as Expectation[];

  it.each(expectations.map((expectation) => [expectation.title, expectation] as const))('%s', async (_title, {
    files: parts = [''],
    flows,
  }) => {
    const analysis = await analysisOf(parts.map((part) => join(folder, part)));
    const answers = flows.map(({ expect: _expect, ...flow }) => ({ ...flow, answer: checkConnection(analysis, flow) }));
    const verdicts = answers.map(({ answer, ...flow }) => ({
      ...flow,
      expect: 'error' in answer ? answer.error : answer.allowed ? 'allow' : 'deny',
    }));
    expect(verdicts).toEqual(flows);
  });

  it('is seen to allow and to deny', () => {
    const verdicts = new Set(expectations.flatMap(({ flows }) => flows.map((flow) => flow.expect)));
    // What allows all has nothing to deny.
    expect([...verdicts].sort()).toEqual(basename(folder) === '04-allow-all-ingress' ? ['allow'] : ['allow', 'deny']);
  });
});
