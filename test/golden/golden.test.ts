import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannotRunLab } from '#test/kernel/lab-needs.ts';
import { buildProgram, type Form, runSession, withoutExecutable } from './session.ts';

// Sessions are documentation: what a user types, and what the built program answers. UPDATE_GOLDEN=1 writes them anew; read the diff.
const here = import.meta.dirname;
const sessions = readdirSync(here, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('session.txt'));

const withoutLab = cannotRunLab();

const forms: readonly Form[] = process.env.UPDATE_GOLDEN === '1' ? ['Node'] : ['Node', 'executable'];

describe.concurrent.each(forms)('golden: %s', (form) => {
  const missing = form === 'executable' ? withoutExecutable() : undefined;
  let path: string;
  beforeAll(async () => {
    if (missing === undefined) path = await buildProgram(form);
  });
  afterAll(() => {
    if (missing === undefined) rmSync(path, { recursive: true });
  });

  it.for(sessions)('%s', async (session, { skip }) => {
    if (missing !== undefined) skip(missing);
    if (session.startsWith('lab/') && withoutLab !== undefined) skip(withoutLab);
    const file = join(here, session);
    const before = readFileSync(file, 'utf8');
    const after = await runSession(before, dirname(file), path);
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, after);
    else expect(after).toBe(before);
  });
});
