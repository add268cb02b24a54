import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannotRunLab } from '#test/kernel/lab-needs.ts';
import { buildProgram, root, runSession } from './session.ts';

// What the README shows is what a user sees. UPDATE_GOLDEN=1 writes it anew.
const readme = join(root, 'README.md');
const indent = '    ';

/** The indented blocks that begin with a prompt. */
const blocks = /^ {4}\$ .*\n(?: {4}.*\n|\n(?= {4}))*/gm;

describe('the README', () => {
  let path: string;
  beforeAll(async () => {
    path = await buildProgram();
  });
  afterAll(() => rmSync(path, { recursive: true }));

  const text = readFileSync(readme, 'utf8');
  const shown = [...text.matchAll(blocks)].map(([block]) => block);

  it('has a tour', () => {
    expect(shown.length).toBeGreaterThanOrEqual(4);
    expect(readdirSync(root)).toContain('README.md');
  });

  it.for(shown.map((block) => [block.split('\n', 1)[0]!.trim(), block] as const))('%s', async ([, block], { skip }) => {
    if (block.includes(' lab ') && cannotRunLab() !== undefined) skip(cannotRunLab());
    const session = block.replaceAll(new RegExp(`^${indent}`, 'gm'), '').replace('$ bin/sallyport', '$ sallyport');
    const ran = await runSession(session, root, path);
    // Notes on standard error and exit codes are beside the point of a tour.
    const seen = ran.replaceAll(/^(?:2> .*|\[exit code \d+\])\n/gm, '').replace('$ sallyport', '$ bin/sallyport');
    const now = seen.replaceAll(/^(?=.)/gm, indent);
    if (process.env.UPDATE_GOLDEN === '1')
      writeFileSync(
        readme,
        readFileSync(readme, 'utf8').replace(block, () => now),
      );
    else expect(now).toBe(block);
  });
});
