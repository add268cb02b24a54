/** `make test`: the static checks, each counted as one test, then every test; ends with `N passed, N failed`. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resultFile } from './test-reporter.ts';
import { formatTotal, type Total } from './test-total.ts';

const staticChecks = [
  { name: 'types', command: ['node_modules/.bin/tsc', '-b'] },
  { name: 'lint', command: ['node_modules/.bin/biome', 'check', '--error-on-warnings', '.'] },
  { name: 'unused code', command: ['toolchain/knip/node_modules/.bin/knip', '--treat-config-hints-as-errors'] },
];

/** Runs a program in the root of the repository with our output as its own; whether it ended well. */
function run([program = '', ...args]: readonly string[]): boolean {
  const { status, error } = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (error !== undefined) console.error(`${program} did not start: ${error.message}`);
  return status === 0;
}

function runStaticChecks(total: Total): void {
  for (const { name, command } of staticChecks) {
    const start = performance.now();
    const isClean = run(command);
    total[isClean ? 'passed' : 'failed']++;
    console.log(`${isClean ? '✓' : '✗'} ${name} ${((performance.now() - start) / 1000).toFixed(1)} s`);
  }
}

function runTests(total: Total): void {
  rmSync(resultFile, { force: true });
  const isGood = run([
    'node_modules/.bin/vitest',
    'run',
    '--reporter=default',
    '--reporter=./scripts/test-reporter.ts',
    ...process.argv.slice(2),
  ]);
  if (!existsSync(resultFile)) {
    total.failed++;
    return;
  }
  const tests = JSON.parse(readFileSync(resultFile, 'utf8')) as Total;
  total.passed += tests.passed;
  // Whatever else vitest calls a failure (nothing found to run, a broken set-up) is one, too.
  total.failed += isGood ? tests.failed : Math.max(tests.failed, 1);
  total.skipped.push(...tests.skipped);
}

const total: Total = { passed: 0, failed: 0, skipped: [] };
runStaticChecks(total);
runTests(total);
const closing = formatTotal(total);
mkdirSync('build', { recursive: true });
writeFileSync('build/test-total.txt', closing);
process.stdout.write(closing);
process.exitCode = total.failed === 0 ? 0 : 1;
