import type { Tested } from '#core/document/document.ts';
import type { FailingTest } from '#core/document/documentation.ts';
import { Coverage } from '#core/expect/coverage.ts';
import type { Analysis } from '#core/verdict/analysis.ts';
import type { InputOptions } from './options.ts';
import { analysisOf, groupsOf, readTests, runTests } from './test-files.ts';

/** What tests show: those that name manifests themselves are decided over these, the others over the input. */
export async function testedBy(paths: readonly string[], analysis: Analysis, options: InputOptions): Promise<Tested> {
  const coverage = new Coverage();
  const failing: FailingTest[] = [];
  let passed = 0;
  const { filename: _, ...others } = options;
  for (const [manifests, documents] of groupsOf(await readTests(paths), {})) {
    const over = manifests === undefined ? analysis : await analysisOf({ ...others, filename: manifests.split('\n') });
    for (const { document, name, status, source } of await runTests(documents, over, coverage))
      if (status === 'passed') passed++;
      else failing.push({ document, name, status, ...(source && { source }) });
  }
  return { passed, failing, coverage: coverage.report(analysis.model) };
}
