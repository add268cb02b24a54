import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { decodeObject } from '#core/api/decode.ts';
import { agentLabels } from '#core/enforcement/well-known.ts';
import { withNamespace } from '#dataplane/namespace.ts';
import { Network } from '#lab/network.ts';
import { topologyOf } from '#lab/topology.ts';
import type { Manifest } from '../cluster/control-plane.ts';
import { cannotRunControlPlane, clone } from '../cluster/programs.ts';
import { GuideReader, told } from '../guides/guides.ts';
import { cannotRunLab } from '../kernel/lab-needs.ts';
import { ask } from './asking.ts';
import { agentRole, boundTo, NodeAgent } from './node-agent.ts';
import { clusterPolicyKind, daemonSet, kindOf, nodeOf, pod, policy } from './shop.ts';
import { type Ran, World } from './world.ts';

const missing = cannotRunControlPlane() ?? cannotRunLab();
const guide = new GuideReader('apiserver');
const web = '10.244.11.2';

const base: readonly Manifest[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
  nodeOf('n1', '192.168.0.11'),
  pod('shop', 'web', { ip: web, node: 'n1', ports: [{ containerPort: 8080 }] }),
  pod('shop', 'client', { ip: '10.244.11.3', node: 'n1' }),
];

describe.skipIf(missing !== undefined)(`what guides run beside an API server${missing === undefined ? '' : ` (${missing})`}`, () => {
  let world: World;
  let network: Network;
  let agent: NodeAgent;
  /** Where the reader is. */
  let here: string;
  /** What tells the program where the agent is, which is no pod here and has its socket elsewhere. */
  let path: string;

  beforeAll(async () => {
    world = await World.create({ users: [{ token: 'token-of-agent', name: 'agent' }] });
    here = join(world.folder, 'reader');
    path = join(world.folder, 'bin');
    for (const folder of [here, path]) mkdirSync(folder);
    const shim = `#!/bin/sh
case "$1 $*" in
  drops*--once*) set -- "$@" --socket ${world.folder}/agent.sock ;;
  drops*) set -- "$@" --socket ${world.folder}/agent.sock --for 6s ;;
  wait*) set -- "$@" --agent http://127.0.0.1:9470 ;;
  doctor*) set -- "$@" --agent ${clone}/examples/agents/worker-a.json ;;
esac
exec ${dirname(world.program)}/sallyport "$@"
`;
    writeFileSync(join(path, 'sallyport'), shim);
    chmodSync(join(path, 'sallyport'), 0o755);
  });
  afterAll(async () => {
    await agent?.[Symbol.asyncDispose]();
    network?.close();
    await world?.[Symbol.asyncDispose]();
  });

  /** Runs a command as it stands where the reader is, in the node's network once there is an agent. */
  function run(command: string): Promise<Ran> {
    const PATH = [path, dirname(world.program), join(clone, 'build/cluster/bin'), dirname(process.execPath), process.env.PATH].join(
      delimiter,
    );
    const line = `cd ${here} && ${command}`;
    if (agent === undefined) return world.bash(line, { PATH });
    const KUBECONFIG = world.plane.kubeconfig('node', undefined, { server: `https://127.0.0.1:${agent.relay.port}` });
    return withNamespace(agent.namespace, () => ({ ran: world.bash(line, { PATH, KUBECONFIG }) })).ran;
  }
  /** Runs a command of a guide that is to succeed. */
  async function follow(name: string, begin: string): Promise<string> {
    const ran = await run(guide.take(name, begin).text);
    expect(ran).toMatchObject({ code: 0 });
    return ran.stdout;
  }
  const connects = (port: number): Promise<boolean> =>
    new Promise((resolve) => {
      const words = ['0.5', 'bash', '-c', `exec 3<>/dev/tcp/${web}/${port}`];
      const child = withNamespace(network.namespaceOf('shop/client')!, () => spawn('timeout', words, { stdio: 'ignore' }));
      child.once('exit', (code) => resolve(code === 0));
    });
  const without = (text: string): string =>
    text
      .replaceAll(/\d\d:\d\d:\d\d/g, 'hh:mm:ss')
      .replaceAll(/v1\.\d+\.\d+\S*/g, 'v1')
      .trimEnd();
  /** What a command shows that goes on, while something is done. */
  async function watch(name: string, begin: string, act: () => Promise<void>): Promise<void> {
    const shown = guide.take(name, begin);
    const live = run(shown.text);
    await sleep(1500);
    await act();
    const { code, stdout } = await live;
    expect(without(stdout)).toBe(without(told(name, shown, stdout)));
    expect(code).toBe(0);
  }

  test('troubleshoot: a cluster that is ill', async () => {
    const { spec, ...rest } = pod('kube-system', 'sallyport-agent-x7b2k', { labels: agentLabels, node: 'worker-a' });
    const manifests = parseAllDocuments(readFileSync(join(clone, 'deploy/manifests/sallyport.yaml'), 'utf8'));
    const roles = manifests.map((document) => document.toJS() as Manifest).filter(({ kind }) => kind.startsWith('ClusterRole'));
    await world.plane.create([
      ...roles,
      nodeOf('worker-a', '192.168.0.21'),
      nodeOf('worker-b', '192.168.0.22'),
      { ...rest, spec: { ...(spec as object), serviceAccountName: 'sallyport-agent' } } as Manifest,
      { ...daemonSet('calico-node', { 'k8s-app': 'calico-node' }, ['calico-node', 'quay.io/calico/node:v3.29.1']), status: scheduled },
      { ...daemonSet('kube-proxy', { 'k8s-app': 'kube-proxy' }, ['kube-proxy', 'registry.k8s.io/kube-proxy:v1.34.4']), status: scheduled },
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { namespace: 'kube-system', name: 'kube-proxy' },
        data: { 'config.conf': 'mode: nftables\n' },
      },
      clusterPolicyKind,
      kindOf('policy.networking.k8s.io', 'AdminNetworkPolicy', 'adminnetworkpolicies'),
    ]);
    const foreign = { apiVersion: 'policy.networking.k8s.io/v1alpha2', kind: 'AdminNetworkPolicy', metadata: { name: 'foreign' } };
    const kinds = '/apis/policy.networking.k8s.io/v1alpha2/adminnetworkpolicies';
    await world.plane.until(async () => (await world.plane.send('POST', kinds, foreign)).status === 201);
    const shown = guide.take('docs/troubleshoot.md', 'sallyport doctor --live');
    const { code, stdout } = await run(shown.text);
    expect(without(stdout)).toBe(without(told('docs/troubleshoot.md', shown, stdout)));
    expect(code).toBe(1);
    expect((await run(guide.take('docs/install.md', 'sallyport doctor --live').text)).stdout).toBe(stdout);
    await world.plane.send('DELETE', `${kinds}/foreign`);
    for (const name of ['worker-a', 'worker-b']) await world.plane.send('DELETE', `/api/v1/nodes/${name}`);
  });

  test('agent: the role that the page shows is that of the manifests', () => {
    const role = parse(guide.take('docs/agent.md', 'apiVersion: rbac.authorization.k8s.io/v1').text) as Manifest;
    expect(role).toEqual(agentRole);
    const manifests = parseAllDocuments(readFileSync(join(clone, 'deploy/manifests/sallyport.yaml'), 'utf8'));
    const shipped = manifests.map((document) => document.toJS() as Manifest).find(({ kind }) => kind === 'ClusterRole');
    expect(shipped?.rules).toEqual(role.rules);
  });

  test('observe, agent: where an agent answers, and for which node', async () => {
    await world.plane.create([...base, boundTo('agent')]);
    network = new Network();
    await network.apply(topologyOf(base.flatMap((manifest) => decodeObject(manifest).objects)));
    agent = new NodeAgent(world, 'token-of-agent', network.namespaceOf('node:n1')!);
    expect(await run('ip address add 192.0.2.11/32 dev lo')).toMatchObject({ code: 0 });
    const answers = async (address: string): Promise<boolean> =>
      (await run(`timeout 2 bash -c 'exec 3<>/dev/tcp/${address}/9470'`)).code === 0;
    const begin = async (name: string, command: string): Promise<void> => {
      const seen = agent.lines.length;
      const { text } = guide.take(name, command);
      agent.start(...text.split(' ').slice(2), '--socket', join(world.folder, 'agent.sock'));
      await agent.line('programmed', () => true, seen);
    };
    await begin('docs/observe.md', 'sallyport agent --listen none');
    expect([await answers('127.0.0.1'), await answers('192.0.2.11')]).toEqual([false, false]);
    await agent.end();
    await begin('docs/observe.md', 'sallyport agent --listen 192.0.2.11:9470');
    expect([await answers('127.0.0.1'), await answers('192.0.2.11')]).toEqual([false, true]);
    await agent.end();
    await begin('docs/agent.md', 'sallyport agent --node worker-a');
    expect(JSON.parse((await ask(agent, '/status')).body)).toMatchObject({ node: 'worker-a' });
    await agent.end();
    await begin('docs/observe.md', 'sallyport agent --listen :9470');
    expect([await answers('127.0.0.1'), await answers('192.0.2.11')]).toEqual([true, true]);
    const [beginning = ''] = guide.take('docs/observe.md', '{"ready":true,').text.split('…');
    expect((await ask(agent, '/readyz')).body).toContain(beginning);
  });

  test('drops: what is denied is shown as it happens', async () => {
    const peer = { from: [{ podSelector: { matchLabels: { app: 'frontend' } } }], ports: [{ port: 8080 }] };
    await world.plane.create([policy('shop', 'web', { podSelector: { matchLabels: { app: 'web' } }, ingress: [peer] })]);
    await agent.line('applied');
    await watch('docs/drops.md', 'sallyport drops -n shop', async () => expect(await connects(8080)).toBe(false));
    const { stdout } = await run('sallyport drops --once --no-audit -n shop -o json');
    const [line = ''] = guide.take('docs/drops.md', '{"time":').text.split('…');
    const shape = (text: string): string => text.replace(/"time":"[^"]+"/, '').replace(/"ip":"[^"]+"/, '');
    expect(shape(stdout)).toContain(shape(line));
    await world.plane.send('DELETE', '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/web');
  });

  test('rollout: deny all in audit, policies of what is told, deny all', async () => {
    const server = withNamespace(network.namespaceOf('shop/web')!, () =>
      createServer((each) => each.on('error', () => undefined)).listen(8080),
    );
    try {
      await world.plane.until(() => connects(8080));
      writeFileSync(join(here, 'deny-all.yaml'), guide.take('docs/rollout.md', 'apiVersion: networking.k8s.io/v1').text);
      let seen = agent.lines.length;
      expect(await run('kubectl apply -f deny-all.yaml')).toMatchObject({ code: 0 });
      await agent.line('applied', () => true, seen);
      await watch('docs/rollout.md', 'sallyport drops --audit -n shop', async () => expect(await connects(8080)).toBe(true));
      await follow('docs/rollout.md', 'sallyport drops --audit --once -o json > audited.jsonl');
      await follow('docs/rollout.md', 'sallyport generate from-flows audited.jsonl -n shop > policies.yaml');
      await follow('docs/rollout.md', 'sallyport lint -f policies.yaml');
      seen = agent.lines.length;
      await follow('docs/rollout.md', 'kubectl apply -f policies.yaml');
      await follow('docs/rollout.md', 'kubectl annotate networkpolicy -n shop deny-all sallyport.dev/audit-');
      expect(await run('sallyport wait shop/deny-all')).toMatchObject({ code: 0 });
      // What was seen passes, and nothing else does.
      expect([await connects(8080), await connects(9090)]).toEqual([true, false]);
    } finally {
      server.close();
    }
  });

  test('observe: a pipeline waits for what it has applied', async () => {
    mkdirSync(join(here, 'policies'));
    const ofWeb = policy('shop', 'default-deny', { podSelector: {}, policyTypes: ['Ingress'] });
    writeFileSync(join(here, 'policies/default-deny.yaml'), JSON.stringify(ofWeb));
    expect(await follow('docs/observe.md', 'kubectl apply -f policies/ && sallyport wait --all --timeout 1m')).toContain('are enforced');
    expect(await follow('docs/observe.md', 'sallyport wait shop/default-deny')).toBe('shop/default-deny is enforced on 1 node\n');
  });

  test('observe: Events say what can not be honoured', async () => {
    const { body } = await world.plane.send('GET', '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/default-deny');
    // The API server would refuse it; one of another time has not.
    const wrong = { ...(body as Manifest), spec: { podSelector: {}, ingress: [{ ports: [{ protocol: 'QUIC' }] }] } };
    await world.plane.store('/registry/networkpolicies/shop/default-deny', wrong);
    await world.plane.create([
      {
        apiVersion: 'policy.networking.k8s.io/v1alpha2',
        kind: 'ClusterNetworkPolicy',
        metadata: { name: 'guard' },
        spec: { tier: 'Elsewhere', priority: 1, subject: { namespaces: {} } },
      },
    ]);
    for (const begin of ['kubectl events --for networkpolicy/default-deny -n shop', 'kubectl events --for clusternetworkpolicy/guard']) {
      const { text } = guide.take('docs/observe.md', begin);
      await world.plane.until(async () => (await run(text)).stdout.includes('Unreadable'));
    }
  });

  test('nothing is left out', () => {
    expect(guide.left).toEqual([]);
  });
});

/** What a controller would say of a DaemonSet on two nodes. */
const scheduled = { desiredNumberScheduled: 2, currentNumberScheduled: 2, numberMisscheduled: 0, numberReady: 2 };
