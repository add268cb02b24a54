import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultChoices } from '#core/api/choices.ts';
import { ClusterWatch } from '#kube/cluster-watch.ts';
import { connectionOf } from '#kube/connect.ts';
import type { Manifest } from '../cluster/control-plane.ts';
import { cannotRunControlPlane } from '../cluster/programs.ts';
import { compact } from './door.ts';
import { agentRole, boundTo, NodeAgent } from './node-agent.ts';
import { clusterPolicyKind, pod, policy, shop } from './shop.ts';
import { World } from './world.ts';

const missing = cannotRunControlPlane() ?? (process.getuid?.() === 0 ? undefined : 'needs root');

describe.skipIf(missing !== undefined)(`an agent and its API server${missing === undefined ? '' : ` (${missing})`}`, () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({
      users: [
        { token: 'token-of-agent', name: 'agent' },
        { token: 'another-token', name: 'agent-anew' },
        { token: 'token-of-stranger', name: 'stranger' },
      ],
    });
    await world.plane.create([...shop, agentRole, boundTo('agent'), boundTo('agent-anew')]);
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  const start = (token = 'token-of-agent'): NodeAgent => new NodeAgent(world, token).start();
  const remove = (namespace: string, plural: string, name: string) => {
    const root = plural === 'pods' ? '/api/v1' : '/apis/networking.k8s.io/v1';
    return world.plane.send('DELETE', `${root}/namespaces/${namespace}/${plural}/${name}?gracePeriodSeconds=0`);
  };
  const isolated = async (agent: NodeAgent): Promise<string[]> => (await agent.elements('isolated-ingress4')).sort();
  /** Waits until the node isolates these addresses for ingress. */
  const enforces = (agent: NodeAgent, addresses: readonly string[]): Promise<void> =>
    world.plane.until(async () => String(await isolated(agent)) === String(addresses));
  const inShop = ['10.244.11.2', '10.244.11.3'];
  /** A pod of this node that no policy of the shop isolates until `denied` does. */
  const denied = policy('watch', 'denied', { podSelector: { matchLabels: { app: 'probe' } } });
  const probe = (name: string, ip: string): Manifest => pod('watch', name, { labels: { app: 'probe' }, ip, node: 'n1' });

  /** Sees the node follow what comes and goes: a pod and a policy that isolates it. */
  const follows = async (agent: NodeAgent, others = inShop): Promise<void> => {
    const address = '10.244.11.40';
    await world.plane.create([probe('probe', address), denied]);
    await enforces(agent, [...others, address].sort());
    await remove('watch', 'networkpolicies', 'denied');
    await enforces(agent, others);
    await remove('watch', 'pods', 'probe');
  };

  test('programs when all is known, follows every change, and leaves the table when it is told to end', async () => {
    await using agent = start();
    await agent.line('programmed');
    expect(await isolated(agent)).toEqual(inShop);
    await follows(agent);
    expect(await agent.end()).toBe(0);
    expect(agent.lines.at(-1)).toMatchObject({ event: 'stopped', signal: 'SIGTERM' });
    expect(agent.stderr).toBe('');
    expect(await isolated(agent)).toEqual(inShop);
    const before = await agent.nft('-s', 'list', 'chain', 'inet', 'sallyport', 'judge');
    agent.start();
    await agent.line('adopted');
    expect(await agent.nft('-s', 'list', 'chain', 'inet', 'sallyport', 'judge')).toBe(before);
  });

  test('keeps what it enforces while the API server is away, and catches up when it is back', async () => {
    await using agent = start();
    await agent.line('programmed');
    const restart = await world.plane.crash('kube-apiserver');
    await agent.line('unreachable', ({ resource }) => resource === 'pods');
    expect(await isolated(agent)).toEqual(inShop);
    await restart();
    await follows(agent);
    await agent.line('recovered', ({ resource }) => resource === 'pods');
    // Nothing had to be read again.
    expect(agent.lines.filter(({ event }) => event === 'relisted' || event === 'failed')).toEqual([]);
  });

  test('outlives etcd', async () => {
    await using agent = start();
    await agent.line('programmed');
    const restart = await world.plane.crash('etcd');
    await sleep(500);
    expect(await isolated(agent)).toEqual(inShop);
    await restart();
    await follows(agent);
  });

  test('reads anew what the server has forgotten, applies the difference, and opens nothing meanwhile', async () => {
    await using agent = start();
    await agent.line('programmed');
    await world.plane.create([probe('four', '10.244.11.43'), denied]);
    await enforces(agent, [...inShop, '10.244.11.43']);
    // Away while a pod comes and another goes, the store is compacted, and the server forgets its cache.
    agent.relay.freeze();
    agent.relay.cut();
    await world.plane.create([probe('five', '10.244.11.44')]);
    await remove('watch', 'pods', 'four');
    await compact(world.plane);
    const restart = await world.plane.crash('kube-apiserver');
    await restart();
    expect(await isolated(agent)).toEqual([...inShop, '10.244.11.43']);
    agent.relay.thaw();
    agent.relay.cut();
    await agent.line('relisted', ({ resource }) => resource === 'pods');
    await enforces(agent, [...inShop, '10.244.11.44']);
    await remove('watch', 'networkpolicies', 'denied');
    await remove('watch', 'pods', 'five');
    await enforces(agent, inShop);
  });

  test('notices a connection on which nothing comes any more', async () => {
    await using agent = new NodeAgent(world, 'token-of-agent').start('--watch-silence', '2');
    await agent.line('programmed');
    agent.relay.freeze();
    await world.plane.create([probe('six', '10.244.11.45'), denied]);
    agent.relay.thaw();
    await enforces(agent, [...inShop, '10.244.11.45']);
    await agent.line('unreachable', ({ message }) => String(message).includes('does not answer'));
    await remove('watch', 'networkpolicies', 'denied');
    await remove('watch', 'pods', 'six');
    await enforces(agent, inShop);
  });

  test('understands a stream that comes in pieces', async () => {
    await using agent = start();
    agent.relay.trickle(997);
    await agent.line('programmed');
    await follows(agent);
  });

  test('says which permissions lack, programs nothing, and goes on when they are granted', async () => {
    await using agent = start('token-of-stranger');
    const { message, hint } = await agent.line('forbidden');
    expect(message).toBe(
      'user "stranger" may not list namespaces, list networkpolicies.networking.k8s.io in all namespaces, list nodes, list pods in all namespaces',
    );
    expect(await agent.nft('list', 'tables')).toBe('');
    const commands = String(hint).split('\n').slice(1).join('\n');
    expect(commands).toContain('--verb=list,watch');
    expect(await world.bash(commands)).toMatchObject({ code: 0 });
    await agent.line('programmed');
    expect(await isolated(agent)).toEqual(inShop);
  });

  test('takes up a new token', async () => {
    await using agent = start();
    await agent.line('programmed');
    agent.rotate('another-token');
    agent.relay.cut();
    await world.plane.until(async () => world.plane.audit().some(({ user, verb }) => user.username === 'agent-anew' && verb === 'watch'));
    await follows(agent);
  });

  test('reads thousands of objects in pages, and says of each change what it changes', async () => {
    const many = Array.from({ length: 1200 }, (_, index) =>
      pod('pay', `many-${index}`, {
        labels: { app: 'many' },
        ip: `10.245.${index >> 8}.${index & 255}`,
        node: index % 24 === 0 ? 'n1' : 'n2',
      }),
    );
    await world.plane.create([...many, policy('pay', 'many', { podSelector: { matchLabels: { app: 'many' } } })]);
    await using agent = start();
    await agent.line('programmed');
    expect(await isolated(agent)).toHaveLength(2 + 50);
    agent.relay.cut();
    await remove('pay', 'networkpolicies', 'many');
    await enforces(agent, inShop);
  });

  test('keeps the policies of a namespace that is being deleted until its pods are gone', async () => {
    await world.plane.create([
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'doomed' } },
      pod('doomed', 'last', { ip: '10.244.11.50', node: 'n1' }),
      policy('doomed', 'deny', { podSelector: {} }),
    ]);
    await using agent = start();
    await agent.line('programmed');
    const all = [...inShop, '10.244.11.50'];
    expect(await isolated(agent)).toEqual(all);
    // Nobody here finishes the deletion: it stands as it does while a namespace is emptied.
    await world.plane.send('DELETE', '/api/v1/namespaces/doomed');
    await remove('doomed', 'networkpolicies', 'deny');
    await follows(agent, all);
    expect(await isolated(agent)).toEqual(all);
    await remove('doomed', 'pods', 'last');
    await enforces(agent, inShop);
  });

  test('gives the address of a finished pod to the next one that has it', async () => {
    const address = '10.244.11.51';
    await world.plane.create([
      denied,
      pod('watch', 'finished', { labels: { app: 'probe' }, ip: address, node: 'n1', phase: 'Succeeded' }),
      pod('watch', 'next', { ip: address, node: 'n1' }),
    ]);
    await using agent = start();
    await agent.line('programmed');
    expect(await isolated(agent)).toEqual(inShop);
    expect(await agent.elements('live4')).toContain(address);
    await remove('watch', 'pods', 'next');
    await world.plane.until(async () => !(await agent.elements('live4')).includes(address));
    await world.plane.create([probe('third', address)]);
    await enforces(agent, [...inShop, address]);
    await remove('watch', 'pods', 'finished');
    await remove('watch', 'networkpolicies', 'denied');
    await enforces(agent, inShop);
    await remove('watch', 'pods', 'third');
  });

  test('follows cluster-wide policies when their kind is installed, and until it is gone', async () => {
    const heard: string[] = [];
    const watch = new ClusterWatch({
      connection: await connectionOf({ kubeconfig: world.kubeconfig }),
      choices: defaultChoices,
      silence: 75_000,
      discoveryInterval: 200,
      onChanges: (changes) => {
        for (const change of changes) {
          const { kind, name } = change.type === 'put' ? change.object : change.id;
          if (kind === 'ClusterNetworkPolicy') heard.push(`${change.type} ${name}`);
        }
      },
      onSynced: () => heard.push('synced'),
      onNote: () => undefined,
    });
    watch.start();
    const hears = (...lines: string[]): Promise<void> => world.plane.until(async () => String(heard) === String(lines));
    const path = '/apis/policy.networking.k8s.io/v1alpha2/clusternetworkpolicies';
    const isolate = {
      apiVersion: 'policy.networking.k8s.io/v1alpha2',
      kind: 'ClusterNetworkPolicy',
      metadata: { name: 'isolate' },
      spec: { tier: 'Admin', priority: 1, subject: { namespaces: {} }, ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }] },
    };
    try {
      await hears('synced');
      await world.plane.create([clusterPolicyKind]);
      await world.plane.until(async () => (await world.plane.send('POST', path, isolate)).status === 201);
      await hears('synced', 'put isolate');
      await world.plane.send('DELETE', `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${clusterPolicyKind.metadata.name}`);
      await hears('synced', 'put isolate', 'delete isolate');
    } finally {
      watch.stop();
    }
  });

  test('closes the subjects of a policy that it can not read, and says so', async () => {
    await using agent = start();
    await agent.line('programmed');
    const strange = {
      ...policy('watch', 'strange', { podSelector: { matchLabels: { app: 'probe' } }, ingress: [{ from: [{ serviceSelector: {} }] }] }),
    };
    await world.plane.create([probe('nine', '10.244.11.48')]);
    await world.plane.store('/registry/networkpolicies/watch/strange', {
      ...strange,
      metadata: { ...strange.metadata, uid: '1' },
      spec: { podSelector: { matchLabels: { app: 'probe' } }, policyTypes: ['Ingress'], ingress: [{ ports: [{ protocol: 'QUIC' }] }] },
    });
    expect(await agent.line('unreadable')).toMatchObject({
      object: 'NetworkPolicy watch/strange',
      closed: true,
      faults: [expect.stringContaining('spec.ingress[0].ports[0].protocol: Unsupported value: "QUIC"')],
    });
    await enforces(agent, [...inShop, '10.244.11.48']);
    await remove('watch', 'networkpolicies', 'strange');
    await remove('watch', 'pods', 'nine');
    await enforces(agent, inShop);
  });
});
