import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { decodeObject } from '#core/api/decode.ts';
import { withNamespace } from '#dataplane/namespace.ts';
import { Network } from '#lab/network.ts';
import { topologyOf } from '#lab/topology.ts';
import type { Manifest } from '../cluster/control-plane.ts';
import { cannotRunControlPlane } from '../cluster/programs.ts';
import { cannotRunLab } from '../kernel/lab-needs.ts';
import { agentRole, boundTo, NodeAgent } from './node-agent.ts';
import { node, pod, policy } from './shop.ts';
import { World } from './world.ts';

const missing = cannotRunControlPlane() ?? cannotRunLab();
const fresh = '10.244.11.60';
const external = '203.0.113.10';
const program = fileURLToPath(new URL('datagrams.ts', import.meta.url));

const base: readonly Manifest[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
  node('n1', '192.168.0.11'),
  node('n2', '192.168.0.12'),
  pod('shop', 'web', { ip: '10.244.11.2', node: 'n1' }),
  pod('shop', 'client', { ip: '10.244.12.2', node: 'n2' }),
];
const closed = policy('shop', 'closed', { podSelector: { matchLabels: { app: 'closed' } }, policyTypes: ['Ingress', 'Egress'] });

interface Arrival {
  readonly sent: number;
  readonly came: number;
}
/** What came of what was sent after a moment. */
type Arrivals = (since: number) => readonly Arrival[];

/** Runs a program where a pod or a host is. */
function runIn(network: Network, place: string, ...words: string[]): ChildProcess {
  return withNamespace(network.namespaceOf(place)!, () =>
    spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'inherit'] }),
  );
}

