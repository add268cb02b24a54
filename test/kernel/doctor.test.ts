import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Diagnosis } from '#core/enforcement/examination.ts';
import { faultsOf } from '../schema/schemas.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the doctor in a network namespace of its own, after a script that makes it ill. */
function doctor(script: string, ...words: string[]): { readonly status: number | null; readonly stdout: string } {
  const command = [process.execPath, join(root, 'src/cli/start.ts'), 'doctor', ...words].join(' ');
  return spawnSync('unshare', ['--net', 'sh', '-ec', `${script} ${command}`], { encoding: 'utf8' });
}

const dropping = "nft 'add table inet a; add chain inet a c { type filter hook forward priority 0; policy drop; }';";

describe.skipIf(process.getuid?.() !== 0)('sallyport doctor (needs root)', () => {
  test('finds nothing on a healthy node, and tries a policy with packets', () => {
    const { status, stdout } = doctor('', '-o', 'json');
    expect(faultsOf('doctor', JSON.parse(stdout))).toEqual([]);
    const { checks, problems, warnings } = JSON.parse(stdout) as Diagnosis;
    expect({ status, problems, warnings }).toEqual({ status: 0, problems: 0, warnings: 0 });
    expect(checks.at(-1)).toMatchObject({
      check: 'self-test',
      state: 'ok',
      summary: expect.stringMatching(/^[1-9]\d* connections passed, [1-9]\d* did not$/),
    });
  });

  test('says what hinders and what to do, and ends with 1 where that counts', () => {
    const { status, stdout } = doctor(dropping, '--no-self-test');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^warning {2}firewalls .*\n +warning: table inet a, chain c drops .*\n +do: accept the ranges of pods there/m);
    expect(stdout).toMatch(/\n\n0 problems, 1 warning\n$/);
    expect(stdout).not.toContain('self-test');
    expect(doctor(dropping, '--no-self-test', '--fail-on', 'problem').status).toBe(0);
  });

  test('says what it cannot look at without rights', () => {
    const { status, stdout } = doctor('setpriv --reuid 65534 --clear-groups --bounding-set=-all --inh-caps=-all', '-o', 'json');
    expect(faultsOf('doctor', JSON.parse(stdout))).toEqual([]);
    const { checks } = JSON.parse(stdout) as Diagnosis;
    expect(status).toBe(1);
    expect(checks[0]).toMatchObject({ check: 'rights', state: 'problem' });
    expect(checks.find(({ check }) => check === 'engines')).toMatchObject({ state: 'skipped' });
    expect(checks.at(-1)).toMatchObject({ check: 'self-test', state: 'skipped' });
  });
});
