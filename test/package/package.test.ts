import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
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
  if (!['sallyport.js', 'index.js'].every((name) => existsSync(join(root, 'build', name))))
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
  const isPart = (path: string): boolean => /^build\/[a-z-]+-[A-Z0-9]{8}\.c?js$/.test(path);
  const isDeclaration = (path: string): boolean => /^build\/declarations\/(core\/[a-z]+|manifest|library)\/[a-z-]+\.d\.ts$/.test(path);
  for (const isOne of [isPart, isDeclaration]) expect(packed.some(isOne)).toBe(true);
  expect(packed.filter((path) => !isPart(path) && !isDeclaration(path)).sort()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'bin/kubectl_complete-sallyport',
    'bin/sallyport',
    'build/agent.js',
    'build/index.d.ts',
    'build/index.js',
    'build/sallyport.js',
    // What editors show of a rule.
    ...readdirSync(join(root, 'docs/lint')).map((name) => `docs/lint/${name}`),
    'package.json',
    ...readdirSync(join(root, 'schema')).map((name) => `schema/${name}`),
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

const consumer = `import { type Analysis, analyse, checkConnection, connectivityOf, parseManifests, WhatIf } from 'sallyport';

const text = JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'shop' }, spec: {} });
const manifests = await parseManifests({ 'pod.json': text });
const cluster: Analysis = analyse(manifests, { profile: 'calico', choices: { 'own-node-egress': 'policy' } });
const answer = checkConnection(cluster, { from: 'internet', to: 'shop/web', port: 443 });
if ('error' in answer) throw new Error(answer.error);
const ids: string[] = connectivityOf(cluster, { isShown: ({ namespace }) => namespace === 'shop' }).endpoints.map(({ id }) => id);
const { added } = new WhatIf(cluster).difference(manifests.objects.map((object) => ({ type: 'put', object })));
export const seen: { allowed: boolean; reason: string; ids: readonly string[]; added: number } = {
  allowed: answer.allowed,
  reason: answer.ingress.reason,
  ids,
  added: added.length,
};
`;

test.each(['nodenext', 'bundler'])('installed, it is a library with types under moduleResolution %s', (moduleResolution) => {
  writeFileSync(join(folder, `${moduleResolution}.mts`), `${consumer}console.log(JSON.stringify(seen));\n`);
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2022'],
    types: [],
    module: moduleResolution === 'bundler' ? 'esnext' : 'nodenext',
    moduleResolution,
    strict: true,
    exactOptionalPropertyTypes: true,
    // Declarations that do not hold together would be the user's fault otherwise.
    skipLibCheck: false,
    noEmitOnError: true,
  };
  const wrong = consumer.replace('port: 443', "port: '443'");
  writeFileSync(join(folder, `${moduleResolution}-wrong.mts`), wrong);
  const compile = (file: string): { status: number | null; stdout: string } => {
    const config = { compilerOptions, files: ['console.d.ts', file] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    return run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.']);
  };
  writeFileSync(join(folder, 'console.d.ts'), 'declare const console: { log(text: string): void };\n');
  expect(compile(`${moduleResolution}.mts`)).toMatchObject({ status: 0, stdout: '' });
  expect(compile(`${moduleResolution}-wrong.mts`).stdout).toContain("Type 'string' is not assignable to type 'number'");
  const { status, stdout, stderr } = run(process.execPath, [`${moduleResolution}.mjs`]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({
    allowed: true,
    reason: 'not-isolated',
    ids: expect.arrayContaining(['shop/Pod/web']),
    added: 0,
  });
});

test('the library imports nothing at all', async () => {
  const { metafile } = await build({
    entryPoints: [join(folder, 'node_modules/sallyport/build/index.js')],
    bundle: true,
    write: false,
    format: 'esm',
    external: ['*'],
    metafile: true,
  });
  expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([]);
});

test('a schema is found where package.json says', () => {
  const program = "import check from 'sallyport/schema/check.schema.json' with { type: 'json' }; console.log(check.$id);";
  const { stdout, stderr } = run(process.execPath, ['--input-type=module', '--eval', program]);
  expect({ stdout: stdout.trim(), stderr }).toEqual({ stdout: expect.stringMatching(/\/check\.schema\.json$/), stderr: '' });
});

test('without a Node that can run it, it says so', () => {
  const { status, stderr } = run(installed, ['version'], '/usr/bin:/bin');
  const old = run('/bin/sh', ['-c', 'node --version || echo none'], '/usr/bin:/bin').stdout;
  if (/^v(2[3-9]|[3-9]\d|22\.(1[89]|[2-9]\d))\./.test(old)) expect(status).toBe(0);
  else expect({ status, stderr }).toMatchObject({ status: 2, stderr: expect.stringContaining('needs Node 22.18') });
});
