import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import type { Total } from './test-total.ts';

/** Where the reporter leaves what it counted, from the root of the repository. */
export const resultFile = 'build/test-result.json';

/**
 * Counts what ran, for the last lines of `make test`. A file or a suite that broke outside its tests counts as one failed test, and so does a
 * skip that names no reason: use `context.skip(reason)`.
 */
export default class TotalReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const outcomes = tests.map(outcomeOf);
    const total: Total = {
      passed: outcomes.filter((outcome) => outcome === 'passed').length,
      failed: outcomes.filter((outcome) => outcome === 'failed').length + unhandledErrors.length + brokenParts(modules),
      skipped: skipsOf(tests),
    };
    mkdirSync(dirname(resultFile), { recursive: true });
    writeFileSync(resultFile, JSON.stringify(total));
  }
}

function outcomeOf(test: TestCase): 'passed' | 'failed' | 'skipped' {
  const result = test.result();
  if (result.state === 'skipped') return result.note === undefined ? 'failed' : 'skipped';
  // A test that never came to its end did not pass.
  return result.state === 'passed' ? 'passed' : 'failed';
}

/** How many files and suites broke outside their tests: on loading, or in a hook. */
function brokenParts(modules: readonly TestModule[]): number {
  const parts = modules.flatMap((module) => [module, ...module.children.allSuites()]);
  return parts.filter((part) => part.errors().length > 0).length;
}

/** One line for all tests of a file that were skipped for one reason. */
function skipsOf(tests: readonly TestCase[]): Total['skipped'] {
  const skipped = tests.flatMap((test) => {
    const result = test.result();
    if (result.state !== 'skipped') return [];
    return { test, file: relative(process.cwd(), test.module.moduleId), reason: result.note ?? 'no reason given, so it counts as failed' };
  });
  const groups = Map.groupBy(skipped, ({ file, reason }) => `${file}\n${reason}`);
  return [...groups.values()].map((group) => {
    const { test, file, reason } = group[0]!;
    return { name: group.length === 1 ? `${file} > ${test.fullName}` : `${file}, ${group.length} tests`, reason };
  });
}
