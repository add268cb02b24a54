import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';
import type { Total } from './test-total.ts';

/** Where the reporter leaves what it counted, from the root of the repository. */
export const resultFile = 'build/test-result.json';

/**
 * Counts what ran, for the last lines of `make test`. A file or a suite that broke outside its tests counts as one failed test, and so does a
 * skip that names no reason: `context.skip(reason)`, or the reason in parentheses at the end of the name of the test or of a suite around it.
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
  if (result.state === 'skipped') return reasonOf(test) === undefined ? 'failed' : 'skipped';
  // A test that never came to its end did not pass.
  return result.state === 'passed' ? 'passed' : 'failed';
}

function reasonOf(test: TestCase): string | undefined {
  const result = test.result();
  if (result.state === 'skipped' && result.note !== undefined) return result.note;
  // The outermost part that is skipped says why; what stands in parentheses further in may say anything.
  const around: (TestCase | TestSuite)[] = [];
  for (let part: TestCase | TestSuite | TestModule = test; part.type !== 'module'; part = part.parent) around.unshift(part);
  const skipped = around.find((part) => part.options.mode === 'skip');
  return /\(([^()]+)\)$/.exec(skipped?.name ?? '')?.[1];
}

/** How many files and suites broke outside their tests: on loading, or in a hook. */
function brokenParts(modules: readonly TestModule[]): number {
  const parts = modules.flatMap((module) => [module, ...module.children.allSuites()]);
  return parts.filter((part) => part.errors().length > 0).length;
}

/** One line for all tests of a file that were skipped for one reason. */
function skipsOf(tests: readonly TestCase[]): Total['skipped'] {
  const skipped = tests.flatMap((test) => {
    if (test.result().state !== 'skipped') return [];
    return {
      test,
      file: relative(process.cwd(), test.module.moduleId),
      reason: reasonOf(test) ?? 'no reason given, so it counts as failed',
    };
  });
  const groups = Map.groupBy(skipped, ({ file, reason }) => `${file}\n${reason}`);
  return [...groups.values()].map((group) => {
    const { test, file, reason } = group[0]!;
    const name = test.fullName.replace(`(${reason})`, '').trimEnd();
    return { name: group.length === 1 ? `${file} > ${name}` : `${file}, ${group.length} tests`, reason };
  });
}
