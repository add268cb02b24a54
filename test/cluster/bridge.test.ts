import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { agentLog } from './agents.ts';
import { Cluster } from './cluster.ts';
import { inNamespace, run, until } from './commands.ts';
import { Probes } from './probes.ts';
import { ClusterWorld, cannotUseCluster, policy, serverPod } from './world.ts';

const reason = cannotUseCluster() ?? (new Cluster().running()?.cni === 'bridge' ? undefined : 'needs make cluster CNI=bridge');

describe.skipIf(reason !== undefined)(`pods on a bridge${reason === undefined ? '' : ` (${reason})`}`, () => {
  let world: ClusterWorld;
  beforeAll(() => {
    world = new ClusterWorld('bridge');
  });
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  test('of one node are held apart, and where the kernel is told not to judge them the agent says so', async () => {
    world.apply(policy('isolate', { podSelector: {}, policyTypes: ['Ingress'] }));
    const [client, server] = await world.start(serverPod('client', {}, 'node1'), serverPod('server', {}, 'node1'));
    const { node } = client!.node;
    const before = agentLog(world.cluster, node).length;
    const said = (event: string): boolean => agentLog(world.cluster, node).slice(before).includes(`"event":"${event}"`);
    const judge = (value: number): string =>
      run(inNamespace(node.namespace, ['sh', '-c', `echo ${value} >/proc/sys/net/bridge/bridge-nf-call-iptables`]));
    await using probing = new Probes(client!.namespace, 20, [`${server!.address}:80`]);
    await probing.first(false, 0);
    expect(probing.results.some(({ isOpen }) => isOpen)).toBe(false);
    judge(0);
    onTestFinished(() => void judge(1));
    // This is what silence would have hidden.
    await probing.first(true, 0);
    await until('the agent to say so', () => said('unjudged'), 90);
    judge(1);
    await until('the agent to say that it is mended', () => said('judged'), 90);
  });
});
