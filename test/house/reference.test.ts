import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cannotWrite = existsSync(join(root, 'toolchain/docs/node_modules/typedoc')) ? undefined : 'TypeDoc is not installed: make docs';

const pagesIn = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );

test('the reference is what the code says of the library: make docs', ({ skip }) => {
  if (cannotWrite !== undefined) skip(cannotWrite);
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-reference-'));
  try {
    execFileSync(process.execPath, [join(root, 'scripts/reference.ts'), folder], { stdio: 'pipe' });
    expect(pagesIn(join(root, 'docs/reference'))).toEqual(pagesIn(folder));
    // What TypeDoc calls a parameter that has no name.
    expect(Object.values(pagesIn(folder)).join()).not.toContain('__named');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
