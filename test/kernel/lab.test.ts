import { execFileSync } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { KubernetesObject } from '#core/api/types.ts';
import { families } from '#core/net/ip.ts';
import { protocols } from '#core/net/protocol.ts';
import { Lab, type LabEvent } from '#lab/lab.ts';
import type { Observation, Trial } from '#lab/observer.ts';
import { cannotRunLab } from './lab-needs.ts';
import { denyIngress, node, pod, service } from './lab-objects.ts';

const reason = cannotRunLab();
const portOf = { TCP: 8080, UDP: 53, SCTP: 9000 } as const;
const [a, b, c] = [pod(1), pod(2), pod(3)];

/** Trials with every protocol in both families. */
const everyWay = (from: readonly string[], to: readonly string[]): Trial[] =>
  protocols.flatMap((protocol) => families.map((family) => ({ ...ends(from, to, family), protocol, port: portOf[protocol] })));
const ends = (from: readonly string[], to: readonly string[], family: 4 | 6) => {
  const of = (addresses: readonly string[]): string => addresses.find((address) => address.includes(':') === (family === 6))!;
  return { from: of(from), to: of(to) };
};
const seen = (observations: readonly Observation[]): string[] => [...new Set(observations.map(({ observed }) => observed))];

describe.skipIf(reason !== undefined)(`the lab${reason === undefined ? '' : ` (${reason})`}`, () => {
  let lab: Lab | undefined;
  const events: LabEvent[] = [];
  const up = async (objects: readonly KubernetesObject[]): Promise<Lab> => {
    events.length = 0;
    lab = await Lab.create(objects, { onEvent: (event) => events.push(event) });
    return lab;
  };
  const nodeAddresses = (name: string): readonly string[] => lab!.topology.nodes.get(name)!.addresses;
  const clusterIps = (name: string): readonly string[] => lab!.topology.cluster.namespaces.get('shop')!.services.get(name)!.clusterIps;
  const outside = (): readonly string[] => lab!.topology.externals;
  const namespacesBefore = namespacesOfProcess();

  afterEach(async () => {
    await lab?.close();
    lab = undefined;
  });
  afterAll(() => expect(namespacesOfProcess()).toBe(namespacesBefore));

  it('connects pods, nodes and hosts outside, in every protocol and family', async () => {
    await up([a, b, c, node('n1'), node('n2'), node('n3')]);
    const places = [a.addresses, b.addresses, c.addresses, nodeAddresses('n1'), nodeAddresses('n3'), outside()];
    const trials = places.flatMap((from) => places.flatMap((to) => everyWay(from, to)));
    expect(seen(await lab!.observe(trials))).toEqual(['allow']);
  });

  it('tells who answers', async () => {
    await up([a, b, pod(4, { hostNetwork: true, addresses: [], node: 'node-2', ports: [{ protocol: 'TCP', port: 8080 }] })]);
    const host = nodeAddresses('node-2')[0]!;
    const from = a.addresses[0]!;
    const answers = await lab!.observe([
      { from, to: b.addresses[0]!, protocol: 'TCP', port: 8080 },
      { from, to: b.addresses[0]!, protocol: 'TCP', port: 1234 },
      { from, to: host, protocol: 'TCP', port: 8080 },
      { from, to: host, protocol: 'TCP', port: 1234 },
    ]);
    expect(answers.map(({ answeredBy }) => answeredBy)).toEqual(['shop/p2', 'shop/p2', 'shop/p4', 'node:node-2']);
  });

  describe('Services', () => {
    it('lead to each of their pods in turn, from pods, nodes and the pod itself, also by node port', async () => {
      const udp = { protocol: 'UDP', port: 53, targetPort: 53 } as const;
      const sctp = { protocol: 'SCTP', port: 9, targetPort: 9000 } as const;
      const tcp = { protocol: 'TCP', port: 80, targetPort: 'http' } as const;
      await up([
        a,
        b,
        pod(4, { ports: [{ name: 'http', protocol: 'TCP', port: 9090 }] }),
        service('even', { tier: 'even' }, { type: 'NodePort', ports: [tcp, { ...udp, nodePort: 30053 }, sctp] }),
      ]);
      const sources = [a.addresses, b.addresses, nodeAddresses('node-1'), nodeAddresses('node-2')];
      for (const family of families) {
        for (const [protocol, port] of [
          ['TCP', 80],
          ['UDP', 53],
          ['SCTP', 9],
        ] as const) {
          for (const from of sources) {
            const trial = { ...ends(from, clusterIps('even'), family), protocol, port };
            const answers = await lab!.observe([trial, trial, trial, trial]);
            expect(new Set(answers.map(({ answeredBy }) => answeredBy)), JSON.stringify(answers)).toEqual(new Set(['shop/p2', 'shop/p4']));
          }
        }
        for (const name of ['node-1', 'node-2']) {
          const trial = { ...ends(outside(), nodeAddresses(name), family), protocol: 'UDP', port: 30053 };
          const answers = await lab!.observe([trial, trial]);
          expect(answers.map(({ answeredBy }) => answeredBy).sort()).toEqual(['shop/p2', 'shop/p4']);
        }
      }
    });

    it('with traffic policy Local lead only to pods of the node, which see the client', async () => {
      const local = {
        type: 'NodePort',
        externalTrafficPolicy: 'Local',
        ports: [{ protocol: 'TCP', port: 80, targetPort: 'http', nodePort: 30080 }],
      } as const;
      await up([pod(1, { node: 'n1' }), pod(2, { node: 'n2' }), node('n1'), node('n2'), node('n3'), service('all', {}, local)]);
      const answers = await lab!.observe(
        ['n1', 'n2', 'n1', 'n2'].map((name) => ({ ...ends(outside(), nodeAddresses(name), 4), protocol: 'TCP', port: 30080 })),
      );
      expect(answers.map(({ answeredBy }) => answeredBy)).toEqual(['shop/p1', 'shop/p2', 'shop/p1', 'shop/p2']);
      const [nowhere] = await lab!.observe([{ ...ends(outside(), nodeAddresses('n3'), 4), protocol: 'TCP', port: 30080 }]);
      expect(nowhere).toMatchObject({ observed: 'error', detail: 'no answer, and no node has recorded a denial' });
    });

    it('that lead nowhere are an error, not a denial', async () => {
      await up([a, service('none', { app: 'nobody' })]);
      await lab!.enforce();
      const [answer] = await lab!.observe([{ from: a.addresses[0]!, to: clusterIps('none')[0]!, protocol: 'TCP', port: 80 }]);
      expect(answer!.observed).toBe('error');
    });
  });

  describe('policy', () => {
    it('is enforced once it is asked for, in every protocol and family, and gone when it is removed', async () => {
      await up([a, b, c, denyIngress('p2')]);
      expect(seen(await lab!.observe(everyWay(a.addresses, b.addresses)))).toEqual(['allow']);
      await lab!.enforce();
      expect(seen(await lab!.observe(everyWay(a.addresses, b.addresses)))).toEqual(['deny']);
      expect(seen(await lab!.observe(everyWay(outside(), b.addresses)))).toEqual(['deny']);
      expect(seen(await lab!.observe(everyWay(b.addresses, a.addresses)))).toEqual(['allow']);
      await lab!.apply([a, b, c]);
      expect(seen(await lab!.observe(everyWay(a.addresses, b.addresses)))).toEqual(['allow']);
    });

    it('counts for a pod that comes later from its first packet, and through Services', async () => {
      await up([a]);
      await lab!.enforce();
      await lab!.apply([a, b, service('two', { app: 'p2' }), denyIngress('p2')]);
      const trials = families.map((family) => ({ ...ends(a.addresses, clusterIps('two'), family), protocol: 'TCP', port: 80 }));
      expect(seen(await lab!.observe([...everyWay(a.addresses, b.addresses), ...trials]))).toEqual(['deny']);
    });

    it('is not what drops packets elsewhere: silence without a record is an error', async () => {
      await up([a, b]);
      await lab!.enforce();
      const nft = lab!.exec('wire', ['nft', '-f', '-'], { stdio: ['pipe', 'inherit', 'inherit'] });
      nft.stdin!.end('table inet foreign { chain c { type filter hook forward priority 0; tcp dport 8080 drop; }; }');
      await new Promise((resolve) => nft.once('exit', resolve));
      const trial = { from: pod(1).addresses[0]!, to: pod(2).addresses[0]!, protocol: 'TCP', port: 8080 };
      expect(await lab!.observe([trial])).toMatchObject([{ observed: 'error', detail: 'no answer, and no node has recorded a denial' }]);
    });

    it('stays when an agent is killed, and the agent comes back and goes on', async () => {
      await up([a, b, denyIngress('p2')]);
      await lab!.enforce();
      for (const name of ['node-1', 'node-2']) expect(lab!.killAgent(name, 'SIGKILL')).toBe(true);
      expect(seen(await lab!.observe(everyWay(a.addresses, b.addresses)))).toEqual(['deny']);
      const applied = await lab!.apply([a, b]);
      expect([...applied.values()].map((each) => each?.failures)).toEqual([[], []]);
      expect(events.filter(({ type }) => type === 'agent-ended')).toHaveLength(2);
      expect(seen(await lab!.observe(everyWay(a.addresses, b.addresses)))).toEqual(['allow']);
    });
  });

  describe('live connections', () => {
    it.each([
      'TCP',
      'UDP',
    ] as const)('%s are cut in both directions by a policy that comes, and left alone by one that allows them', async (protocol) => {
      await up([a, b, c]);
      await lab!.enforce();
      for (const family of families) {
        const options = { ...ends(a.addresses, b.addresses, family), protocol, port: portOf[protocol] };
        for (const side of ['client', 'server'] as const) {
          const connection = await lab!.openConnection(options);
          const send = (): Promise<boolean> => (side === 'client' ? connection.sendFromClient() : connection.sendFromServer());
          await lab!.apply([a, b, c, denyIngress('p3')]);
          expect(await send()).toBe(true);
          await lab!.apply([a, b, c, denyIngress('p2')]);
          expect(await send()).toBe(false);
          expect(await connection.sendFromServer()).toBe(false);
          if (protocol === 'TCP') expect(connection.cut?.code).toBe('ECONNRESET');
          else expect(connection.cut).toBeUndefined();
          connection.close();
          await lab!.apply([a, b, c]);
        }
      }
    });

    it('that are not allowed cannot be opened', async () => {
      await up([a, b, denyIngress()]);
      await lab!.enforce();
      const options = { from: a.addresses[0]!, to: b.addresses[0]!, port: 8080 };
      await expect(lab!.openConnection({ ...options, protocol: 'TCP' })).rejects.toThrow('no message gets through');
    });

    it('floods count what arrives', async () => {
      await up([a, b, denyIngress('p1')]);
      await lab!.enforce();
      const [allowed, denied, many] = await Promise.all([
        lab!.flood({ from: a.addresses[0]!, to: b.addresses[0]!, port: 53, seconds: 0.5, rate: 20_000 }),
        lab!.flood({ from: b.addresses[1]!, to: a.addresses[1]!, port: 53, seconds: 0.5, rate: 20_000 }),
        lab!.flood({ from: a.addresses[1]!, to: b.addresses[1]!, port: 53, seconds: 0.5, rate: 5000, connections: 100 }),
      ]);
      expect(allowed.sent).toBeGreaterThan(1000);
      expect(allowed.received + allowed.overflowed).toBe(allowed.sent);
      expect(many.received + many.overflowed).toBe(many.sent);
      expect(denied.sent).toBeGreaterThan(1000);
      expect(denied.received).toBe(0);
    });
  });

  describe('changes while it runs', () => {
    it('leave pods that stay as they are undisturbed', async () => {
      await up([a, b]);
      const connection = await lab!.openConnection({ from: a.addresses[0]!, to: b.addresses[0]!, protocol: 'TCP', port: 8080 });
      await lab!.apply([a, b, c, node('node-1'), node('node-2'), node('node-3')]);
      await lab!.addExternals(['8.8.8.8', '2001:4860:4860::8888']);
      expect(
        seen(await lab!.observe([...everyWay(c.addresses, a.addresses), ...everyWay(a.addresses, ['8.8.8.8', '2001:4860:4860::8888'])])),
      ).toEqual(['allow']);
      await lab!.apply([a, b]);
      expect(await connection.sendFromServer()).toBe(true);
      expect(await connection.sendFromClient()).toBe(true);
      connection.close();
    });

    it('follow a pod to another address and another node', async () => {
      await up([a, b]);
      const moved = pod(2, { addresses: ['10.9.9.9'], node: 'node-1' });
      await lab!.apply([a, moved]);
      const from = a.addresses[0]!;
      const [there, gone] = await lab!.observe([
        { from, to: '10.9.9.9', protocol: 'TCP', port: 8080 },
        { from, to: b.addresses[0]!, protocol: 'TCP', port: 8080 },
      ]);
      expect(there).toEqual({ observed: 'allow', answeredBy: 'shop/p2' });
      expect(gone).toEqual({ observed: 'error', detail: `nobody in the lab has the address ${b.addresses[0]}` });
    });
  });

  it('runs commands in pods, and ends them with the lab', async () => {
    await up([a, b]);
    const child = lab!.exec('shop/p1', ['ip', '-br', 'address', 'show', 'eth0'], { stdio: ['ignore', 'pipe', 'inherit'] });
    expect(await text(child.stdout!)).toContain('10.244.0.1/32 fd00:10:244::1/128');
    const sleeper = lab!.exec('shop/p2', ['sleep', '1000'], { stdio: 'ignore' });
    const ended = new Promise((resolve) => sleeper.once('exit', (_, signal) => resolve(signal)));
    await lab!.apply([a]);
    expect(await ended).toBe('SIGKILL');
    expect(() => lab!.exec('shop/p2', ['true'])).toThrow('there is no shop/p2 in the lab');
  });

  it('says what it cannot try', async () => {
    await up([a, b]);
    const [from, to] = [a.addresses[0]!, b.addresses[0]!];
    expect(
      await lab!.observe([
        { from, to, protocol: 'ICMP', port: 0 },
        { from: '10.1.1.1', to, protocol: 'TCP', port: 80 },
        { from, to: '10.1.1.1', protocol: 'TCP', port: 80 },
        { from, to: b.addresses[1]!, protocol: 'TCP', port: 80 },
      ]),
    ).toEqual([
      { observed: 'skipped', detail: 'the lab tries TCP, UDP, SCTP, not ICMP' },
      { observed: 'error', detail: 'nobody in the lab has the address 10.1.1.1' },
      { observed: 'error', detail: 'nobody in the lab has the address 10.1.1.1' },
      { observed: 'error', detail: `${from} and ${b.addresses[1]} are addresses of different families` },
    ]);
  });
});

/** How many network namespaces this process holds open. */
function namespacesOfProcess(): number {
  const listed = execFileSync('sh', ['-c', `ls -l /proc/${process.pid}/fd`], { encoding: 'utf8' });
  return listed.split('\n').filter((line) => line.includes('net:[')).length;
}
