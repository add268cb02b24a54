import { type ChildProcess, fork } from 'node:child_process';
import { closeSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { FromAgent, ToAgent } from '#agent/messages.ts';
import { openKernel } from '#agent/nft-kernel.ts';
import { uninstall } from '#agent/uninstall.ts';
import type { ClusterChange } from '#core/cluster/cluster.ts';
import { createNamespace, withNamespace } from '#dataplane/namespace.ts';
import { runNft } from '#dataplane/nft-process.ts';
import { decoded } from '../property/arbitraries.ts';
import type { RawCluster } from '../reference/raw.ts';

const isRoot = process.getuid?.() === 0;
type Applied = Extract<FromAgent, { type: 'applied' }>;

/** An agent process in a network namespace of its own. */
class AgentProcess {
  readonly namespace: number;
  readonly #child: ChildProcess;
  readonly #messages: FromAgent[] = [];
  #wake = (): void => undefined;

  constructor(namespace = createNamespace()) {
    this.namespace = namespace;
    const module = new URL('../../src/agent/main.ts', import.meta.url).pathname;
    this.#child = withNamespace(namespace, () =>
      fork(module, ['--node', 'n1', '--witness', '--audit-interval', '0'], { serialization: 'advanced', execArgv: [] }),
    );
    this.#child.on('message', (message: FromAgent) => {
      this.#messages.push(message);
      this.#wake();
    });
  }

  send(message: ToAgent): void {
    this.#child.send(message);
  }

  async offer(cluster: RawCluster, version: number, changes?: ClusterChange[]): Promise<void> {
    this.send({ type: 'changes', version, changes: changes ?? decoded(cluster).map((object) => ({ type: 'put', object })) });
  }

  /** The report that a version has reached the kernel. */
  async applied(version: number): Promise<Applied> {
    for (;;) {
      const found = this.#messages.find((message): message is Applied => message.type === 'applied' && message.version >= version);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  forget(): void {
    this.#messages.length = 0;
  }

  nft(...args: string[]): Promise<string> {
    return runNft({ namespace: this.namespace }, args);
  }

  /** The lines of the ruleset, without the number of its generation, once connections' marks are cleared: until then every packet is judged. */
  settled(): Promise<string[]> {
    return vi.waitFor(
      async () => {
        const text = await this.nft('-s', 'list', 'ruleset');
        expect(text).toMatch(/ct mark set/);
        return text
          .replaceAll(/0x[0-9a-f]{8}/g, 'N')
          .split('\n')
          .sort();
      },
      { timeout: 20_000 },
    );
  }

  kill(signal: NodeJS.Signals): Promise<void> {
    return new Promise((resolve) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) return resolve();
      this.#child.once('exit', () => resolve());
      this.#child.kill(signal);
    });
  }
}

const pod = (name: string, ip: string, labels: Record<string, string> = {}) => ({
  ns: 'x',
  name,
  labels,
  ips: [ip],
  node: 'n1',
  containerPorts: [],
});
const policy = (name: string, spec: unknown) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { namespace: 'x', name },
  spec,
});
const cluster = (policies: RawCluster['policies']): RawCluster => ({
  namespaces: [{ name: 'x', labels: {} }],
  pods: [pod('a', '10.244.0.1', { app: 'a' }), pod('b', '10.244.0.2', { app: 'b' })],
  policies,
});
const deny = policy('deny', { podSelector: {} });
const allow = policy('allow', {
  podSelector: { matchLabels: { app: 'a' } },
  ingress: [{ from: [{ ipBlock: { cidr: '203.0.113.0/24' } }] }],
});

