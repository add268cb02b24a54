import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannotRunLab } from '#test/kernel/lab-needs.ts';
import { bundleLibrary } from '../../scripts/library.ts';
import { sessionPages } from '../guides/guides.ts';
import { buildProgram, rerun, root, type Step, sessionsIn, stepsIn } from './session.ts';

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

describe.each(sessionPages)('%s', (name) => {
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

describe('docs/tutorial.md', () => {
  const page = join(root, 'docs/tutorial.md');
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-tutorial-'));
  beforeAll(() => cpSync(join(root, 'examples/tutorial'), folder, { recursive: true }));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('tells the whole story', () => {
    const commands = ['matrix', 'generate', 'diff', 'check', 'lint', 'test', 'docs', 'lab'];
    const shown = stepsIn(readFileSync(page, 'utf8')).flatMap((step) => ('session' in step ? [step.session] : []));
    for (const command of commands) expect(shown.some((session) => session.includes(`sallyport ${command} `))).toBe(true);
  });

  // Each step goes on where the one before has come to.
  it.for(stepsIn(readFileSync(page, 'utf8')).map((step) => [titleOf(step), step] as const))('%s', async ([, step], { skip }) => {
    if ('file' in step) {
      mkdirSync(dirname(join(folder, step.file)), { recursive: true });
      writeFileSync(join(folder, step.file), step.text);
      return;
    }
    if (/ (?:--)?lab\b/.test(step.session) && cannotRunLab() !== undefined) skip(cannotRunLab());
    const ran = await rerun(step.session, folder, path);
    expectShown(page, step.session, ran);
  });
});

const titleOf = (step: Step): string => ('file' in step ? step.file : step.session.split('\n', 1)[0]!.trim());

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
