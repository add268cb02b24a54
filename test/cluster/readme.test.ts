import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { applyManifest, forgetAccounts, handBack, podImage } from './agents.ts';
import { inNamespace, run } from './commands.ts';
import { Probes } from './probes.ts';
import { clone, programs } from './programs.ts';
import { ClusterWorld, cannotUseCluster, type RunningPod } from './world.ts';

const reason = cannotUseCluster();
const image = 'localhost/sallyport';
/** What the README's part of a cluster says, a line each. */
const commands = readFileSync(join(clone, 'README.md'), 'utf8')
  .split('\n## In a cluster\n')[1]!
  .split('\n## ')[0]!
  .split('\n')
  .filter((line) => line.startsWith('    '))
  .map((line) => line.trim());
const daemonSet = 'daemonset/sallyport-agent';

describe.skipIf(reason !== undefined)(`who has only the README${reason === undefined ? '' : ` (${reason})`}`, () => {
  let world: ClusterWorld;
  let client: RunningPod;
  let server: RunningPod;
  let before: string;
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-readme-'));
  const path = [programs, join(clone, 'bin'), dirname(process.execPath), process.env.PATH].join(':');

  const system = (...words: string[]): string => world.cluster.kubectl(['-n', 'kube-system', ...words]);
  const tables = (): string[] =>
    world.cluster.nodes.map(({ node }) => run(inNamespace(node.namespace, ['nft', 'list', 'tables', 'inet'])).trim());
  /** Runs a line as a person would type it, who may reach the cluster, with an image and a namespace of this test. */
  const type = async (line: string, patience = 180): Promise<string> => {
    const typed = line.replaceAll('registry.example/sallyport', image).replaceAll(/\bshop\b/g, world.namespace);
    const [program = '', ...words] = world.cluster.words('env', `PATH=${path}`, 'timeout', String(patience), 'bash', '-ec', typed);
    const { stdout } = await promisify(execFile)(program, words, { cwd: folder, env: { ...process.env, NO_COLOR: '1' } }).catch(
      (fault: { code: number; stdout: string; stderr: string }) => {
        // What follows until it is stopped has been stopped.
        if (fault.code === 124) return fault;
        throw new Error(`${typed}\nexit code ${fault.code}\n${fault.stdout}${fault.stderr}`);
      },
    );
    return stdout;
  };
  /** Of a test that has failed, too. */
  const withoutRelease = (): Promise<string> => type('helm uninstall sallyport --namespace kube-system --ignore-not-found --wait');
  const probing = (): Probes => {
    const probes = new Probes(client.namespace, 20, [`${server.address}:80`]);
    onTestFinished(() => probes[Symbol.asyncDispose]());
    return probes;
  };

  beforeAll(async () => {
    world = new ClusterWorld('readme');
    symlinkSync(join(clone, 'deploy'), join(folder, 'deploy'));
    [client, server] = await world.startPair();
    before = podImage(world.cluster);
    await withoutRelease();
    // A cluster without Sallyport.
    applyManifest(world.cluster, 'remove.yaml', before);
    system('rollout', 'status', daemonSet, '--timeout=180s');
    world.cluster.kubectl(['delete', '-f', join(clone, 'deploy/manifests/sallyport.yaml'), '--timeout=120s']);
    forgetAccounts(world.cluster);
    expect(tables()).toEqual(['', '']);
  }, 600_000);
  afterAll(async () => {
    await withoutRelease();
    rmSync(folder, { recursive: true });
    applyManifest(world.cluster, 'sallyport.yaml', before);
    forgetAccounts(world.cluster);
    await handBack(world.cluster);
    await world[Symbol.asyncDispose]();
  }, 300_000);

  test(
    'gets in less than ten minutes from nothing to a default deny that is enforced, observed and tested',
    { timeout: 900_000 },
    async () => {
      const probes = probing();
      await probes.first(true, 0);
      const started = performance.now();
      const told = new Map<string, string>();
      for (const line of commands) {
        const since = performance.now();
        if (line.startsWith('make ')) {
          run(['make', '-C', clone, ...line.replace(/#.*/, '').trim().split(' ').slice(1)]);
          for (const node of world.cluster.nodes)
            node.importImage(join(clone, 'build/image/sallyport.tar'), 'registry.example/sallyport:0.1.0', `${image}:0.1.0`);
        } else told.set(line, await type(line, line.includes(' drops ') ? 15 : 180));
        console.log(`${((performance.now() - since) / 1000).toFixed(1)} s  ${line}`);
      }
      expect((performance.now() - started) / 1000).toBeLessThan(600);
      const said = (start: string): string => [...told].find(([line]) => line.startsWith(start))?.[1] ?? `nothing for ${start}`;
      expect(said('helm install')).toContain('is on its way to every node');
      expect(said('sallyport status')).toMatch(/node1.*\n.*node2/);
      expect(said('sallyport drops')).toMatch(new RegExp(`${world.namespace}/client.*${world.namespace}/server`));
      expect(said('sallyport wait')).toContain('enforced');
      expect(said('sallyport test tests.yaml')).toContain('packets did what the verdicts say');
      await probes.first(false, probes.results.at(-1)!.begun);
    },
  );

  test('upgrades and rolls back by Helm, and nothing is open or closed meanwhile', { timeout: 300_000 }, async () => {
    const probes = probing();
    await probes.first(false, 0);
    await type(`helm upgrade sallyport deploy/helm/sallyport --namespace kube-system --reuse-values --set agent.auditInterval=60 --wait`);
    expect(system('get', daemonSet, '-o', 'yaml')).toContain('--audit-interval=60');
    await type('helm rollback sallyport -n kube-system --wait');
    expect(system('get', daemonSet, '-o', 'yaml')).not.toContain('--audit-interval=60');
    expect(probes.results.filter(({ isOpen }) => isOpen)).toEqual([]);
    expect(probes.results.length).toBeGreaterThan(5);
    expect(tables()).toEqual(['table inet sallyport', 'table inet sallyport']);
  });

  test('is rid of it by Helm, and finds every kernel as it was', { timeout: 300_000 }, async () => {
    const probes = probing();
    await probes.first(false, 0);
    const said = await type('helm upgrade sallyport deploy/helm/sallyport --namespace kube-system --reuse-values --set remove=true --wait');
    expect(said).toContain('being taken out of the kernel of every node');
    // Helm waits for all nodes but those that may be without an agent while one replaces another.
    system('rollout', 'status', daemonSet, '--timeout=180s');
    expect(tables()).toEqual(['', '']);
    await probes.first(true, 0);
    await type('helm uninstall sallyport --namespace kube-system');
    system('wait', 'pods', '-l', 'app.kubernetes.io/name=sallyport', '--for=delete', '--timeout=60s');
    expect(system('get', 'all,serviceaccounts,configmaps', '-l', 'app.kubernetes.io/name=sallyport', '-o', 'name')).toBe('');
  });
});
