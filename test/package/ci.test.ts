import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

// The action and the hooks as their users have them: a checkout of this repository beside a repository with policies.

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sallyport-ci-'));
afterAll(() => rmSync(folder, { recursive: true }));
const checkout = join(folder, 'checkout');
const shop = join(folder, 'shop');
const summary = join(folder, 'summary.md');
const output = join(folder, 'output.txt');

const environment = {
  PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
  HOME: folder,
  PRE_COMMIT_HOME: join(folder, 'pre-commit'),
  GIT_CONFIG_NOSYSTEM: '1',
  ...Object.fromEntries(
    ['AUTHOR', 'COMMITTER'].flatMap((role) => [
      [`GIT_${role}_NAME`, 'you'],
      [`GIT_${role}_EMAIL`, 'you@example.com'],
    ]),
  ),
};

/** Building takes its time on a busy machine. */
const slow = 400_000;

interface Ran {
  readonly status: number | null;
  readonly text: string;
}

function run(program: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Ran {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, env: { ...environment, ...env }, encoding: 'utf8' });
  if (error !== undefined) throw error;
  return { status, text: stdout + stderr };
}

function mustRun(cwd: string, program: string, ...args: string[]): string {
  const { status, text } = run(program, args, cwd);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${text}`);
  return text.trim();
}

const commit = (cwd: string, message: string): void => {
  mustRun(cwd, 'git', 'add', '--all', '--force');
  mustRun(cwd, 'git', 'commit', '--quiet', '--message', message);
};

/** A policy that lets those come in to the cart whom the labels select. */
const policyFor = (label: string): string => `# Who asks the cart.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: cart, namespace: shop}
spec:
  podSelector: {matchLabels: {app: cart}}
  policyTypes: [Ingress]
  ingress:
  - from:
    - podSelector: {matchLabels: {app: ${label}}}
    ports:
    - port: 8081
`;

const tests = `apiVersion: sallyport.dev/v1alpha1
kind: ConnectivityTest
metadata: {name: cart}
tests:
- name: the frontend asks the cart
  from: shop/deployment/frontend
  to: shop/deployment/cart
  ports: 8081
  expect: allow
`;

beforeAll(() => {
  // What a clone has, built already; that it builds itself is another test.
  for (const path of ['action.yml', '.pre-commit-hooks.yaml', 'bin', 'toolchain/sallyport', 'toolchain/action', 'toolchain/with-node'])
    cpSync(join(root, path), join(checkout, path), { recursive: true });
  mustRun(root, process.execPath, 'scripts/build.ts', join(checkout, 'build'));
  mustRun(checkout, 'git', 'init', '--quiet');
  commit(checkout, 'a checkout');
  const origin = join(folder, 'origin');
  cpSync(join(root, 'examples/tutorial/cluster'), join(origin, 'manifests/cluster'), { recursive: true });
  mkdirSync(join(origin, 'tests'));
  writeFileSync(join(origin, 'manifests/policy.yaml'), policyFor('frontend'));
  writeFileSync(join(origin, 'tests/cart.yaml'), tests);
  mustRun(origin, join(checkout, 'bin/sallyport'), 'docs', '-f', 'manifests', '--tests', 'tests', '--out', 'docs/network');
  mustRun(origin, 'git', 'init', '--quiet', '--initial-branch', 'main');
  commit(origin, 'policies');
  mustRun(origin, 'git', 'switch', '--quiet', '--create', 'slip');
  writeFileSync(join(origin, 'manifests/policy.yaml'), policyFor('frontned'));
  commit(origin, 'a slip');
}, slow);

/** A clone of the shop as `actions/checkout` makes it: one commit of one branch. */
function cloneShop(branch: string): void {
  rmSync(shop, { recursive: true, force: true });
  mustRun(folder, 'git', 'clone', '--quiet', '--depth', '1', '--branch', branch, `file://${join(folder, 'origin')}`, shop);
}

interface ActionStep {
  readonly id?: string;
  readonly name: string;
  readonly if?: string;
  readonly shell: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly run: string;
}

interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly ActionStep[] };
}

const readAction = (): Action => parse(readFileSync(join(checkout, 'action.yml'), 'utf8')) as Action;

