import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import type { KubernetesObject } from '#core/api/types.ts';
import { Conntrack } from '#dataplane/conntrack.ts';
import { runNft } from '#dataplane/nft-process.ts';
import { Lab } from '#lab/lab.ts';
import { cannotRunLab } from './lab-needs.ts';
import { service } from './lab-objects.ts';
import { allowIn, allowOut, client, closed, isolateAll, pod, policy, server, world } from './world.ts';

const reason = cannotRunLab();
const trafficProgram = fileURLToPath(new URL('../../bench/kernel/traffic.ts', import.meta.url));
const allowed = [isolateAll, allowOut, allowIn];
/** Two pods of another namespace, that no policy selects. */
const strangers = [pod('one', '10.244.1.1', 'n1', 'free'), pod('two', '10.244.1.2', 'n2', 'free')];

/** The table of attacks in ARCHITECTURE.md, row by row. */
describe.skipIf(reason !== undefined)(`ways around policy that were tried${reason === undefined ? '' : ` (${reason})`}`, () => {
  let lab: Lab;
  const start = async (objects: readonly KubernetesObject[]): Promise<void> => {
    lab = await Lab.create(objects);
    await lab.enforce();
  };
  afterEach(() => lab.close());

  const nodes = ['node:n1', 'node:n2'];
  const onNodes = async (work: (namespace: number) => Promise<unknown>): Promise<void> => {
    for (const place of nodes) await work(lab.namespaceOf(place));
  };
  const forgetConnections = () =>
    onNodes(async (namespace) => {
      const conntrack = new Conntrack(namespace);
      await conntrack.forget(() => true);
      conntrack.close();
    });

  const run = async (place: string, ...command: string[]): Promise<string> => {
    const child = lab.exec(place, command, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout!.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}`);
    return output;
  };

  /** How many datagrams a pod gets while another sends for a moment. */
  const datagrams = async (from: string, to: string, address: string): Promise<number> => {
    const receiving = run(to, process.execPath, trafficProgram, 'receive', address, '7000', '2');
    await sleep(500);
    await run(from, process.execPath, trafficProgram, 'send', address, '7000', '0.5');
    return Number((await receiving).trim().split('\n').at(-1));
  };

  test('a denied connection does not come back when conntrack forgets it and the server speaks first', async () => {
    await start([...world, ...allowed]);
    const connection = await lab.openConnection({ from: client, to: server, protocol: 'TCP', port: 80 });
    await lab.apply([...world, isolateAll]);
    await forgetConnections();
    expect(await connection.sendFromServer()).toBe(false);
    expect(await connection.sendFromClient()).toBe(false);
    await forgetConnections();
    expect(await connection.sendFromClient()).toBe(false);
    connection.close();
  });

  test('connections of pods that no policy selects live on when conntrack forgets them', async () => {
    await start([...world, ...strangers, ...allowed]);
    const connection = await lab.openConnection({ from: '10.244.1.1', to: '10.244.1.2', protocol: 'TCP', port: 80 });
    await forgetConnections();
    expect(await connection.sendFromServer()).toBe(true);
    expect(await connection.sendFromClient()).toBe(true);
    connection.close();
  });

  test('packets that bypass conntrack do not pass to or from isolated pods, and do between others', async () => {
    await start([...world, ...strangers, ...allowed]);
    await onNodes((namespace) =>
      runNft({ namespace }, ['-f', '-'], 'table inet foreign { chain raw { type filter hook prerouting priority -350; notrack; }; }'),
    );
    const [toClosed, toServer, between] = await lab.observe([
      { from: client, to: closed, protocol: 'TCP', port: 80 },
      { from: client, to: server, protocol: 'TCP', port: 80 },
      { from: '10.244.1.1', to: '10.244.1.2', protocol: 'TCP', port: 80 },
    ]);
    expect(toClosed!.observed).not.toBe('allow');
    // Nothing can be said of such packets, so even what is allowed does not pass: closed, not open.
    expect(toServer!.observed).not.toBe('allow');
    expect(between!.observed).toBe('allow');
  });

  test('a pod that reaches itself through a Service is let through, and through it nobody else', async () => {
    const self = service(
      'self',
      { app: 'client' },
      { namespace: 'x', clusterIps: ['10.96.0.10'], ports: [{ protocol: 'TCP', port: 80, targetPort: 80 }] },
    );
    await start([...world, self, isolateAll]);
    const [itself, other] = await lab.observe([
      { from: client, to: '10.96.0.10', protocol: 'TCP', port: 80 },
      { from: closed, to: '10.96.0.10', protocol: 'TCP', port: 80 },
    ]);
    expect([itself!.observed, other!.observed]).toEqual(['allow', 'deny']);
  });

  test('an idle connection that was denied stays so when generation numbers come round again', async () => {
    await start([...world, ...allowed]);
    const connection = await lab.openConnection({ from: client, to: server, protocol: 'TCP', port: 80 });
    // Longer than there are numbers, and as many steps as bring the number back that the connection carries.
    for (let turn = 0; turn < 600; turn++) {
      const port = 1 + turn;
      const other = policy('other', { ingress: [{ ports: [{ kind: 'range', protocol: 'TCP', first: port, last: port }] }] });
      await lab.apply([...world, isolateAll, other]);
    }
    expect(await connection.sendFromServer()).toBe(false);
    expect(await connection.sendFromClient()).toBe(false);
    connection.close();
  }, 60_000);

  test("a pod can't borrow the address of another", async () => {
    await start([...world, pod('thief', '10.244.0.4', 'n1'), ...allowed]);
    expect(await datagrams('x/client', 'x/server', server)).toBeGreaterThan(1000);
    expect(await datagrams('x/thief', 'x/server', server)).toBe(0);
    await run('x/thief', 'ip', 'address', 'add', `${client}/32`, 'dev', 'lo');
    const [route] = JSON.parse(await run('x/thief', 'ip', '-j', 'route', 'show', 'default')) as { dev: string; gateway: string }[];
    await run('x/thief', 'ip', 'route', 'replace', 'default', 'via', route!.gateway, 'dev', route!.dev, 'onlink', 'src', client);
    expect(await datagrams('x/thief', 'x/server', server)).toBe(0);
  });

  test('fragments are judged as the datagram they make', async () => {
    await start([...world, ...allowed]);
    const listen = `const s = require('dgram').createSocket('udp4'); let n = 0; s.on('message', (m) => { n += m.length }); s.bind(7001); setTimeout(() => { console.log(n); process.exit() }, 1500)`;
    const send = (to: string) =>
      `const s = require('dgram').createSocket('udp4'); s.send(Buffer.alloc(6000), 7001, '${to}', () => setTimeout(() => process.exit(), 200))`;
    for (const [place, address, bytes] of [
      ['x/server', server, 6000],
      ['x/closed', closed, 0],
    ] as const) {
      const received = run(place, process.execPath, '-e', listen);
      await sleep(600);
      await run('x/client', process.execPath, '-e', send(address));
      expect(Number(await received)).toBe(bytes);
    }
  });

  test('the table says nothing of others: foreign tables stay as they are', async () => {
    await start([...world, ...allowed]);
    const foreign = 'table inet foreign { set s { type ipv4_addr; flags interval; elements = { 10.0.0.0/8 }; }; }';
    await onNodes((namespace) => runNft({ namespace }, ['-f', '-'], foreign));
    await lab.apply([...world, isolateAll]);
    await onNodes(async (namespace) => expect(await runNft({ namespace }, ['list', 'table', 'inet', 'foreign'])).toContain('10.0.0.0/8'));
  });
});
