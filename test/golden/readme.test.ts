import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannotRunLab } from '#test/kernel/lab-needs.ts';
import { buildProgram, root, runSession } from './session.ts';

// What these pages show is what a user sees. UPDATE_GOLDEN=1 writes it anew.
const pages = ['README.md', 'docs/testing.md'];
const indent = '    ';

/** The indented blocks that begin with a prompt. */
const blocks = /^ {4}\$ .*\n(?: {4}.*\n|\n(?= {4}))*/gm;

let path: string;
beforeAll(async () => {
  path = await buildProgram();
});
afterAll(() => rmSync(path, { recursive: true }));

describe.each(pages)('%s', (name) => {
  const page = join(root, name);
  const text = readFileSync(page, 'utf8');
  const shown = [...text.matchAll(blocks)].map(([block]) => block);

  it('has a tour', () => {
    expect(shown.length).toBeGreaterThanOrEqual(4);
  });

  it.for(shown.map((block) => [block.split('\n', 1)[0]!.trim(), block] as const))('%s', async ([, block], { skip }) => {
    if (/ (?:--)?lab\b/.test(block) && cannotRunLab() !== undefined) skip(cannotRunLab());
    const session = block.replaceAll(new RegExp(`^${indent}`, 'gm'), '').replace('$ bin/sallyport', '$ sallyport');
    const ran = await runSession(session, root, path);
    // Notes on standard error and exit codes are beside the point of a tour.
    const seen = ran.replaceAll(/^(?:2> .*|\[exit code \d+\])\n/gm, '').replace('$ sallyport', '$ bin/sallyport');
    const now = seen.replaceAll(/^(?=.)/gm, indent);
    if (process.env.UPDATE_GOLDEN === '1')
      writeFileSync(
        page,
        readFileSync(page, 'utf8').replace(block, () => now),
      );
    else expect(now).toBe(block);
  });
});