/** Runs the steps as a runner does: expressions filled in, `shell: bash` as documented, the environment of a composite action. */
function runAction(given: Readonly<Record<string, string>>, github: Readonly<Record<string, string>>) {
  const { inputs, outputs, runs } = readAction();
  writeFileSync(summary, '');
  const values = { ...Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.default])), ...given };
  const steps: Record<string, { outcome?: string; outputs: Record<string, string> }> = {};
  const evaluate = (expression: string): unknown =>
    new Function('inputs', 'steps', 'cancelled', `return ${expression.replaceAll(/inputs\.([\w-]+)/g, "inputs['$1']")}`)(
      values,
      steps,
      () => false,
    );
  const filled = (text: string): string =>
    text.replaceAll(/\$\{\{(.*?)\}\}/g, (_, expression: string) => String(evaluate(expression) ?? ''));
  const log: Record<string, Ran & { readonly outcome: string }> = {};
  for (const { id, name, if: condition, shell, env = {}, run: script } of runs.steps) {
    expect(shell).toBe('bash');
    const isWanted = condition === undefined || filled(condition) === 'true';
    writeFileSync(output, '');
    writeFileSync(join(folder, 'step.sh'), filled(script));
    const ran = isWanted
      ? run('bash', ['--noprofile', '--norc', '-eo', 'pipefail', join(folder, 'step.sh')], shop, {
          CI: 'true',
          GITHUB_ACTIONS: 'true',
          GITHUB_WORKSPACE: shop,
          GITHUB_ACTION_PATH: checkout,
          GITHUB_STEP_SUMMARY: summary,
          GITHUB_OUTPUT: output,
          ...github,
          ...Object.fromEntries(Object.entries(env).map(([key, value]) => [key, filled(value)])),
        })
      : { status: null, text: '' };
    const outcome = isWanted ? (ran.status === 0 ? 'success' : 'failure') : 'skipped';
    log[name] = { ...ran, outcome };
    const lines = readFileSync(output, 'utf8').split('\n').filter(Boolean);
    steps[id ?? name] = { outcome, outputs: Object.fromEntries(lines.map((line) => line.split('=', 2) as [string, string])) };
  }
  const result = Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, filled(value)]));
  const outcomes = Object.fromEntries(Object.entries(log).map(([name, { outcome }]) => [name, outcome]));
  return { log, outcomes, outputs: result, summary: readFileSync(summary, 'utf8') };
}

