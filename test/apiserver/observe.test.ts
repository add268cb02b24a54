import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NodeStatus, PolicyStatus } from '#core/enforcement/node-status.ts';
import { connectionOf } from '#kube/connect.ts';
import { EventWriter } from '#kube/event-writer.ts';
import { cannotRunControlPlane } from '../cluster/programs.ts';
import { ask, askJson, metric } from './asking.ts';
import { agentRole, boundTo, NodeAgent } from './node-agent.ts';
import { clusterPolicyKind, pod, policy, shop } from './shop.ts';
import { World } from './world.ts';

/** A kind that is not enforced: its objects are named. */
const unsupported = {
  ...clusterPolicyKind,
  metadata: { ...clusterPolicyKind.metadata, name: 'adminnetworkpolicies.policy.networking.k8s.io' },
  spec: {
    ...(clusterPolicyKind.spec as object),
    names: {
      kind: 'AdminNetworkPolicy',
      listKind: 'AdminNetworkPolicyList',
      plural: 'adminnetworkpolicies',
      singular: 'adminnetworkpolicy',
    },
  },
};

const missing = cannotRunControlPlane() ?? (process.getuid?.() === 0 ? undefined : 'needs root');

describe.skipIf(missing !== undefined)(`what an agent says of itself${missing === undefined ? '' : ` (${missing})`}`, () => {
  let world: World;
  let agent: NodeAgent;
  beforeAll(async () => {
    world = await World.create({
      users: [
        { token: 'token-of-agent', name: 'agent' },
        { token: 'token-of-silent', name: 'silent' },
      ],
    });
    const mute = { ...agentRole, metadata: { name: 'mute' }, rules: (agentRole.rules as object[]).slice(0, 3) };
    await world.plane.create([...shop, clusterPolicyKind, agentRole, boundTo('agent'), mute, boundTo('silent', 'mute'), unsupported]);
    agent = new NodeAgent(world, 'token-of-agent').start();
    await agent.line('programmed');
  });
  afterAll(async () => {
    await agent?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
  });

  const status = (): Promise<NodeStatus> => askJson(agent, '/status');
  const policyOf = async (name: string): Promise<PolicyStatus | undefined> => (await status()).policies.find((each) => each.name === name);
  const until = async <T>(look: () => Promise<T | undefined>): Promise<T> => {
    let found: T | undefined;
    await world.plane.until(async () => {
      found = await look();
      return found !== undefined;
    });
    return found!;
  };
  const networkPolicy = (namespace: string, name = ''): string =>
    `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies/${name}`;
  const edit = (name: string, spec: object) =>
    world.plane.send('PATCH', networkPolicy('shop', name), { spec }, 'application/merge-patch+json');

  const eventsOf = async (name: string): Promise<Record<string, unknown>[]> => {
    const { body } = await world.plane.send('GET', `/api/v1/events?fieldSelector=${encodeURIComponent(`involvedObject.name=${name}`)}`);
    return (body as { items: Record<string, unknown>[] }).items;
  };

  test('is alive and ready, with the reasons', async () => {
    expect(await ask(agent, '/healthz')).toMatchObject({ status: 200, body: '{"ok":true,"message":"the loop waits for changes"}\n' });
    const { body, ...rest } = await ask(agent, '/readyz');
    expect(rest).toEqual({ status: 200, type: 'application/json' });
    expect(JSON.parse(body)).toMatchObject({ ready: true, checks: [{ name: 'synced' }, { name: 'programmed' }, { name: 'judged' }] });
    expect((await ask(agent, '/nothing')).status).toBe(404);
    expect((await ask(agent, '/status', 'POST')).status).toBe(405);
  });

  test('says of every policy which generation the kernel has, and whether that matters here', async () => {
    const { policies, ...rest } = await status();
    expect(rest).toMatchObject({ node: 'n1', ready: true, failures: [] });
    expect(policies).toEqual([
      expect.objectContaining({ namespace: 'pay', name: 'db', generation: 1, state: 'not-needed', subjects: 0 }),
      expect.objectContaining({ namespace: 'shop', name: 'client', generation: 1, state: 'enforced', subjects: 1 }),
      expect.objectContaining({ namespace: 'shop', name: 'deny', generation: 1, state: 'enforced', subjects: 2 }),
      expect.objectContaining({ namespace: 'shop', name: 'web', generation: 1, state: 'enforced', subjects: 1 }),
    ]);
    const since = policies[1]!.since!;
    await edit('client', { egress: [] });
    const edited = await until(async () => {
      const now = await policyOf('client');
      return now?.generation === 2 ? now : undefined;
    });
    expect(edited.since! > since).toBe(true);
    expect(edited).toMatchObject({ uid: policies[1]!.uid, state: 'enforced' });
  });

  test('notices a generation that means the same', async () => {
    // Rules of a direction that the policy does not isolate are inert.
    const { body } = await edit('client', { ingress: [{}] });
    const { generation } = (body as { metadata: { generation: number } }).metadata;
    await until(async () => ((await policyOf('client'))?.generation === generation ? true : undefined));
  });

  test('a policy that is made anew is another', async () => {
    const before = await policyOf('web');
    await world.plane.send('DELETE', networkPolicy('shop', 'web'));
    await world.plane.create([policy('shop', 'web', { podSelector: { matchLabels: { app: 'web' } } })]);
    const after = await until(async () => {
      const now = await policyOf('web');
      return now !== undefined && now.uid !== before?.uid ? now : undefined;
    });
    expect(after).toMatchObject({ generation: 1, state: 'enforced' });
  });

  test('names what it can not read, until it can or that is gone', async () => {
    const root = '/apis/policy.networking.k8s.io/v1alpha2/clusternetworkpolicies';
    const wrong = {
      apiVersion: 'policy.networking.k8s.io/v1alpha2',
      kind: 'ClusterNetworkPolicy',
      metadata: { name: 'wrong' },
      spec: { tier: 'Elsewhere', priority: 1, subject: { pods: { namespaceSelector: {}, podSelector: { matchLabels: { app: 'web' } } } } },
    };
    await world.plane.create([wrong]);
    const found = await until(() => policyOf('wrong'));
    expect(found).toMatchObject({ kind: 'ClusterNetworkPolicy', state: 'unreadable', subjects: 1 });
    expect(found.reason).toContain('spec.tier');
    expect(await metric(agent, 'sallyport_unreadable_objects{kind="ClusterNetworkPolicy"}')).toBe(1);
    await world.plane.send('PATCH', `${root}/wrong`, { spec: { tier: 'Baseline', ingress: [] } }, 'application/merge-patch+json');
    await until(async () => ((await policyOf('wrong'))?.state === 'enforced' ? true : undefined));
    await agent.line('readable');
    await world.plane.send('DELETE', `${root}/wrong`);
    await until(async () => ((await policyOf('wrong')) === undefined ? true : undefined));
  });

  test('tells of it where users look: when it can not be read, and when it can', async () => {
    const wrong = {
      apiVersion: 'policy.networking.k8s.io/v1alpha2',
      kind: 'ClusterNetworkPolicy',
      metadata: { name: 'unclear' },
      spec: { tier: 'Elsewhere', priority: 1, subject: { namespaces: {} } },
    };
    await world.plane.create([wrong]);
    const told = await until(async () => (await eventsOf('unclear'))[0]);
    expect(told).toMatchObject({
      type: 'Warning',
      reason: 'Unreadable',
      count: 1,
      reportingInstance: 'n1',
      involvedObject: { apiVersion: wrong.apiVersion, kind: wrong.kind, name: 'unclear' },
      message: expect.stringContaining('the pods that it may select are cut off: spec.tier'),
    });
    await world.plane.send(
      'PATCH',
      '/apis/policy.networking.k8s.io/v1alpha2/clusternetworkpolicies/unclear',
      { spec: { tier: 'Admin', ingress: [] } },
      'application/merge-patch+json',
    );
    await until(async () => (await eventsOf('unclear')).find(({ reason }) => reason === 'Readable'));
    expect(await metric(agent, 'sallyport_events_total{result="written"}')).toBeGreaterThanOrEqual(2);
    const { stdout } = await world.kubectl('events', '--for', 'clusternetworkpolicy/unclear');
    expect(stdout).toContain('Sallyport can not read it');
  });

  test('an Event that comes again is counted, one that the server has forgotten is written anew, and too many are left out', async () => {
    const results: string[] = [];
    const connection = await connectionOf({ kubeconfig: world.kubeconfig });
    const onFault = (fault: unknown): void => void results.push(String(fault));
    const writer = new EventWriter({
      connection,
      node: 'n7',
      burst: 4,
      interval: 1e9,
      onResult: (result) => results.push(result),
      onFault,
    });
    const about = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', namespace: 'shop', name: 'told' };
    const tell = (message: string): void => writer.tell({ about, type: 'Warning', reason: 'Rejected', message, delay: 0 });
    const told = async (): Promise<[message: unknown, count: unknown][]> =>
      (await eventsOf('told')).map(({ message, count }) => [message, count]);
    const written = (count: number): Promise<true> => until(async () => (results.length === count ? true : undefined));
    tell('first');
    // It waits already.
    tell('first');
    await written(1);
    tell('first');
    await written(2);
    expect(await told()).toEqual([['first', 2]]);
    await world.plane.send('DELETE', '/api/v1/namespaces/shop/events');
    tell('first');
    await written(3);
    expect(await told()).toEqual([['first', 1]]);
    tell('second'.repeat(1000));
    tell('third');
    await written(5);
    expect(results).toEqual(['written', 'written', 'written', 'left-out', 'written']);
    expect((await told()).map(([message]) => String(message).length).sort()).toEqual([1024, 5]);
    writer.stop();
  });

  test('without the permission to write Events it says so once, and enforces all the same', async () => {
    const foreign = { apiVersion: 'policy.networking.k8s.io/v1alpha2', kind: 'AdminNetworkPolicy', metadata: { name: 'foreign' } };
    await world.plane.send('POST', '/apis/policy.networking.k8s.io/v1alpha2/adminnetworkpolicies', foreign);
    const named = await until(() => policyOf('foreign'));
    expect(named).toMatchObject({ kind: 'AdminNetworkPolicy', state: 'unreadable', subjects: 0 });
    await using silent = new NodeAgent(world, 'token-of-silent').start();
    await silent.line('programmed');
    const { message, hint } = await silent.line('untold');
    expect(message).toContain('may not create events');
    expect(hint).toContain('--verb=create,patch --resource=events');
    expect(await metric(silent, 'sallyport_events_total{result="refused"}')).toBe(1);
  });

  test('measures what it does', async () => {
    const before = (await metric(agent, 'sallyport_enforcement_latency_seconds_count'))!;
    await world.plane.create([pod('shop', 'more', { labels: { app: 'client' }, ip: '10.244.11.77', node: 'n1' })]);
    await until(async () => (((await metric(agent, 'sallyport_enforcement_latency_seconds_count')) ?? 0) > before ? true : undefined));
    expect(await metric(agent, 'sallyport_subjects')).toBe(3);
    expect(await metric(agent, 'sallyport_policies{kind="NetworkPolicy",state="enforced"}')).toBe(3);
    expect(await metric(agent, 'sallyport_transactions_total{way="nft",result="committed"}')).toBeGreaterThan(0);
    expect(await metric(agent, 'sallyport_watch_current{resource="pods"}')).toBe(1);
    expect(await metric(agent, 'sallyport_watch_message_age_seconds{resource="pods"}')).toBeLessThan(75);
    expect((await status()).latency!.changes).toBeGreaterThan(0);
    await agent.nft('delete', 'table', 'inet', 'sallyport');
    await agent.line('repaired');
    // An answer of just before is given again for a while.
    await until(async () => ((await metric(agent, 'sallyport_repaired_objects_total'))! > 0 ? true : undefined));
  });

  test('a storm of questions is answered by a few readings', { timeout: 60_000 }, async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(agent, '/metrics')));
    expect(new Set(answers.map(({ status: code }) => code))).toEqual(new Set([200]));
  });
});
