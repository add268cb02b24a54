import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ClusterStatus } from '#core/enforcement/cluster-status.ts';
import { agentLabels, agentPort, agentPortName, agentSelector } from '#core/enforcement/well-known.ts';
import { run, succeeds, until } from './commands.ts';
import type { Manifest } from './control-plane.ts';
import { clone } from './programs.ts';
import { ClusterWorld, cannotUseCluster, policy, type RunningPod } from './world.ts';

const reason = cannotUseCluster();

describe.skipIf(reason !== undefined)(`status and wait on a real cluster${reason === undefined ? '' : ` (${reason})`}`, () => {
  let world: ClusterWorld;
  let client: RunningPod;
  let server: RunningPod;
  /** The paths at which the API server leads to the agents. */
  let proxies: string[];

  beforeAll(async () => {
    world = new ClusterWorld('status');
    const { cluster } = world;
    // Where agents are no pods, pods stand for them: nobody schedules these, and their addresses are those of the nodes.
    if (cluster.kubectl(['get', 'pods', '-A', '-l', agentSelector, '-o', 'name']).trim() === '') {
      world.apply(...cluster.nodes.map(({ node }) => standIn(node.name)));
      for (const { node } of cluster.nodes) {
        const status = { phase: 'Running', podIP: node.address, podIPs: [{ ip: node.address }] };
        world.kubectl(['patch', 'pod', `agent-${node.name}`, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status })]);
      }
    }
    const agents = JSON.parse(cluster.kubectl(['get', 'pods', '-A', '-l', agentSelector, '-o', 'json'])) as {
      items: { metadata: { namespace: string; name: string } }[];
    };
    proxies = agents.items.map(({ metadata }) => `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}:${agentPort}/proxy`);
    [client, server] = await world.startPair();
  });
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  const standIn = (node: string): Manifest => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `agent-${node}`, labels: agentLabels },
    spec: {
      schedulerName: 'nobody',
      containers: [{ name: 'agent', image: 'none', ports: [{ name: agentPortName, containerPort: agentPort }] }],
    },
  });
  const sallyport = (...words: string[]): string => run(world.cluster.words(join(clone, 'bin/sallyport'), ...words));
  const statusOf = (...names: string[]): ClusterStatus => JSON.parse(sallyport('status', ...names, '-o', 'json')) as ClusterStatus;
  const connects = (): boolean =>
    succeeds(['nsenter', `--net=${client.namespace}`, 'timeout', '0.5', 'bash', '-c', `exec 3<>/dev/tcp/${server.address}/80`]);

  test('the agents of both nodes are ready, and say so through the API server', () => {
    const { nodes } = statusOf();
    expect(nodes).toMatchObject([
      { node: 'node1', agent: 'ready', nodeReady: true, messages: [] },
      { node: 'node2', agent: 'ready', nodeReady: true, messages: [] },
    ]);
  });

  test('when wait has ended, the next connection is denied, and the drop is counted', async () => {
    const name = `${world.namespace}/deny`;
    await until('a connection without policy', connects);
    world.apply(policy('deny', { podSelector: { matchLabels: { app: 'server' } }, policyTypes: ['Ingress'] }));
    expect(sallyport('wait', name)).toBe(`${name} is enforced on 1 node\n`);
    expect(connects()).toBe(false);
    expect(statusOf(name).policies).toMatchObject([{ name: 'deny', generation: 1, enforced: true, nodes: 1 }]);
    const metrics = proxies.map((path) => world.cluster.kubectl(['get', '--raw', `${path}/metrics`])).join('\n');
    const drops = new RegExp(
      `^sallyport_dropped_packets_total\\{.*namespace="${world.namespace}",policy="deny",direction="ingress"\\} [1-9]`,
      'm',
    );
    expect(metrics).toMatch(drops);
  });

  test('an edit is waited for by its generation', () => {
    const name = `${world.namespace}/deny`;
    const fromClient = { ingress: [{ from: [{ podSelector: { matchLabels: { app: 'client' } } }] }] };
    world.apply(policy('deny', { podSelector: { matchLabels: { app: 'server' } }, ...fromClient }));
    sallyport('wait', name);
    expect(connects()).toBe(true);
    expect(statusOf(name).policies).toMatchObject([{ generation: 2, enforced: true }]);
  });
});
