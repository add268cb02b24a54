import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startAgent, stopAgent } from './agents.ts';
import { inNamespace, run } from './commands.ts';
import { now, type Probed, Probes } from './probes.ts';
import { ClusterWorld, cannotUseCluster, policy, type RunningPod, serverPod } from './world.ts';

const reason = cannotUseCluster();
const fromClient = { ingress: [{ from: [{ podSelector: { matchLabels: { app: 'client' } } }] }] };

describe.skipIf(reason !== undefined)(`faults on a real cluster${reason === undefined ? '' : ` (${reason})`}`, () => {
  let world: ClusterWorld;
  let client: RunningPod;
  /** One of each on the client's node, one on the other. */
  let open: RunningPod[];
  let closed: RunningPod[];

  beforeAll(async () => {
    world = new ClusterWorld('faults');
    world.apply(
      policy('isolate', { podSelector: {}, policyTypes: ['Ingress'] }),
      policy('open', { podSelector: { matchLabels: { app: 'server' } }, ...fromClient }),
    );
    const pods = await world.start(
      serverPod('client', { app: 'client' }, 'node1'),
      ...['node1', 'node2'].map((node) => serverPod(`open-${node}`, { app: 'server' }, node)),
      ...['node1', 'node2'].map((node) => serverPod(`closed-${node}`, { app: 'closed' }, node)),
    );
    client = pods[0]!;
    open = pods.slice(1, 3);
    closed = pods.slice(3);
  });
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  const targetsOf = (pods: readonly RunningPod[]): string[] => pods.map(({ address }) => `${address}:80`);
  const wrongOf = (results: readonly Probed[]): Probed[] =>
    results.filter(({ target, isOpen }) => isOpen !== targetsOf(open).includes(target));
  /** Probes from the client, once every target has answered as it must. */
  const probes = async (interval: number): Promise<Probes> => {
    const started = new Probes(client.namespace, interval, targetsOf([...open, ...closed]));
    onTestFinished(() => started[Symbol.asyncDispose]());
    for (const target of targetsOf(open)) await started.first(true, 0, target);
    for (const target of targetsOf(closed)) await started.first(false, 0, target);
    started.results.length = 0;
    return started;
  };

  test('agents killed at random moments while policies change: no verdict is wrong', async () => {
    const probing = await probes(4);
    const { cluster } = world;
    let isOver = false;
    const churn = (async () => {
      for (let turn = 0; !isOver; turn++) {
        // Another port for the closed pod, another reason to open the others: what the probes may do stays.
        world.apply(
          policy('churn', { podSelector: {}, ingress: [{ ...fromClient.ingress[0], ports: [{ port: 1000 + turn }] }] }),
          policy('open', {
            podSelector: { matchLabels: { app: 'server' } },
            ingress: [...fromClient.ingress, { ports: [{ port: 1000 + turn }] }],
          }),
        );
        await sleep(50);
      }
    })();
    const kills = 20;
    for (let turn = 0; turn < kills; turn++) {
      const node = cluster.nodes[turn % 2]!;
      await sleep(Math.random() * 1000);
      await stopAgent(cluster, node, 'SIGKILL');
      await startAgent(cluster, node);
    }
    isOver = true;
    await churn;
    await sleep(500);
    console.log(`${kills} agents killed: ${probing.results.length} connections, ${wrongOf(probing.results).length} wrong`);
    expect(wrongOf(probing.results)).toEqual([]);
    expect(probing.results.length).toBeGreaterThan(1000);
  });

  // The kernel tells of a table that goes. Rules that somebody takes out of it are missed by the next audit only.
  const harms = [
    { harm: 'deleted', command: ['delete', 'table', 'inet', 'sallyport'], words: [], patience: 1000 },
    {
      harm: 'emptied, with an audit every two seconds',
      command: ['flush', 'table', 'inet', 'sallyport'],
      words: ['--audit-interval', '2'],
      patience: 5000,
    },
  ];
  test.each(harms)('a table that somebody has $harm is put back', async ({ harm, command, words, patience }) => {
    const { cluster } = world;
    const [, { node }] = closed as [RunningPod, RunningPod];
    const restart = async (...more: string[]): Promise<void> => {
      await stopAgent(cluster, node, 'SIGTERM');
      await startAgent(cluster, node, ...more);
    };
    await restart(...words);
    onTestFinished(() => restart());
    const probing = await probes(5);
    const harmed = now();
    run(inNamespace(node.node.namespace, ['nft', ...command]));
    await sleep(patience + 2000);
    const wrong = wrongOf(probing.results.filter(({ begun }) => begun >= harmed));
    const open = (wrong.at(-1)?.begun ?? harmed) - harmed;
    console.log(`a table ${harm}: ${wrong.length} of ${probing.results.length} connections wrong, for ${open.toFixed(0)} ms`);
    expect(open).toBeLessThan(patience);
  });
});
