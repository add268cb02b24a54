import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ClusterStatus } from '#core/enforcement/cluster-status.ts';
import { withNamespace } from '#dataplane/namespace.ts';
import { cannotRunControlPlane } from '../cluster/programs.ts';
import { ask } from './asking.ts';
import { agentRole, boundTo, NodeAgent } from './node-agent.ts';
import { policy, shop } from './shop.ts';
import { type Ran, World } from './world.ts';

const missing = cannotRunControlPlane() ?? (process.getuid?.() === 0 ? undefined : 'needs root');

describe.skipIf(missing !== undefined)(`status and wait${missing === undefined ? '' : ` (${missing})`}`, () => {
  let world: World;
  let agent: NodeAgent;
  beforeAll(async () => {
    world = await World.create({ users: [{ token: 'token-of-agent', name: 'agent' }] });
    await world.plane.create([...shop, agentRole, boundTo('agent')]);
    agent = new NodeAgent(world, 'token-of-agent').start();
    await agent.line('programmed');
  });
  afterAll(async () => {
    await agent?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
  });

  const url = 'http://127.0.0.1:9470';
  /** Runs the program on the node, where the agent and the API server can be reached. */
  const onNode = (...words: string[]): Promise<Ran> =>
    withNamespace(agent.namespace, () => {
      // The process is started at once, and so in the namespace.
      return { ran: world.sallyport(...words, '--agent', url, ...(words[0] === 'wait' ? serverOfNode() : [])) };
    }).ran;
  const serverOfNode = (): string[] => ['-s', `https://127.0.0.1:${agent.relay.port}`];
  const ofClients = (name: string) => policy('shop', name, { podSelector: { matchLabels: { app: 'client' } }, policyTypes: ['Ingress'] });

  test('says how the agents are, and of each policy since when it is enforced', async () => {
    const { code, stdout } = await onNode('status');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^NODE +AGENT +VERSION +POLICIES +LATENCY\nn1 +ready +\S+ +3 enforced/);
    expect(stdout).toContain('4 policies, 4 enforced on every node that matters; 1 of 1 node ready\n');
    const one = await onNode('status', '-n', 'shop', 'deny', '-o', 'json');
    expect(one.code).toBe(0);
    expect((JSON.parse(one.stdout) as ClusterStatus).policies).toMatchObject([{ name: 'deny', generation: 1, enforced: true, nodes: 1 }]);
    expect(await onNode('status', 'shop/denny')).toMatchObject({
      code: 2,
      stderr: 'error: there is no policy shop/denny; did you mean shop/deny?\n',
    });
  });

  test('waits until the version that the API server has is in the kernel', async () => {
    await world.plane.create([ofClients('waited')]);
    expect(await onNode('wait', 'shop/waited')).toEqual({ code: 0, stdout: 'shop/waited is enforced on 1 node\n', stderr: '' });
    expect(await agent.nft('list', 'table', 'inet', 'sallyport')).toContain('shop/waited');
  });

  test('does not take an older version for it, and says who has it', async () => {
    agent.relay.freeze();
    try {
      await world.plane.create([ofClients('frozen')]);
      const words = ['wait', 'shop/frozen', '--timeout', '1s', '--agent', url, '--kubeconfig', world.kubeconfig];
      // The node's way to the API server is blocked: what the agent says is taken from where it is, what is wanted from elsewhere.
      const said = join(world.folder, 'said.json');
      writeFileSync(said, (await ask(agent, '/status')).body);
      const { code, stdout } = await world.sallyport(...words.map((word) => (word === url ? said : word)));
      expect(stdout).toContain('n1 does not have it yet');
      expect(code).toBe(1);
    } finally {
      agent.relay.thaw();
      agent.relay.cut();
    }
    expect(await onNode('wait', '--all', '-o', 'json', 'shop/x')).toMatchObject({ code: 2 });
    expect(await onNode('wait', 'shop/frozen', 'shop/waited')).toMatchObject({
      code: 0,
      stdout: '2 policies are enforced on every node that matters\n',
    });
  });

  test('names the nodes without an agent, and where that matters', async () => {
    const { code, stdout } = await onNode('wait', '--all', '--timeout', '0');
    expect(code).toBe(1);
    // pay/db and others have pods on n2.
    expect(stdout).toContain('no agent runs on n2');
    expect(stdout).not.toContain('shop/waited');
  });

  test('a cluster without agents is no answer', async () => {
    const { code, stderr } = await world.sallyport('status');
    expect(code).toBe(2);
    expect(stderr).toContain('no agent runs in this cluster');
    expect(stderr).toContain('app.kubernetes.io/component=agent');
  });

  test('an agent that is away is not taken to enforce anything', async () => {
    const { code, stdout } = await world.sallyport('status', '--agent', 'http://127.0.0.1:1');
    expect(code).toBe(1);
    expect(stdout).toContain('unanswered');
  });

  test('ends with 130 after Ctrl-C', async () => {
    agent.relay.freeze();
    await world.plane.create([ofClients('interrupted')]);
    const said = join(world.folder, 'said.json');
    const line = `timeout --foreground --preserve-status -s INT 4 sallyport wait shop/interrupted --agent ${said} --timeout 60s; echo $?`;
    const { stdout } = await world.bash(line);
    agent.relay.thaw();
    agent.relay.cut();
    expect(stdout.trim()).toBe('130');
  });
});
