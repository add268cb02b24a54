import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { flagsOfNode } from '#cli/hand-over.ts';
import { root, withoutExecutable } from '#test/golden/session.ts';
import { cannotRunLab } from '#test/kernel/lab-needs.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-executable-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a program in a directory, with nothing of this process's environment but the path. */
function run(program: string, words: readonly string[], directory: string, env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, words, {
    cwd: directory,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env },
    encoding: 'utf8',
  });
  if (error !== undefined) throw error;
  return { status, stdout, stderr };
}

const missing = withoutExecutable();

describe.skipIf(missing !== undefined)(`the executable${missing === undefined ? '' : ` (${missing})`}`, () => {
  const executable = join(folder, 'sallyport');
  const shop = join(folder, 'shop');
  cpSync(join(root, 'examples/recipes/12-by-port'), shop, { recursive: true });
  if (missing === undefined) copyFileSync(join(root, 'build/sallyport'), executable);
  const manifests = ['-f', 'cluster.yaml', '-f', 'policy.yaml'];

  test('needs nothing beside it: neither Node nor a file of the repository', () => {
    expect(run(executable, ['version'], '/')).toMatchObject({ status: 0, stdout: expect.stringContaining(', Bun ') });
    const question = ['check', ...manifests, '--from', 'shop/client', '--to', 'shop/web', '--port', '9090'];
    expect(run(executable, question, shop)).toMatchObject({ status: 1, stdout: expect.stringContaining('denied'), stderr: '' });
  });

  test('is a plugin of kubectl, and completes, by its name', () => {
    for (const name of ['kubectl-sallyport', 'kubectl_complete-sallyport']) symlinkSync(executable, join(folder, name));
    expect(run(join(folder, 'kubectl-sallyport'), ['--help'], '/').stdout).toContain('Usage: kubectl sallyport <command>');
    // As a program in PATH is started: by its name alone.
    const asked = run('kubectl_complete-sallyport', ['ver'], '/', { PATH: folder });
    expect(asked).toEqual(run(join(folder, 'kubectl_complete-sallyport'), ['ver'], '/'));
    expect(asked.stdout).toMatch(/^version\t/);
    expect(run(executable, ['--help'], '/').stdout).toContain('Usage: sallyport <command>');
  });

  test('goes on with Node, where it is told of one, before it reads much', () => {
    const place = join(folder, 'much');
    mkdirSync(place);
    copyFileSync(executable, join(place, 'sallyport'));
    writeFileSync(
      join(place, 'sallyport.js'),
      'console.log("Node", process.env.SALLYPORT_NODE, ...process.execArgv, ...process.argv.slice(2));\n',
    );
    const pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: x}\nspec: {containers: [{name: main, image: none}]}\n';
    writeFileSync(join(place, 'little.yaml'), pod);
    writeFileSync(join(place, 'much.yaml'), `${pod}#${' '.repeat(25_200_000)}\n`);
    const SALLYPORT_NODE = process.execPath;
    const asked = (env: NodeJS.ProcessEnv, ...files: string[]) =>
      run(join(place, 'sallyport'), ['matrix', '-o', 'csv', ...files.flatMap((file) => ['-f', file])], place, env).stdout;
    expect(asked({ SALLYPORT_NODE }, 'much.yaml')).toBe(`Node undefined ${flagsOfNode.join(' ')} matrix -o csv -f much.yaml\n`);
    for (const answer of [asked({ SALLYPORT_NODE }, 'little.yaml'), asked({}, 'much.yaml')]) expect(answer).toContain('x/Pod/a');
    // What was read from a pipe could not be read again.
    const piped = `echo '[{"from": "x/a", "to": "8.8.8.8", "port": 1}]' |`;
    for (const flows of ['--flows -', '--flows=-', '--flows /dev/stdin', '--flows=/dev/stdin']) {
      const line = `${piped} ./sallyport check -f much.yaml ${flows}`;
      expect(run('sh', ['-c', line], place, { SALLYPORT_NODE }).stdout).toContain('1 flow: 1 allowed, 0 denied');
    }
  });

  test('files of the directory that somebody stands in have no say', () => {
    const place = join(folder, 'hostile');
    mkdirSync(place);
    writeFileSync(join(place, '.env'), 'SALLYPORT_CALLED=kubectl sallyport\nKUBECONFIG=/hostile\nBUN_BE_BUN=1\n');
    writeFileSync(join(place, 'bunfig.toml'), 'preload = ["./hostile.js"]\n');
    writeFileSync(join(place, 'hostile.js'), 'console.log("hostile");\n');
    const { status, stdout, stderr } = run(executable, ['check', '--from', 'shop/client'], place);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).not.toMatch(/hostile|kubectl/);
  });

  test('words that its engine knows are unknown to it', () => {
    for (const word of ['--inspect', '-e', '--cpu-prof', '--smol'])
      expect(run(executable, [word], shop)).toMatchObject({ status: 2, stderr: `error: unknown option '${word}'\n` });
  });

  test('has the lab inside, with what calls the kernel', ({ skip }) => {
    const reason = cannotRunLab();
    if (reason !== undefined) skip(reason);
    // What npm brought for Node is out of its sight.
    const hidden = `mount -t tmpfs none '${root}/node_modules' && exec "$0" "$@"`;
    const words = ['--mount', 'sh', '-c', hidden, executable, 'lab', 'run', ...manifests];
    const { status, stdout, stderr } = run('unshare', words, shop);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('packets did what the verdicts say');
  });

  test('stays what it is in a lab, however much is read there', ({ skip }) => {
    const reason = cannotRunLab();
    if (reason !== undefined) skip(reason);
    writeFileSync(join(shop, 'much.yaml'), `#${' '.repeat(25_200_000)}\n${readFileSync(join(shop, 'policy.yaml'), 'utf8')}`);
    const words = ['test', 'tests.yaml', '-f', 'cluster.yaml', '-f', 'much.yaml', '--lab'];
    const { status, stdout, stderr } = run(executable, words, shop, { SALLYPORT_NODE: process.execPath });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('packets did what the verdicts say');
  });

  test('what calls the kernel and can not be loaded is said, and what to do', ({ skip }) => {
    const reason = cannotRunLab();
    if (reason !== undefined) skip(reason);
    const { status, stderr } = run(executable, ['lab', 'run', ...manifests], shop, { TMPDIR: '/nonexistent' });
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining('set TMPDIR to one that you can write') });
  });
});

