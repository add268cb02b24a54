import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { resultFile } from '../../scripts/test-reporter.ts';
import { formatTotal, type Total } from '../../scripts/test-total.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sallyport-total-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What `make test` counts for a file of tests. */
function totalOf(text: string): Total {
  writeFileSync(join(folder, 'planted.test.ts'), `import { beforeAll, describe, expect, test } from 'vitest';\n${text}`);
  writeFileSync(join(folder, 'vitest.config.ts'), 'export default {};');
  const { status, error } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', `--reporter=${join(root, 'scripts/test-reporter.ts')}`],
    { cwd: folder, env: { PATH: process.env.PATH ?? '', CI: 'true' }, encoding: 'utf8' },
  );
  if (error !== undefined) throw error;
  const total = JSON.parse(readFileSync(join(folder, resultFile), 'utf8')) as Total;
  // A skip that counts as failed is the one failure that vitest itself does not see.
  if (total.failed > 0 && total.skipped.length === 0) expect(status).not.toBe(0);
  return total;
}

symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));

test('what passed, failed and was skipped is counted, a skip only with its reason', () => {
  const total = totalOf(`
    test('good', () => expect(1).toBe(1));
    test('bad', () => expect(1).toBe(2));
    test('kernel', ({ skip }) => skip('no nft here'));
    test.skip('probes packets (no SCTP here)', () => {});
    describe.skip('nft (needs root)', () => { test('one', () => {}); describe('inner', () => { test('two (or more)', () => {}); }); });
    describe.skip('quiet', () => { test('one', () => {}); test('two', () => {}); });
  `);
  expect(total).toEqual({
    passed: 1,
    failed: 3,
    skipped: [
      { name: 'planted.test.ts > kernel', reason: 'no nft here' },
      { name: 'planted.test.ts > probes packets', reason: 'no SCTP here' },
      { name: 'planted.test.ts, 2 tests', reason: 'needs root' },
      { name: 'planted.test.ts, 2 tests', reason: 'no reason given, so it counts as failed' },
    ],
  });
  expect(formatTotal(total).split('\n').slice(-3)).toEqual([
    'skipped: planted.test.ts, 2 tests (no reason given, so it counts as failed)',
    '1 passed, 3 failed',
    '',
  ]);
});

test('a file that does not load and a hook that breaks are failures', () => {
  expect(totalOf(`throw new Error('broken');`).failed).toBe(1);
  expect(
    totalOf(`describe('suite', () => { beforeAll(() => { throw new Error('broken'); }); test('never runs', () => {}); });`).failed,
  ).toBeGreaterThan(0);
});

test('an error that no test caught is a failure', () => {
  expect(
    totalOf(
      `test('good', () => { setTimeout(() => { throw new Error('late'); }, 0); return new Promise((done) => setTimeout(done, 50)); });`,
    ),
  ).toMatchObject({
    passed: 1,
    failed: 1,
  });
});
