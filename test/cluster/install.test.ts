import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { agentLog, applyManifest, podImage, replaceAgents } from './agents.ts';
import { inNamespace, run } from './commands.ts';
import type { ClusterNode } from './layout.ts';
import { Probes } from './probes.ts';
import { programs } from './programs.ts';
import { ClusterWorld, cannotUseCluster, policy, type RunningPod, serverPod } from './world.ts';

const reason = cannotUseCluster();
const daemonSet = 'daemonset/sallyport-agent';
const kubectl = join(programs, 'kubectl');

describe.skipIf(reason !== undefined)(`the agent as users install it${reason === undefined ? '' : ` (${reason})`}`, () => {
  let world: ClusterWorld;
  let client: RunningPod;
  let open: RunningPod;
  let closed: RunningPod;

  const system = (...words: string[]): string => world.cluster.kubectl(['-n', 'kube-system', ...words]);
  const tables = (): string[] =>
    world.cluster.nodes.map(({ node }) => run(inNamespace(node.namespace, ['nft', 'list', 'tables', 'inet'])).trim());
  /** What the agents of a node have written since these tests began: others' agents had other lives. */
  const logOf = (node: ClusterNode): string => agentLog(world.cluster, node).slice(before.get(node.name));
  const before = new Map<string, number>();
  const probes = (): Probes => {
    const started = new Probes(client.namespace, 10, [`${open.address}:80`, `${closed.address}:80`]);
    onTestFinished(() => started[Symbol.asyncDispose]());
    return started;
  };

  beforeAll(async () => {
    world = new ClusterWorld('install');
    for (const { node } of world.cluster.nodes) before.set(node.name, agentLog(world.cluster, node).length);
    await replaceAgents(world.cluster);
    world.apply(
      policy('isolate', { podSelector: {}, policyTypes: ['Ingress'] }),
      policy('open', { podSelector: { matchLabels: { app: 'open' } }, ingress: [{}] }),
    );
    [client, open, closed] = (await world.start(
      serverPod('client', {}, 'node1'),
      serverPod('open', { app: 'open' }, 'node2'),
      serverPod('closed', {}, 'node2'),
    )) as [RunningPod, RunningPod, RunningPod];
  }, 600_000);
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  test('may do nothing but talk of the network with the kernel, and write nowhere', () => {
    for (const { node } of world.cluster.nodes) {
      const pids = run(['pgrep', '-f', '^/usr/bin/node .*/sallyport/sallyport.js agent']).trim().split('\n');
      expect(pids).toHaveLength(world.cluster.nodes.length);
      // CAP_NET_ADMIN is bit 12. Source: capabilities(7).
      for (const pid of pids) expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/CapEff:\s+0000000000001000\n/);
      for (const pid of pids) expect(readFileSync(`/proc/${pid}/mounts`, 'utf8')).toMatch(/^overlay \/ overlay ro,/m);
      expect(logOf(node)).not.toMatch(/"event":"(forbidden|failed)"/);
    }
  });

  test('enforces, and goes on while a new one takes over', async () => {
    const probing = probes();
    await probing.first(true, 0, `${open.address}:80`);
    await probing.first(false, 0, `${closed.address}:80`);
    probing.results.length = 0;
    system('rollout', 'restart', daemonSet);
    // Not by `system`, which would have the probes wait.
    const [program = '', ...words] = world.cluster.words(kubectl, '-n', 'kube-system', 'rollout', 'status', daemonSet, '--timeout=180s');
    await promisify(execFile)(program, words);
    const wrong = probing.results.filter(({ target, isOpen }) => isOpen !== (target === `${open.address}:80`));
    console.log(`agents replaced: ${probing.results.length} connections, ${wrong.length} wrong`);
    expect(wrong).toEqual([]);
    expect(probing.results.length).toBeGreaterThan(100);
    // To see what is different it loads what should be beside what is, with no right to make a namespace for it.
    for (const { node } of world.cluster.nodes) expect(logOf(node)).not.toContain('"level":"error"');
    expect(tables()).toEqual(['table inet sallyport', 'table inet sallyport']);
  });

  test('can be asked what hinders it', () => {
    const diagnosis = JSON.parse(system('exec', daemonSet, '--', 'sallyport', 'doctor', '-o', 'json', '--fail-on', 'problem')) as {
      problems: number;
      checks: { check: string; state: string; summary: string }[];
    };
    const state = new Map(diagnosis.checks.map(({ check, state }) => [check, state]));
    expect(diagnosis.problems).toBe(0);
    expect(state.get('rights')).toBe('ok');
    expect(state.get('kernel')).toBe('ok');
    // It may not make namespaces for its test, and says where that can be done.
    expect(diagnosis.checks.at(-1)).toMatchObject({
      check: 'self-test',
      state: 'skipped',
      summary: expect.stringContaining('kubectl debug'),
    });
  });

  test('is removed from every kernel, and comes back', async () => {
    const image = podImage(world.cluster);
    applyManifest(world.cluster, 'remove.yaml', image);
    system('rollout', 'status', daemonSet, '--timeout=180s');
    expect(tables()).toEqual(['', '']);
    const probing = probes();
    await probing.first(true, 0, `${closed.address}:80`);
    applyManifest(world.cluster, 'sallyport.yaml', image);
    system('rollout', 'status', daemonSet, '--timeout=180s');
    await probing.first(false, 0, `${closed.address}:80`);
    probing.results.length = 0;
    await probing.first(true, 0, `${open.address}:80`);
  });
});
