import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildProgram, root } from '#test/golden/session.ts';
import { wantsColour } from './terminal.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-terminal-'));
let path = '';
beforeAll(async () => {
  path = await buildProgram();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(path, { recursive: true });
});

function bash(command: string, variables: NodeJS.ProcessEnv = {}): { status: number | null; stdout: string; stderr: string } {
  const { NO_COLOR: _, ...inherited } = process.env;
  const env = { ...inherited, TERM: 'xterm', PATH: `${path}:${process.env.PATH}`, ...variables };
  return spawnSync('bash', ['-c', command], { cwd: root, env, encoding: 'utf8', timeout: 60_000 });
}

/** What the command writes on a terminal. */
const onTerminal = (command: string, variables?: NodeJS.ProcessEnv): string => bash(`script -qec "${command}" /dev/null`, variables).stdout;

const check = 'sallyport check -f examples/recipes/12-by-port/cluster.yaml --from shop/client --to shop/web --port 8080';
const green = '\u001b[32m';

describe('colour', () => {
  it.skipIf(!hasProgram('script'))('is for terminals only, and for those who want it (needs script)', () => {
    expect(onTerminal(check)).toContain(green);
    expect(bash(check).stdout).not.toContain('\u001b');
    expect(onTerminal(`${check} --no-color`)).not.toContain(green);
    expect(onTerminal(check, { NO_COLOR: '1' })).not.toContain(green);
    expect(onTerminal(check, { TERM: 'dumb' })).not.toContain(green);
  });

  it('is not the business of a command that lab exec runs', () => {
    expect(wantsColour(['lab', 'exec', 'shop/a', '--', 'ls', '--no-color'], {})).toBe(true);
    expect(wantsColour(['check', '--no-color'], {})).toBe(false);
    expect(wantsColour([], { NO_COLOR: '' })).toBe(true);
  });
});

describe('width', () => {
  it.skipIf(!hasProgram('script')).each([60, 80, 100, 120])('%i columns lose neither a place nor a reason (needs script)', (columns) => {
    const denied =
      'sallyport check -f examples/production/cluster -f examples/production/policies --from internet --to production/database --port 5432 --no-color';
    const whole = bash(denied).stdout;
    const shown = onTerminal(`stty cols ${columns}; ${denied}`).replaceAll('\r', '');
    expect(whole).toContain('the port matches, the peer does not');
    expect(shown).not.toContain('…');
    expect(shown.split(/\s+/)).toEqual(whole.split(/\s+/));
  });
});

describe('progress', () => {
  it.skipIf(!hasProgram('script'))('is seen on a terminal while files are read, and nothing of it stays (needs script)', () => {
    const items = Array.from({ length: 25_000 }, (_, index) => pod('pod', index));
    writeFileSync(join(folder, 'many.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    const question = `sallyport check -f ${folder}/many.json --from shop/pod-1 --to shop/pod-2 --port 80 --no-advice`;
    const shown = onTerminal(question);
    expect(shown).toContain(`reading files: 1 of 1, ${folder}/many.json`);
    expect(shown.slice(shown.indexOf('many.json'), shown.indexOf('allowed'))).toContain('\r\u001b[K');
    expect(onTerminal(question, { TERM: 'dumb' })).not.toContain('reading files');
    expect(bash(question).stderr).toBe('');
    expect(onTerminal(check)).not.toContain('reading files');
  });

  it.skipIf(!hasProgram('script'))('is seen while an answer is worked out, and makes room for it (needs script)', () => {
    // A large cluster, of which most pods are alike; the others are an endpoint each.
    const items = Array.from({ length: 4500 }, (_, index) => pod('pod', Math.min(index, 400), index));
    const policies = items.slice(0, 400).map((_, index) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: `pod-${index}`, namespace: 'shop' },
      spec: { podSelector: { matchLabels: { index: `${index}` } }, policyTypes: ['Egress'], egress: [{ to: [{ podSelector: {} }] }] },
    }));
    const file = join(folder, 'distinct.json');
    writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [...items, ...policies] }));
    const cleared = '\r\u001b[K';
    const answerIn = (shown: string): string => shown.slice(shown.lastIndexOf(cleared) + cleared.length);
    const matrix = onTerminal(`sallyport matrix -f ${file} --by workload`);
    expect(matrix).toMatch(/working out who can reach whom: \d+ of 40\d endpoints/);
    expect(answerIn(matrix).slice(0, 20)).toContain('FROM');
    expect(onTerminal(`sallyport matrix -f ${file} -o csv > ${folder}/matrix.csv`)).toContain('working out who can reach whom');
    expect(readFileSync(join(folder, 'matrix.csv'), 'utf8')).toMatch(/^from,to,/);
    const diff = onTerminal(`sallyport diff ${file} ${file}`);
    expect(diff).toMatch(/comparing: \d+ of 40\d endpoints/);
    expect(answerIn(diff)).toContain('no connection is gained, lost or changed');
  });
});

describe('output', () => {
  it('goes on being right when nobody reads it to the end', () => {
    const pods = Array.from({ length: 150 }, (_, index) => pod('client', index));
    writeFileSync(join(folder, 'pods.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: pods }));
    const command = `sallyport matrix -f ${folder}/pods.json -o json`;
    const { status, stdout, stderr } = bash(`${command} | head -n 1; echo "exit code \${PIPESTATUS[0]}"`);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '{\nexit code 0\n', stderr: '' });
    expect(bash(`${command} | wc -c`).stdout.length).toBeGreaterThan(6);
  });

  it('is the same, byte for byte, whatever the order of the files', () => {
    const production = ['cluster', 'policies'].map((part) => `-f examples/production/${part}`);
    const [one, other] = [production, production.toReversed()].map((files) => bash(`sallyport matrix ${files.join(' ')} -o json`).stdout);
    expect(one).toBe(other);
  });

  it('says that a full disk is no answer', () => {
    for (const words of [check, 'sallyport --help', 'sallyport help matrix', 'sallyport --version']) {
      const { status, stderr } = bash(`${words} > /dev/full`);
      expect({ words, status, stderr }).toMatchObject({ words, status: 2, stderr: expect.stringContaining('could not be written') });
    }
  });

  it('is whole when only what stands beside it can not be written', () => {
    const noted = `sallyport matrix -f ${folder}/noted`;
    mkdirSync(join(folder, 'noted'));
    writeFileSync(join(folder, 'noted/a.yaml'), 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n');
    writeFileSync(join(folder, 'noted/b.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n');
    expect(bash(noted).stderr).toContain('note: skipped 1 document');
    expect(bash(`${noted} 2> /dev/full`).status).toBe(0);
  });
});

function pod(app: string, index: number, number = index): object {
  const labels = { app, index: String(index) };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${app}-${number}`, namespace: 'shop', labels },
    spec: { containers: [{ name: 'a', image: 'registry.example.com/a:1' }] },
  };
}

function hasProgram(program: string): boolean {
  try {
    execFileSync('which', [program]);
    return true;
  } catch {
    return false;
  }
}
