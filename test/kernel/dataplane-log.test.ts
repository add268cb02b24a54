import { execFileSync } from 'node:child_process';
import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNamespace, withNamespace } from '#dataplane/namespace.ts';
import { type LoggedPacket, PacketLog } from '#dataplane/nflog.ts';
import { openNft } from '#dataplane/nft.ts';

describe.skipIf(process.getuid?.() !== 0)('the packet log (needs root)', () => {
  let namespace: number;
  let log: PacketLog;
  const run = (script: string): string => withNamespace(namespace, () => execFileSync('bash', ['-c', script], { encoding: 'utf8' }));
  const read = async (count: number): Promise<LoggedPacket[]> => {
    const packets: LoggedPacket[] = [];
    for (let turn = 0; turn < 40 && packets.length < count; turn++) {
      packets.push(...log.read());
      await sleep(10);
    }
    return packets;
  };

  beforeAll(async () => {
    namespace = createNamespace();
    run('ip link set lo up');
    const nft = openNft({ namespace });
    await nft.run(
      'table inet t { chain output { type filter hook output priority 0; udp dport 9 log prefix "shop/deny egress" group 7; meta l4proto tcp log group 7 drop; }; chain input { type filter hook input priority 0; udp dport 9 drop; }; }',
    );
    nft.close();
    log = new PacketLog(7, namespace);
  });
  afterAll(() => {
    log.close();
    closeSync(namespace);
  });

  it('says which packet met which rule', async () => {
    run("echo > /dev/udp/127.0.0.2/9; echo > /dev/udp/::1/9; timeout 0.1 bash -c 'echo > /dev/tcp/127.0.0.3/80' || true");
    const port = expect.any(Number);
    const loopback = 1;
    const common = { sourcePort: port, outputInterface: loopback };
    const packets = await read(3);
    expect(packets.slice(0, 3)).toEqual([
      { prefix: 'shop/deny egress', source: '127.0.0.1', destination: '127.0.0.2', protocol: 17, destinationPort: 9, ...common },
      { prefix: 'shop/deny egress', source: '::1', destination: '::1', protocol: 17, destinationPort: 9, ...common },
      { prefix: '', source: '127.0.0.1', destination: '127.0.0.3', protocol: 6, destinationPort: 80, ...common },
    ]);
    expect(log.read()).toEqual([]);
  });

  it('receives every packet of a burst, and counts those that came faster than they were read', async () => {
    run('for i in {1..1000}; do echo > /dev/udp/127.0.0.2/9; done');
    expect(await read(1000)).toHaveLength(1000);
    expect(log.lost).toBe(0);
    run('exec 3>/dev/udp/127.0.0.2/9; for i in {1..80000}; do echo >&3; done 2>/dev/null');
    const received = (await read(80_000)).length;
    run('echo > /dev/udp/127.0.0.2/9');
    expect(received + (await read(1)).length + log.lost).toBe(80_001);
    expect(log.lost).toBeGreaterThan(0);
  });

  it('has one reader for each group', () => {
    expect(() => new PacketLog(7, namespace)).toThrow('receiving log group 7');
    new PacketLog(8, namespace).close();
  });
});
