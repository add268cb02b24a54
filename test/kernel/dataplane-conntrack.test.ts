import { execFileSync } from 'node:child_process';
import { closeSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Conntrack } from '#dataplane/conntrack.ts';
import type { Connection } from '#dataplane/conntrack-entry.ts';
import { createNamespace, withNamespace } from '#dataplane/namespace.ts';
import { openNft } from '#dataplane/nft.ts';

// Marks tell the connections apart: the high byte is ours, the low one somebody else's.
const ruleset = `table inet t {
  chain nat { type nat hook output priority -100; ip daddr 127.0.0.9 dnat ip to 127.0.0.10; }
  chain output { type filter hook output priority 0; ct state new ct mark set 0x05000007; ip daddr 127.0.0.3 ct mark set 0x06000007; ip daddr 127.0.0.4 ct mark set 0x00000007; }
  chain input { type filter hook input priority 0; meta l4proto tcp drop; }
}`;

describe.skipIf(process.getuid?.() !== 0)('conntrack (needs root)', () => {
  let namespace: number;
  let conntrack: Conntrack;
  const run = (script: string): string => withNamespace(namespace, () => execFileSync('bash', ['-c', script], { encoding: 'utf8' }));
  const send = (...addresses: string[]): string => run(addresses.map((address) => `echo > /dev/udp/${address}/9`).join('\n'));
  // Unanswered, as the ruleset drops what arrives.
  const connect = (address: string): string => run(`timeout 0.1 bash -c 'echo > /dev/tcp/${address}/9' || true`);
  const all = async (): Promise<Connection[]> => {
    const found: Connection[] = [];
    await conntrack.visit((connection) => found.push(connection));
    return found;
  };
  const destinations = async (): Promise<string[]> => (await all()).map(({ original }) => original.destination).sort();

  beforeAll(async () => {
    namespace = createNamespace();
    conntrack = new Conntrack(namespace);
    run('ip link set lo up');
    const nft = openNft({ namespace });
    await nft.run(ruleset);
    nft.close();
  });
  afterAll(() => closeSync(namespace));
  beforeEach(async () => {
    await conntrack.forget(() => true);
    expect(await all()).toEqual([]);
  });

  it('shows connections of both families with their NAT and state', async () => {
    send('127.0.0.9', '::1');
    connect('127.0.0.2');
    const found = (await all()).sort((a, b) => (a.original.destination < b.original.destination ? -1 : 1));
    const port = expect.any(Number);
    expect(found).toMatchObject([
      {
        protocol: 6,
        original: { source: '127.0.0.1', destination: '127.0.0.2', destinationPort: 9 },
        mark: 0x05000007,
        tcpState: 'SYN_SENT',
      },
      {
        protocol: 17,
        original: { source: '127.0.0.1', destination: '127.0.0.9', sourcePort: port, destinationPort: 9 },
        reply: { source: '127.0.0.10', destination: '127.0.0.1', sourcePort: 9, destinationPort: port },
      },
      { protocol: 17, original: { source: '::1', destination: '::1' }, reply: { source: '::1', destination: '::1' } },
    ]);
    expect(found[1]!.status & 32).toBe(32);
    expect(found[1]).not.toHaveProperty('tcpState');
  });

  it('forgets addresses at any of the four ends, and nobody else', async () => {
    send('127.0.0.2', '127.0.0.3', '127.0.0.9', '::1');
    expect(await conntrack.forgetAddresses(['127.0.0.2', '10.0.0.1'])).toBe(1);
    expect(await destinations()).toEqual(['127.0.0.3', '127.0.0.9', '::1']);
    // The destination after DNAT stands in the reply only.
    expect(await conntrack.forgetAddresses(['127.0.0.10'])).toBe(1);
    expect(await conntrack.forgetAddresses(['::1'])).toBe(1);
    expect(await destinations()).toEqual(['127.0.0.3']);
    expect(await conntrack.forgetAddresses(['127.0.0.1'])).toBe(1);
    expect(await conntrack.forgetAddresses([])).toBe(0);
    await expect(conntrack.forgetAddresses(['web'])).rejects.toThrow('`web` is no ipv4_addr');
  });

  it('is not misled by bytes that look like the address', async () => {
    // Port 32512 is 7f 00, and a source port may hold anything: addresses count only where they stand as such.
    run('echo > /dev/udp/127.0.0.2/32512');
    expect(await conntrack.forgetAddresses(['0.2.127.0', '2.127.0.0', '0.0.2.0'])).toBe(0);
    expect(await destinations()).toEqual(['127.0.0.2']);
  });

  it('forgets what matches', async () => {
    send('127.0.0.2', '127.0.0.3');
    connect('127.0.0.2');
    expect(await conntrack.forget(({ protocol, tcpState }) => protocol === 6 && tcpState === 'SYN_SENT')).toBe(1);
    expect(await destinations()).toEqual(['127.0.0.2', '127.0.0.3']);
  });

  it('clears the bits of a mask, of all marks or of those with one value, and leaves other bits alone', async () => {
    const marks = async () => Object.fromEntries((await all()).map(({ original, mark }) => [original.destination, mark]));
    send('127.0.0.2', '127.0.0.3', '127.0.0.4', '::1');
    expect(await marks()).toEqual({ '127.0.0.2': 0x05000007, '127.0.0.3': 0x06000007, '127.0.0.4': 7, '::1': 0x05000007 });
    expect(await conntrack.clearMarks(0xff000000, 0x07000000)).toBe(0);
    expect(await conntrack.clearMarks(0xff000000, 0x06000000)).toBe(1);
    expect(await marks()).toEqual({ '127.0.0.2': 0x05000007, '127.0.0.3': 7, '127.0.0.4': 7, '::1': 0x05000007 });
    expect(await conntrack.clearMarks(0xff000000)).toBe(2);
    expect(await marks()).toEqual({ '127.0.0.2': 7, '127.0.0.3': 7, '127.0.0.4': 7, '::1': 7 });
  });

  it('walks thousands of connections', async () => {
    run('for i in {1..20}; do exec 3>/dev/udp/127.0.1.$i/9; for p in {1..200}; do echo > /dev/udp/127.0.1.$i/$p; done; done 2>/dev/null');
    const count = (await all()).length;
    expect(count).toBeGreaterThanOrEqual(4000);
    expect(await conntrack.clearMarks(0xff000000)).toBe(count);
    expect(await conntrack.forgetAddresses(['127.0.1.7'])).toBeGreaterThanOrEqual(200);
    expect(await conntrack.forgetAddresses(Array.from({ length: 20 }, (_, index) => `127.0.1.${index + 1}`))).toBeGreaterThanOrEqual(3800);
    expect(await all()).toEqual([]);
  });

  it.skipIf(!hasTool())('is forgotten by the tool where there is no koffi (needs conntrack)', async () => {
    send('127.0.0.2', '127.0.0.9', '::1');
    const program = `
      import { forgetWithTool } from ${JSON.stringify(new URL('../../src/dataplane/conntrack-tool.ts', import.meta.url).href)};
      console.log(await forgetWithTool(['127.0.0.10', '10.0.0.1']));`;
    const said = withNamespace(namespace, () =>
      execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }),
    );
    expect(said).toBe('1\n');
    expect(await destinations()).toEqual(['127.0.0.2', '::1']);
  });
});

function hasTool(): boolean {
  try {
    execFileSync('conntrack', ['--version']);
    return true;
  } catch {
    return false;
  }
}
