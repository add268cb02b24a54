import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cannotRunLab } from './lab-needs.ts';

const program = fileURLToPath(new URL('lab-program.ts', import.meta.url));
const reason = cannotRunLab();
const nobody = 65534;

/** Who runs the lab: root, and a user without any rights where such users may make namespaces. */
const users = [
  { name: 'root', id: 0, reason },
  { name: 'a user without rights', id: nobody, reason: reason ?? whyNot(nobody) },
];

describe.each(users)('a lab of $name', ({ id, name, reason: missing }) => {
  describe.skipIf(missing !== undefined)(`of ${name}${missing === undefined ? '' : ` (${missing})`}`, () => {
    let directory = '';
    const started: ChildProcess[] = [];
    const options = () => ({ uid: id, gid: id, env: { ...process.env, XDG_RUNTIME_DIR: directory, HOME: directory } });
    const run = (...words: string[]) =>
      spawnSync(process.execPath, [program, ...words], { ...options(), encoding: 'utf8', timeout: 20_000 });
    const sockets = (): string[] => readdirSync(join(directory, 'sallyport')).filter((entry) => entry.endsWith('.sock'));

    /** Starts a lab in the foreground and waits until it is up. Returns the process outside and the one inside. */
    async function up(labName: string): Promise<{ child: ChildProcess; inner: number; ended: Promise<number | null> }> {
      const child = spawn(process.execPath, [program, 'up', labName], { ...options(), stdio: ['ignore', 'pipe', 'pipe'] });
      started.push(child);
      const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
      const inner = await new Promise<number>((resolve, reject) => {
        let output = '';
        const take = (chunk: Buffer): void => {
          output += chunk;
          const found = /^up (\d+)$/m.exec(output);
          if (found !== null) resolve(Number(found[1]));
        };
        child.stdout!.on('data', take);
        child.stderr!.on('data', take);
        child.once('exit', () => reject(new Error(output)));
      });
      return { child, inner, ended };
    }

    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), 'sallyport-test-'));
      execFileSync('chown', [`${id}:${id}`, directory]);
    });
    afterEach(() => {
      for (const child of started.splice(0)) child.kill('SIGKILL');
    });
    afterAll(() => rmSync(directory, { recursive: true, force: true }));

    it('shows nothing outside, answers on its socket, and runs commands with their files and exit codes', async () => {
      const linksBefore = readFileSync('/proc/net/dev', 'utf8').split('\n').length;
      const { ended } = await up('one');
      expect(readFileSync('/proc/net/dev', 'utf8').split('\n')).toHaveLength(linksBefore);
      expect(existsSync('/run/netns/shop')).toBe(false);
      expect(JSON.parse(run('probe', 'one', 'shop/p1', 'shop/p2').stdout)).toMatchObject({
        verdict: 'deny',
        observed: 'deny',
        match: true,
      });
      expect(JSON.parse(run('probe', 'one', 'shop/p2', 'shop/p1').stdout)).toMatchObject({
        verdict: 'allow',
        observed: 'allow',
        match: true,
      });
      expect(run('probe', 'one', 'shop/p2', 'shop/p7').stderr).toContain('unknown endpoint `shop/p7`');
      const echo = spawnSync(process.execPath, [program, 'exec', 'one', 'shop/p1', 'sh', '-c', 'cat; ip -br address; exit 7'], {
        ...options(),
        input: 'typed\n',
        encoding: 'utf8',
      });
      expect(echo).toMatchObject({ status: 7, stdout: expect.stringMatching(/^typed\nlo [\s\S]*eth0@[\s\S]*10\.244\.0\.1\/32/) });
      expect(run('exec', 'one', 'shop/p9', 'true')).toMatchObject({ status: 2, stderr: 'there is no shop/p9 in the lab\n' });
      expect(run('down', 'one').status).toBe(0);
      expect(await ended).toBe(0);
      expect(sockets()).toEqual([]);
    });

    // What does not depend on who runs it is tried once.
    const once = (title: string, run: () => void | Promise<void>): void => {
      if (id === 0) it(title, run);
    };

    once('stands beside another', async () => {
      const [first, second] = await Promise.all([up('first'), up('second')]);
      expect(run('list').stdout.trim()).toBe('first second');
      expect(run('up', 'first')).toMatchObject({ status: 2, stderr: expect.stringContaining('a lab called first is up already') });
      expect(JSON.parse(run('probe', 'second', 'shop/p1', 'shop/p2').stdout).match).toBe(true);
      run('down', 'first');
      expect(await first.ended).toBe(0);
      expect(run('list').stdout.trim()).toBe('second');
      run('down', 'second');
      expect(await second.ended).toBe(0);
    });

    it.each(id === 0 ? (['SIGINT', 'SIGTERM', 'SIGHUP'] as const) : (['SIGTERM'] as const))('ends in order on %s', async (signal) => {
      const { child, inner, ended } = await up('lab');
      child.kill(signal);
      expect(await ended).toBe(130);
      await expectGone(inner);
      expect(sockets()).toEqual([]);
    });

    it.each(['the process outside', 'unshare', 'the lab itself'])('is gone when %s is killed', async (victim) => {
      const { child, inner, ended } = await up('lab');
      const command = spawn(process.execPath, [program, 'exec', 'lab', 'shop/p1', 'sleep', '1000'], { ...options(), stdio: 'ignore' });
      started.push(command);
      const commandEnded = new Promise((resolve) => command.once('exit', resolve));
      await sleep(300);
      const unshare = Number(readFileSync(`/proc/${inner}/stat`, 'utf8').split(' ')[3]);
      process.kill({ 'the process outside': child.pid!, unshare, 'the lab itself': inner }[victim]!, 'SIGKILL');
      const exitCode = await ended;
      if (victim !== 'the process outside') expect(exitCode).toBe(2);
      await expectGone(inner);
      await commandEnded;
      // What the dead lab has left in the directory is nobody's lab.
      expect(run('list').stdout.trim()).toBe('');
      expect(sockets()).toEqual([]);
    });

    once('goes to the background when it is up, and says why when it can not be', () => {
      expect(run('up', 'behind', 'background')).toMatchObject({ status: 0, stdout: '' });
      expect(run('list').stdout.trim()).toBe('behind');
      expect(run('up', 'behind', 'background')).toMatchObject({ status: 2, stderr: expect.stringContaining('is up already') });
      expect(run('down', 'behind').status).toBe(0);
      expect(readdirSync(join(directory, 'sallyport'))).toEqual([]);
    });

    once('takes the place of a socket that nobody listens on', async () => {
      const path = join(directory, 'sallyport', 'stale.sock');
      const server = createServer().listen(path);
      await new Promise((resolve) => server.once('listening', resolve));
      // A server that closes removes its socket; one that is killed can't.
      renameSync(path, `${path}.kept`);
      await new Promise((resolve) => server.close(resolve));
      renameSync(`${path}.kept`, path);
      execFileSync('chown', [`${id}:${id}`, path]);
      const { ended } = await up('stale');
      run('down', 'stale');
      expect(await ended).toBe(0);
    });
  });
});

async function expectGone(pid: number): Promise<void> {
  for (let tries = 0; tries < 200 && existsSync(`/proc/${pid}`); tries++) await sleep(10);
  expect(existsSync(`/proc/${pid}`)).toBe(false);
}

/** Why that user can't make namespaces here; undefined when it can. */
function whyNot(id: number): string | undefined {
  const words = ['--user', '--map-root-user', '--net', '--mount', '--pid', '--fork', '--mount-proc', 'true'];
  const { status, stderr, error } = spawnSync('unshare', words, { uid: id, gid: id, encoding: 'utf8' });
  if (status !== 0) return `users may not make namespaces: ${error?.message ?? stderr.trim()}`;
  const readable = spawnSync(process.execPath, ['--version'], { uid: id, gid: id, cwd: '/' });
  const readsProgram = spawnSync('cat', [program], { uid: id, gid: id });
  return readable.status === 0 && readsProgram.status === 0 ? undefined : 'other users cannot read this checkout';
}
