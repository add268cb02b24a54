import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { handBack, startAgent, stopAgent } from './agents.ts';
import { inNamespace, run } from './commands.ts';
import type { Manifest } from './control-plane.ts';
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
    if (world !== undefined) await handBack(world.cluster);
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

  /** Whoever is not there does nothing wrong: a deny on the open pods is felt on both nodes, and its end as well. */
  const feels = async (probing: Probes): Promise<void> => {
    for (const [app, isOpen] of [
      ['nobody', false],
      ['server', true],
    ] as const) {
      world.apply(policy('open', { podSelector: { matchLabels: { app } }, ...fromClient }));
      const after = now();
      for (const target of targetsOf(open)) await probing.first(isOpen, after, target, 30_000);
    }
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
    await feels(probing);
  });

  test.each(['delete', 'flush'])('a table that somebody takes away with `%s table` is put back at once', async (command) => {
    const probing = await probes(5);
    const [, { node }] = closed as [RunningPod, RunningPod];
    const harmed = now();
    run(inNamespace(node.node.namespace, ['nft', command, 'table', 'inet', 'sallyport']));
    await sleep(3000);
    const wrong = wrongOf(probing.results.filter(({ begun }) => begun >= harmed));
    const open = (wrong.at(-1)?.begun ?? harmed) - harmed;
    console.log(`nft ${command} table: ${wrong.length} of ${probing.results.length} connections wrong, for ${open.toFixed(0)} ms`);
    expect(open).toBeLessThan(1000);
  });

  test('without an API server, and with agents that die meanwhile, nothing changes', async () => {
    const { cluster } = world;
    for (const node of cluster.nodes) {
      await stopAgent(cluster, node, 'SIGTERM');
      await startAgent(cluster, node);
    }
    const probing = await probes(5);
    const restart = await cluster.killApiServer();
    await sleep(2000);
    for (const node of cluster.nodes) {
      await stopAgent(cluster, node, 'SIGKILL');
      await startAgent(cluster, node, { awaited: 'started' });
    }
    await sleep(5000);
    await restart();
    // Whoever was away hears of what is new.
    await sleep(2000);
    expect(wrongOf(probing.results)).toEqual([]);
    console.log(`without an API server: ${probing.results.length} connections, none wrong`);
    await feels(probing);
  });

  test('thousands of changes of pods and policies: no verdict is wrong', async () => {
    const [count, rounds] = [200, 15];
    const numbers = [...Array(count).keys()];
    const podsOf = (turn: number): Manifest[] =>
      numbers.map((index) => idlePod(`idle-${index}`, { app: 'idle', turn: `${(index + turn) % 7}` }));
    const policiesOf = (turn: number): Manifest[] =>
      numbers.slice(0, count / 2).map((index) =>
        policy(`more-${index}`, {
          podSelector: { matchLabels: { app: index % 2 === 0 ? 'server' : 'closed' } },
          ingress: [{ from: [{ podSelector: { matchLabels: { turn: `${(index + turn) % 7}` } } }], ports: [{ port: 80 + (turn % 3) }] }],
        }),
      );
    world.apply(...podsOf(0), ...policiesOf(0));
    world.kubectl(
      ['replace', '--subresource=status', '-f', '-'],
      numbers.map((index) => ({ ...podsOf(0)[index]!, status: addressed(index) })),
    );
    const probing = await probes(5);
    for (let turn = 1; turn <= rounds; turn++) world.apply(...podsOf(turn), ...policiesOf(turn));
    await sleep(1000);
    const changes = rounds * (numbers.length * 1.5);
    console.log(`${changes} changes: ${probing.results.length} connections, ${wrongOf(probing.results).length} wrong`);
    expect(wrongOf(probing.results)).toEqual([]);
    // The other policies let some of those in that the open pods are open to.
    world.kubectl(['delete', 'networkpolicies', ...numbers.slice(0, count / 2).map((index) => `more-${index}`)]);
    await feels(probing);
  });
});

/** A pod that no scheduler and no node takes on. */
const idlePod = (name: string, labels: object): Manifest => {
  const pod = serverPod(name, labels);
  return { ...pod, spec: { ...(pod.spec as object), schedulerName: 'nobody' } };
};

/** The status of the pod of a number, as if it ran. */
const addressed = (index: number): object => {
  const ip = `10.250.0.${index}`;
  return { phase: 'Running', podIP: ip, podIPs: [{ ip }] };
};