describe('the action', () => {
  const given = { manifests: 'manifests/cluster\nmanifests/policy.yaml\n', tests: 'tests', pages: 'docs/network' };

  test('says of a pull request what is wrong with it, and what it opens and closes', () => {
    cloneShop('slip');
    const { log, outcomes, outputs, summary: text } = runAction(given, { GITHUB_EVENT_NAME: 'pull_request', GITHUB_BASE_REF: 'main' });
    expect({ outcomes, outputs }).toEqual({
      outcomes: { build: 'success', lint: 'failure', test: 'failure', diff: 'success', docs: 'failure' },
      outputs: { different: 'true' },
    });
    expect(log.lint!.text).toMatch(/^::warning file=manifests\/policy\.yaml,line=10,.*frontned/m);
    expect(log.test!.text).toContain('✗ the frontend asks the cart');
    expect(text).toMatch(/### What is written in policies\n\n```text\n[^`]*manifests\/policy\.yaml:10:/);
    expect(text).toContain('### Connectivity tests\n\n```text\ncart\n  ✗ the frontend asks the cart');
    expect(text).toContain('### What this change opens and closes\n\n**1 pair lost**');
    expect(text).toContain('docs/network/shop.md:');
  });

  test('passes what is in order, and compares a push with the revision that is asked for', () => {
    cloneShop('main');
    const github = { GITHUB_EVENT_NAME: 'push', GITHUB_BASE_REF: '' };
    const alone = runAction(given, github);
    expect(alone.outcomes).toEqual({ build: 'success', lint: 'success', test: 'success', diff: 'success', docs: 'success' });
    expect(alone.log.diff!.text).toContain('::notice::nothing to compare with');
    expect(alone.outputs).toEqual({ different: '' });
    const { outcomes, outputs } = runAction({ manifests: 'manifests', base: 'HEAD' }, github);
    expect(outcomes).toEqual({ build: 'success', lint: 'success', test: 'skipped', diff: 'success', docs: 'skipped' });
    expect(outputs).toEqual({ different: 'false' });
  });

  test('fails where there is no answer', () => {
    cloneShop('main');
    const { outcomes } = runAction({ manifests: 'absent', base: 'nowhere' }, {});
    expect(outcomes).toMatchObject({ build: 'success', lint: 'failure', diff: 'failure' });
  });

  test('is documented: each input and output', () => {
    const page = readFileSync(join(root, 'docs/ci.md'), 'utf8');
    const { inputs, outputs } = readAction();
    for (const name of [...Object.keys(inputs), ...Object.keys(outputs)]) expect(page).toContain(`| \`${name}\` |`);
  });
});

interface Hook {
  readonly id: string;
  readonly entry: string;
  readonly args: readonly string[];
  readonly language: string;
  readonly pass_filenames: boolean;
}

const hooks = parse(readFileSync(join(root, '.pre-commit-hooks.yaml'), 'utf8')) as readonly Hook[];
const argsOf: Readonly<Record<string, readonly string[]>> = {
  'sallyport-lint': ['-f', 'manifests'],
  'sallyport-lint-fix': ['-f', 'manifests'],
  'sallyport-test': ['tests', '-f', 'manifests'],
  'sallyport-docs': ['-f', 'manifests', '--tests', 'tests', '--out', 'docs/network'],
  'sallyport-simplify': ['-f', 'manifests'],
};

describe('the hooks', () => {
  test('are documented, and run as they are defined', () => {
    const page = readFileSync(join(root, 'docs/ci.md'), 'utf8');
    expect(hooks.map(({ id }) => id).sort()).toEqual(Object.keys(argsOf).sort());
    cloneShop('main');
    for (const { id, entry, language, pass_filenames } of hooks) {
      expect(page).toContain(`| \`${id}\` |`);
      expect({ language, pass_filenames }).toEqual({ language: 'script', pass_filenames: false });
      const [program = '', ...words] = entry.split(' ');
      expect({ id, ...run(join(checkout, program), [...words, ...argsOf[id]!], shop) }).toMatchObject({ id, status: 0 });
    }
  });

  const noPreCommit = spawnSync('pre-commit', ['--version']).error === undefined ? undefined : 'no pre-commit: apt-get install pre-commit';

  /** What pre-commit says of each hook over all files. */
  function runPreCommit(): Record<string, string> {
    const config = {
      repos: [
        { repo: checkout, rev: mustRun(checkout, 'git', 'rev-parse', 'HEAD'), hooks: hooks.map(({ id }) => ({ id, args: argsOf[id] })) },
      ],
    };
    writeFileSync(join(shop, '.pre-commit-config.yaml'), JSON.stringify(config));
    mustRun(shop, 'git', 'add', '.pre-commit-config.yaml');
    const { text } = run('pre-commit', ['run', '--all-files', '--color', 'never'], shop);
    return Object.fromEntries(Array.from(text.matchAll(/^(sallyport .*?)\.{3,}(\w+)$/gm), ([, name, result]) => [name!, result!]));
  }

  test('by the real pre-commit', (context) => {
    if (noPreCommit !== undefined) context.skip(noPreCommit);
    cloneShop('main');
    expect(runPreCommit()).toEqual({
      'sallyport lint': 'Passed',
      'sallyport lint --fix': 'Passed',
      'sallyport test': 'Passed',
      'sallyport docs --check': 'Passed',
      'sallyport simplify --check': 'Passed',
    });
    cloneShop('slip');
    writeFileSync(join(shop, 'manifests/policy.yaml'), `${policyFor('frontned')}    - {port: 8081, protocol: TCP}\n`);
    rmSync(join(shop, 'docs/network/tools.md'));
    expect(runPreCommit()).toEqual({
      'sallyport lint': 'Failed',
      // It mends the label, so that those after it find it right.
      'sallyport lint --fix': 'Failed',
      'sallyport test': 'Passed',
      'sallyport docs --check': 'Failed',
      'sallyport simplify --check': 'Failed',
    });
    expect(readFileSync(join(shop, 'manifests/policy.yaml'), 'utf8')).toContain('app: frontend}');
  });
});

test(
  'a checkout that is not built builds itself, and says nothing of it in its answer',
  () => {
    const fresh = join(folder, 'fresh');
    const files = mustRun(
      root,
      'git',
      'ls-files',
      'bin',
      'scripts',
      'src',
      'toolchain',
      'package.json',
      'tsconfig.json',
      'tsconfig.base.json',
    ).split('\n');
    for (const file of files) cpSync(join(root, file), join(fresh, file));
    // Packages are there: the network is not for tests.
    mustRun(fresh, 'ln', '-s', join(root, 'node_modules'), 'node_modules');
    const { status, stdout } = spawnSync(join(fresh, 'toolchain/sallyport'), ['version', '-o', 'json'], {
      env: environment,
      encoding: 'utf8',
    });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toHaveProperty('version');
  },
  slow,
);
