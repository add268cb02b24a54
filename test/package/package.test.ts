import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sallyport-package-'));
afterAll(() => rmSync(folder, { recursive: true }));

const path = (process.env.PATH ?? '').split(delimiter);
// npm runs with the Node it came with; the package runs with the Node that runs this test.
const pathOfNpm = path.filter((entry) => !entry.includes('node-linux-')).join(delimiter);
const pathOfPackage = [dirname(process.execPath), ...path].join(delimiter);

function run(
  program: string,
  args: readonly string[],
  searchPath = pathOfPackage,
  directory = folder,
): { status: number | null; stdout: string; stderr: string } {
  const env = { PATH: searchPath, HOME: folder, npm_config_update_notifier: 'false' };
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: directory, env, encoding: 'utf8' });
  if (error !== undefined) throw error;
  return { status, stdout, stderr };
}

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const installed = join(folder, 'node_modules/.bin/sallyport');
let packed: readonly string[] = [];

beforeAll(() => {
  // `make test` has built; whoever runs this file alone may not have.
  if (!existsSync(join(root, 'build/sallyport.js')))
    expect(run(process.execPath, ['scripts/build.ts'], pathOfPackage, root).status).toBe(0);
  const pack = run('npm', ['pack', '--json', '--ignore-scripts', `--pack-destination=${folder}`], pathOfNpm, root);
  expect(pack.stderr).not.toContain('ERR');
  const [tarball] = JSON.parse(pack.stdout) as [{ filename: string; files: { path: string }[] }];
  packed = tarball.files.map((file) => file.path);
  const install = run(
    'npm',
    ['install', '--offline', '--ignore-scripts', '--omit=optional', '--no-audit', `./${tarball.filename}`],
    pathOfNpm,
  );
  expect(install).toMatchObject({ status: 0 });
});

test('the package holds what runs and what one reads, and nothing else', () => {
  // Parts that are loaded when they are asked for are named by what they hold.
  const isPart = (path: string): boolean => /^build\/[a-z-]+-[A-Z0-9]{8}\.js$/.test(path);
  expect(packed.some(isPart)).toBe(true);
  expect(packed.filter((path) => !isPart(path)).sort()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'bin/kubectl_complete-sallyport',
    'bin/sallyport',
    'build/agent.js',
    'build/sallyport.js',
    'package.json',
  ]);
});

test('installed without network and without any other package, it runs', () => {
  const { status, stdout, stderr } = run(installed, ['version']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain(version);
});

test('installed, it is a plugin of kubectl that completes', () => {
  const plugin = join(folder, 'node_modules/.bin/kubectl-sallyport');
  expect(run(plugin, ['version']).stdout).toContain(version);
  expect(run(plugin, ['help', 'check']).stdout).toMatch(/^Usage: kubectl sallyport check /);
  expect(run(installed, ['help', 'check']).stdout).toMatch(/^Usage: sallyport check /);
  const completed = run(join(folder, 'node_modules/.bin/kubectl_complete-sallyport'), ['ver']);
  expect(completed.stdout).toMatch(/^version\b/m);
});

test('installed, it answers', () => {
  const ends = ['--from', 'production/deployment/frontend', '--to', 'production/statefulset/database', '--port', '5432', '-o', 'json'];
  const check = run(installed, [
    'check',
    '-f',
    join(root, 'examples/production/cluster'),
    '-f',
    join(root, 'examples/production/policies/database-policy.yaml'),
    ...ends,
  ]);
  expect(check).toMatchObject({ status: 1, stderr: '' });
  expect(JSON.parse(check.stdout)).toMatchObject({
    allowed: false,
    egress: { allowed: true },
    ingress: { allowed: false, reason: 'no-rule-matched' },
  });
});

test('without a Node that can run it, it says so', () => {
  const { status, stderr } = run(installed, ['version'], '/usr/bin:/bin');
  const old = run('/bin/sh', ['-c', 'node --version || echo none'], '/usr/bin:/bin').stdout;
  if (/^v(2[3-9]|[3-9]\d|22\.(1[89]|[2-9]\d))\./.test(old)) expect(status).toBe(0);
  else expect({ status, stderr }).toMatchObject({ status: 2, stderr: expect.stringContaining('needs Node 22.18') });
});