describe.skipIf(missing !== undefined)(`packets on a node of a cluster${missing === undefined ? '' : ` (${missing})`}`, () => {
  let world: World;
  let network: Network;
  let agent: NodeAgent;
  let results: string;
  let children: ChildProcess[] = [];
  beforeAll(async () => {
    world = await World.create({ users: [{ token: 'token-of-agent', name: 'agent' }] });
    await world.plane.create([...base, closed, agentRole, boundTo('agent')]);
    network = new Network();
    // In the network there is a pod that the API server does not know yet.
    const manifests = [...base, pod('shop', 'fresh', { ip: fresh, node: 'n1' })];
    await network.apply(
      topologyOf(
        manifests.flatMap((manifest) => decodeObject(manifest).objects),
        { externals: [external] },
      ),
    );
  });
  afterAll(async () => {
    network?.close();
    await world?.[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    results = join(world.folder, 'results');
    mkdirSync(results);
    agent = new NodeAgent(world, 'token-of-agent', network.namespaceOf('node:n1')!);
  });
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    children = [];
    await agent.end();
    await agent.nft('delete', 'table', 'inet', 'sallyport');
    await agent[Symbol.asyncDispose]();
    rmSync(results, { recursive: true });
  });

  /** Bash's own way to open a connection; whether it is answered. */
  const connects = (place: string, to: string, port: number): Promise<boolean> =>
    new Promise((resolve) => {
      const words = ['-c', `exec 3<>/dev/tcp/${to}/${port}`];
      const child = withNamespace(network.namespaceOf(place)!, () => spawn('timeout', ['0.5', 'bash', ...words], { stdio: 'ignore' }));
      child.once('exit', (code) => resolve(code === 0));
    });

  /** What came from the address at the host outside: when it was sent, and when it came. */
  const arrivals = async (): Promise<Arrivals> => {
    const all: Arrival[] = [];
    const child = runIn(network, 'outside', 'receive', '7000');
    children.push(child);
    await new Promise<void>((resolve) => {
      createInterface(child.stdout!).on('line', (line) => {
        const [address, sent, came] = line.split(' ');
        if (address === 'ready') resolve();
        else if (address === fresh) all.push({ sent: Number(sent), came: Number(came) });
      });
    });
    return (since) => all.filter(({ sent }) => sent > since);
  };
  const sends = (): void => void children.push(runIn(network, 'shop/fresh', 'send', external, '7000'));
  const now = (): number => Number(process.hrtime.bigint()) / 1e6;
  const until = async (isSo: () => boolean): Promise<void> => {
    for (const deadline = Date.now() + 5000; !isSo(); await sleep(1)) if (Date.now() > deadline) throw new Error('waited in vain');
  };
  const podPath = (name: string): string => `/api/v1/namespaces/shop/pods/${name}`;
  const remove = (name: string) => world.plane.send('DELETE', `${podPath(name)}?gracePeriodSeconds=0`);
  const addressed = (name: string) =>
    world.plane.send(
      'PATCH',
      `${podPath(name)}/status`,
      { status: { podIP: fresh, podIPs: [{ ip: fresh }] } },
      'application/merge-patch+json',
    );
  const create = (name: string, app: string) => world.plane.create([pod('shop', name, { labels: { app }, node: 'n1', phase: 'Pending' })]);

  test('a policy that is applied through the API decides about them', async () => {
    agent.start();
    await agent.line('programmed');
    const { createServer } = await import('node:net');
    const server = createServer((socket) => socket.on('error', () => undefined));
    withNamespace(network.namespaceOf('shop/web')!, () => server.listen(8080));
    try {
      expect(await connects('shop/client', '10.244.11.2', 8080)).toBe(true);
      await world.plane.create([policy('shop', 'web', { podSelector: { matchLabels: { app: 'web' } } })]);
      await agent.line('applied');
      expect(await connects('shop/client', '10.244.11.2', 8080)).toBe(false);
      // The node reaches its own pods.
      expect(await connects('node:n1', '10.244.11.2', 8080)).toBe(true);
      const peer = { from: [{ podSelector: { matchLabels: { app: 'client' } } }], ports: [{ port: 8080 }] };
      const seen = agent.lines.length;
      await world.plane.create([policy('shop', 'let-in', { podSelector: { matchLabels: { app: 'web' } }, ingress: [peer] })]);
      await agent.line('applied', () => true, seen);
      expect(await connects('shop/client', '10.244.11.2', 8080)).toBe(true);
    } finally {
      server.close();
    }
  });

  /** Waits until the kernel holds the address back; gives the moment. */
  const held = async (): Promise<number> => {
    while ((await agent.elements('live4')).includes(fresh)) await sleep(5);
    return now();
  };

  /**
   * Starts pods that the policy closes and pods that it leaves open, one after the other at the same address, which sends all the time. `tell` makes the
   * address of a new pod known. Gives how long it took from there to the first packet of each open pod.
   */
  const delaysOf = async (tell: (name: string) => unknown): Promise<number[]> => {
    agent.start('--cni-results', results);
    await agent.line('programmed');
    const arrived = await arrivals();
    sends();
    await sleep(300);
    let since = 0;
    const delays: number[] = [];
    for (let turn = 0; turn < 20; turn++) {
      for (const app of ['closed', 'open']) {
        const name = `${app}-${turn}`;
        await create(name, app);
        await sleep(20);
        expect(arrived(since)).toEqual([]);
        const told = now();
        await tell(name);
        if (app === 'open') {
          await until(() => arrived(since).length > 0);
          delays.push(arrived(since)[0]!.came - told);
        } else {
          while (!(await agent.elements('live4')).includes(fresh)) await sleep(5);
          expect(arrived(since)).toEqual([]);
        }
        rmSync(join(results, `pods-${name}-eth0`), { force: true });
        await remove(name);
        const again = await held();
        if (app === 'open') since = again;
      }
    }
    expect(arrived(since)).toEqual([]);
    return delays.sort((a, b) => a - b);
  };

  test('of a new pod wait until the API server knows its address, and nothing that policy denies ever passes', async () => {
    const delays = await delaysOf(addressed);
    expect(delays[10]).toBeLessThan(100);
  });

  test('of a new pod pass as soon as the network plugin has given it its address, and only if no policy denies them', async () => {
    const delays = await delaysOf((name) => {
      const cniArgs = [
        ['K8S_POD_NAMESPACE', 'shop'],
        ['K8S_POD_NAME', name],
      ];
      const answer = { ifName: 'eth0', cniArgs, result: { ips: [{ address: `${fresh}/24` }] } };
      writeFileSync(join(results, `pods-${name}-eth0`), JSON.stringify(answer));
    });
    expect(delays[10]).toBeLessThan(50);
  });

  test('of a pod that nobody knows pass where they are not held back', async () => {
    agent.start('--no-hold-back');
    await agent.line('programmed');
    const arrived = await arrivals();
    sends();
    await until(() => arrived(0).length > 10);
  });
});
