import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannotRunLab } from '#test/kernel/lab-needs.ts';
import { bundleLibrary } from '../../scripts/library.ts';
import { buildProgram, rerun, root, sessionsIn } from './session.ts';

// What pages show is what a user sees. UPDATE_GOLDEN=1 writes it anew.

/** Checks a block of a page, or writes it anew. */
function expectShown(page: string, block: string, now: string): void {
  if (process.env.UPDATE_GOLDEN !== '1') expect(now).toBe(block);
  else
    writeFileSync(
      page,
      readFileSync(page, 'utf8').replace(block, () => now),
    );
}

const titled = (page: string): (readonly [string, string])[] =>
  sessionsIn(readFileSync(page, 'utf8')).map((block) => [block.split('\n', 1)[0]!.trim(), block] as const);

let path: string;
beforeAll(async () => {
  path = await buildProgram();
});
afterAll(() => rmSync(path, { recursive: true }));

describe.each(['README.md', 'docs/testing.md'])('%s', (name) => {
  const page = join(root, name);

  it('has a tour', () => {
    expect(titled(page).length).toBeGreaterThanOrEqual(4);
  });

  it.for(titled(page))('%s', async ([, block], { skip }) => {
    if (/ (?:--)?lab\b/.test(block) && cannotRunLab() !== undefined) skip(cannotRunLab());
    const ran = await rerun(block.replace('$ bin/sallyport', '$ sallyport'), root, path);
    expectShown(page, block, ran.replace('$ sallyport', '$ bin/sallyport'));
  });
});

describe('the examples of the library', () => {
  const page = join(root, 'examples/library/README.md');
  // As a user has them: beside an installed package.
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-library-'));
  beforeAll(async () => {
    const installed = join(folder, 'node_modules/sallyport');
    mkdirSync(installed, { recursive: true });
    cpSync(join(root, 'package.json'), join(installed, 'package.json'));
    await bundleLibrary(join(installed, 'build'));
    cpSync(join(root, 'examples'), join(folder, 'examples'), { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are three', () => {
    expect(titled(page)).toHaveLength(3);
  });

  it.for(titled(page))('%s', async ([, block]) => {
    expectShown(page, block, await rerun(block, folder, folder));
  });
});