describe.skipIf(!isRoot)('an agent process (needs root)', () => {
  const agents: AgentProcess[] = [];
  const start = (namespace?: number): AgentProcess => {
    const agent = new AgentProcess(namespace);
    agents.push(agent);
    return agent;
  };
  afterEach(async () => {
    for (const agent of agents.splice(0)) {
      await agent.kill('SIGKILL').catch(() => undefined);
      try {
        closeSync(agent.namespace);
      } catch {
        // Two agents of one test share a namespace.
      }
    }
  });

  test('programs nothing before its source is in sync', async () => {
    const agent = start();
    await agent.offer(cluster([deny]), 1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await agent.nft('list', 'tables')).toBe('');
    agent.send({ type: 'synced' });
    await agent.applied(1);
    expect(await agent.nft('list', 'set', 'inet', 'sallyport', 'isolated-ingress4')).toContain('10.244.0.1, 10.244.0.2');
  });

  test('leaves the table when it is killed, and the next one takes it over without a change', async () => {
    const first = start();
    await first.offer(cluster([deny, allow]), 1);
    first.send({ type: 'synced' });
    await first.applied(1);
    const before = await first.settled();
    await first.kill('SIGKILL');
    const second = start(first.namespace);
    await second.offer(cluster([deny, allow]), 1);
    second.send({ type: 'synced' });
    const { repaired } = await second.applied(1);
    // Only the generation is another: marks of the old agent's connections are not believed.
    expect(repaired.filter((name) => name !== 'known' && name !== 'accepted')).toEqual([]);
    expect(await second.settled()).toEqual(before);
  });

  test('closes the subjects of a policy that the kernel rejects, enforces all others, and opens them when it is mended', async () => {
    const agent = start();
    await agent.offer(cluster([deny]), 1);
    agent.send({ type: 'synced' });
    await agent.applied(1);
    // Somebody took the name that the policy's addresses would get, for a set of another type.
    const probe = openKernel(agent.namespace);
    const names = await agent.nft('list', 'table', 'inet', 'sallyport');
    expect(names).not.toContain('blocks4-');
    const other = start();
    await other.offer(cluster([deny, allow]), 1);
    other.send({ type: 'synced' });
    await other.applied(1);
    const blocks = /set (blocks4-\S+)/.exec(await other.nft('list', 'table', 'inet', 'sallyport'))![1]!;
    await agent.nft(`add set inet sallyport ${blocks} { type inet_service; }`);
    agent.forget();
    await agent.offer(cluster([deny, allow]), 2);
    const { failures } = await agent.applied(2);
    expect(failures.map(({ policy: name }) => name)).toEqual(['x/allow']);
    const isolated = await agent.nft('list', 'set', 'inet', 'sallyport', 'isolated-ingress4');
    expect(isolated).toContain('10.244.0.1');
    expect(isolated).toContain('10.244.0.2');
    await agent.nft(`delete set inet sallyport ${blocks}`);
    agent.forget();
    agent.send({ type: 'audit' });
    agent.send({ type: 'changes', version: 3, changes: [] });
    expect((await agent.applied(3)).failures).toEqual([]);
    expect(await agent.nft('list', 'table', 'inet', 'sallyport')).toContain(`set ${blocks}`);
    probe.close();
  });

  test('uninstalls without leaving anything', async () => {
    const agent = start();
    await agent.offer(cluster([deny, allow]), 1);
    agent.send({ type: 'synced' });
    await agent.applied(1);
    await agent.kill('SIGTERM');
    const kernel = openKernel(agent.namespace);
    expect(await uninstall(kernel, 0xff000000)).toBe(true);
    expect(await agent.nft('list', 'ruleset')).toBe('');
    expect(await uninstall(kernel, 0xff000000)).toBe(false);
    kernel.close();
  });

  test.each([
    { harm: 'the table', command: 'flush ruleset' },
    { harm: 'all rules', command: 'flush table inet sallyport' },
    { harm: 'an isolated address', command: 'delete element inet sallyport isolated-ingress4 { 10.244.0.1 }' },
  ])('puts back at once what somebody has taken away: $harm', async ({ command }) => {
    const agent = start();
    await agent.offer(cluster([deny]), 1);
    agent.send({ type: 'synced' });
    await agent.applied(1);
    const before = await agent.settled();
    agent.forget();
    await agent.nft(command);
    const { changed, repaired } = await agent.applied(1);
    expect([changed, repaired.length > 0]).toEqual([true, true]);
    expect(await agent.settled()).toEqual(before);
  });
});
