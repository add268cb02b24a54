import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildProgram, root } from '#test/golden/session.ts';
import { cannotRunLab } from '#test/kernel/lab-needs.ts';

const missing = cannotRunLab();

describe.skipIf(missing !== undefined)(`lab up${missing === undefined ? '' : ` (${missing})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-up-'));
  const policies = join(folder, 'manifests/policies');
  let path = '';
  let child: ChildProcess | undefined;
  let output = '';

  beforeAll(async () => {
    path = await buildProgram();
    cpSync(join(root, 'examples/production'), join(folder, 'manifests'), { recursive: true });
  });
  afterAll(() => {
    child?.kill('SIGKILL');
    rmSync(folder, { recursive: true });
    rmSync(path, { recursive: true });
  });

  /** Waits until the program has said something, and takes it away. */
  async function said(pattern: RegExp): Promise<string> {
    const deadline = Date.now() + 20_000;
    while (Date.now() < deadline) {
      const found = pattern.exec(output);
      if (found !== null) {
        output = output.slice(found.index + found[0].length);
        return found[0];
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error(`${pattern} was not said:\n${output}`);
  }

  it('follows the files: what a save changes is enforced, tried and told, and live connections are cut', async () => {
    const words = ['lab', 'up', '-f', join(folder, 'manifests'), '--name', 'followed'];
    child = spawn(join(path, 'sallyport'), words, { env: { ...process.env, XDG_RUNTIME_DIR: folder }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    await said(/99 flows tried: 57 allowed, 42 denied; packets did what the verdicts say\n/);

    renameSync(join(policies, 'deny-cross-namespace.yaml'), join(folder, 'away.yaml'));
    const closed = await said(/saved and enforced in (\d+) ms; 30 treated otherwise:\n[\s\S]*?flows tried.*\n/);
    expect(closed).toMatch(/production\/database-0 +TCP\/5432 +allow +deny +production\/\* \(5 live connections cut\)\n/);
    expect(closed).toContain('99 flows tried: 27 allowed, 72 denied; packets did what the verdicts say\n');

    renameSync(join(folder, 'away.yaml'), join(policies, 'deny-cross-namespace.yaml'));
    const opened = await said(/30 treated otherwise:\n[\s\S]*?flows tried.*\n/);
    expect(opened).toMatch(/production\/database-0 +TCP\/5432 +deny +allow +production\/\*\n/);
  });

  it('stays as it was while a file is at fault', async () => {
    writeFileSync(
      join(policies, 'fault.yaml'),
      'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec: {podselector: {}}\n',
    );
    await said(/fault\.yaml:4:21: error: unknown field "spec\.podselector".*\n[\s\S]*?the lab stays as it was\n/);
    await said(/99 flows tried: 57 allowed, 42 denied; packets did what the verdicts say\n/);
    rmSync(join(policies, 'fault.yaml'));
    await said(/no packet is treated otherwise\n/);
  });

  it('ends with 130 after Ctrl-C', async () => {
    const code = new Promise((resolve) => child!.once('exit', resolve));
    child!.kill('SIGINT');
    expect(await code).toBe(130);
  });
});
