import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { handBack, startAgent, stopAgent } from './agents.ts';
import { inNamespace, run } from './commands.ts';
import { clone } from './programs.ts';
import { ClusterWorld, cannotUseCluster, policy, type RunningPod, serverPod } from './world.ts';

const reason = cannotUseCluster();

describe.skipIf(reason !== undefined)(`test --live on a real cluster${reason === undefined ? '' : ` (${reason})`}`, () => {
  let world: ClusterWorld;
  let server: RunningPod;
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-live-'));

  beforeAll(async () => {
    world = new ClusterWorld('live');
    [server] = (await world.start(
      serverPod('server', { app: 'server' }, 'node2'),
      serverPod('client', { app: 'client' }, 'node1'),
      serverPod('stranger', { app: 'stranger' }, 'node1'),
    )) as [RunningPod];
    world.apply(
      policy('server', {
        podSelector: { matchLabels: { app: 'server' } },
        ingress: [{ from: [{ podSelector: { matchLabels: { app: 'client' } } }] }],
      }),
    );
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    if (world !== undefined) await handBack(world.cluster);
    await world?.[Symbol.asyncDispose]();
  });

  const sallyport = (tests: readonly object[], ...words: string[]): { status: number | null; stdout: string; stderr: string } => {
    const file = join(folder, 'tests.json');
    const document = { apiVersion: 'sallyport.dev/v1alpha1', kind: 'ConnectivityTest', metadata: { name: 'live' }, tests };
    writeFileSync(file, JSON.stringify(document));
    const [program = '', ...rest] = world.cluster.words(join(clone, 'bin/sallyport'), 'test', file, '--live', ...words);
    return spawnSync(program, rest, { encoding: 'utf8' });
  };
  const between = (from: string, to: string, expected: 'allow' | 'deny', ports: unknown = 80): object => ({
    name: `${from} to ${to}`,
    from: `${world.namespace}/${from}`,
    to: `${world.namespace}/${to}`,
    ports,
    expect: expected,
  });

  test('packets say what the policies say', () => {
    const { status, stdout, stderr } = sallyport([between('client', 'server', 'allow'), between('stranger', 'server', 'deny')]);
    expect(`${stdout}${stderr}`).toContain('2 tests: 2 passed, 0 failed\npackets did what the verdicts say');
    expect(stderr).toContain('a container has run in each of 3 pods and has ended');
    expect(status).toBe(0);
  });

  test('nothing else passes: every other workload of the cluster is tried', () => {
    const only = {
      name: 'nothing else',
      to: `${world.namespace}/server`,
      allow: [{ from: `${world.namespace}/client`, ports: 80 }],
      nothingElse: ['TCP/80'],
    };
    const { status, stdout, stderr } = sallyport([only], '-o', 'json');
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(JSON.parse(stdout)).toMatchObject({ passed: 1, failed: 0, errors: 0 });
  });

  test('a denial of what nobody serves is no denial', () => {
    const { status, stdout } = sallyport([between('stranger', 'server', 'deny', 81)]);
    expect(stdout).toContain('the destination itself gets no answer there either');
    expect(status).toBe(2);
  });

  test('what is not enforced is found', async () => {
    const { cluster } = world;
    const { node } = server;
    await stopAgent(cluster, node, 'SIGTERM');
    run(inNamespace(node.node.namespace, ['nft', 'delete', 'table', 'inet', 'sallyport']));
    try {
      const { status, stdout } = sallyport([between('stranger', 'server', 'deny')]);
      expect(stdout).toContain('packets did otherwise 1 time');
      expect(status).toBe(1);
    } finally {
      await startAgent(cluster, node);
    }
  });

  test('an image that is not there is said, and nothing is passed off as a result', () => {
    const { status, stdout, stderr } = sallyport([between('client', 'server', 'allow')], '--image', 'nowhere.invalid/nothing:1');
    expect(stderr).toMatch(/a container in pod live-\d+\/(client|server) does not start: (ErrImagePull|ImagePullBackOff)/);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });

  test('who may not put containers into pods is told', () => {
    const { status, stderr } = sallyport(
      [between('client', 'server', 'allow')],
      '--image',
      'any',
      '--as',
      'reader',
      '--as-group',
      'system:masters-not',
    );
    expect(status).toBe(2);
    expect(stderr).toContain('may not');
  });
});