describe('bin/sallyport', () => {
  const home = join(folder, 'home');
  cpSync(join(root, 'bin'), join(home, 'bin'), { recursive: true });
  mkdirSync(join(home, 'build'));
  writeFileSync(
    join(home, 'build/sallyport.js'),
    'console.log(["Node", process.env.SALLYPORT_CALLED, ...process.argv.slice(2)].join(" "));\n',
  );
  const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);
  const said = (program: string, ...words: string[]): string => run(join(home, 'bin', program), words, folder, { PATH }).stdout.trimEnd();

  test('gives commands the flags that the executable gives them when it hands over', () => {
    expect(readFileSync(join(root, 'bin/sallyport'), 'utf8')).toContain(`*) set -- ${flagsOfNode.join(' ')} "$program"`);
  });

  test('without an executable Node runs everything', () => {
    expect(said('sallyport', 'check', '-f', 'a b')).toBe('Node  check -f a b');
  });

  test.skipIf(missing !== undefined)('the executable asks for large pages, unless somebody has said otherwise', () => {
    const option = (env: NodeJS.ProcessEnv): string | undefined => {
      const { stdout, stderr } = run(join(root, 'bin/sallyport'), ['completion', 'bash'], folder, { PATH, MIMALLOC_VERBOSE: '1', ...env });
      // Bun's allocator says what it was told, if it still knows the name.
      return /option 'allow_thp': (\d)/.exec(stdout + stderr)?.[1];
    };
    expect([option({}), option({ MIMALLOC_ALLOW_THP: '0' })]).toEqual(['2', '0']);
  });

  test.skipIf(missing !== undefined)('what is set for the engine alone is not in the environment of the programs that it starts', () => {
    const place = join(folder, 'child');
    mkdirSync(place);
    writeFileSync(join(place, 'git'), `#!/bin/sh\nenv > ${place}/environment\nexit 1\n`);
    chmodSync(join(place, 'git'), 0o755);
    run(join(root, 'bin/sallyport'), ['diff', '--git', 'main..HEAD'], place, { PATH: `${place}:${PATH}` });
    const environment = readFileSync(join(place, 'environment'), 'utf8');
    expect(environment).toContain(`PATH=${place}:`);
    expect(environment).not.toContain('BUN_');
  });

  test('what answers and ends is run by the executable', () => {
    const stand = join(home, 'build/sallyport');
    writeFileSync(stand, '#!/bin/sh\n[ -x "$SALLYPORT_NODE" ] && echo executable "$SALLYPORT_CALLED" "$@"\n');
    chmodSync(stand, 0o755);
    expect(said('sallyport', 'check', '-f', 'a b')).toBe('executable  check -f a b');
    expect(said('kubectl_complete-sallyport', 'che')).toBe('executable  __complete che');
    copyFileSync(join(home, 'bin/sallyport'), join(home, 'bin/kubectl-sallyport'));
    expect(said('kubectl-sallyport', 'check')).toBe('executable kubectl sallyport check');
    expect(said('sallyport', 'matrix', 'check')).toBe('executable  matrix check');
    expect(said('sallyport', 'lab', 'check')).toBe('Node  lab check');
    expect(said('sallyport', 'agent')).toBe('Node  agent');
  });
});
