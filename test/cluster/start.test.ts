import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from './commands.ts';
import { ClusterWorld, cannotUseCluster, policy, type RunningPod, serverPod, startingPod } from './world.ts';

const reason = cannotUseCluster();
/** How many pods are started, and how many at once. */
const [starts, atOnce] = [200, 10];

/** Counts the datagrams that reach a pod, by their source. */
const counter = `table inet count {
  set seen { type ipv4_addr; size 65535; flags dynamic; counter; }
  chain arrived {
    type filter hook prerouting priority raw;
    meta l4proto udp update @seen { ip saddr counter }
  }
}
`;

/** What nodes/agnhost/start.go tells. */
interface Started {
  readonly sent: number;
  readonly connectedAfter?: number;
}

describe.skipIf(reason !== undefined)(`pods that send from their first instruction on${reason === undefined ? '' : ` (${reason})`}`, () => {
  let world: ClusterWorld;
  let closed: RunningPod;
  let open: RunningPod;

  beforeAll(async () => {
    world = new ClusterWorld('start');
    world.apply(
      policy('egress', {
        podSelector: { matchLabels: { app: 'new' } },
        policyTypes: ['Egress'],
        egress: [{ to: [{ podSelector: { matchLabels: { app: 'open' } } }] }],
      }),
    );
    [closed, open] = (await world.start(serverPod('closed', { app: 'closed' }, 'node1'), serverPod('open', { app: 'open' }, 'node2'))) as [
      RunningPod,
      RunningPod,
    ];
  });
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  test(`nothing that policy denies arrives from ${starts} of them, and what it allows soon does`, { timeout: 1_200_000 }, async () => {
    run(['nsenter', `--net=${closed.namespace}`, 'nft', '-f', '-'], counter);
    const reports: Started[] = [];
    for (let first = 0; first < starts; first += atOnce) {
      const names = Array.from({ length: atOnce }, (_, index) => `new-${first + index}`);
      world.apply(
        ...names.map((name, index) =>
          startingPod(name, { app: 'new' }, `node${(index % 2) + 1}`, [`${closed.address}:53`, `${open.address}:80`]),
        ),
      );
      reports.push(...(await reportsOf(names)));
      world.kubectl(['delete', 'pods', '--selector=app=new', '--wait=false']);
    }
    const listing = run(['nsenter', `--net=${closed.namespace}`, 'nft', '-j', 'list', 'set', 'inet', 'count', 'seen']);
    const leaks = leaksOf(listing);
    const delays = reports.flatMap(({ connectedAfter = Number.POSITIVE_INFINITY }) => connectedAfter).sort((a, b) => a - b);
    const at = (part: number): string => delays[Math.ceil(delays.length * part) - 1]!.toFixed(1);
    console.log(
      `${starts} pods sent ${reports.reduce((sum, { sent }) => sum + sent, 0)} packets that policy denies; of ${leaks.length} pods ` +
        `${leaks.reduce((sum, packets) => sum + packets, 0)} arrived. Allowed connections stood after ${at(0.5)} ms (p50), ${at(0.99)} ms (p99)`,
    );
    expect(leaks).toEqual([]);
    expect(reports.every(({ sent }) => sent > 0)).toBe(true);
    expect(delays.at(-1)).toBeLessThan(2000);
  });

  /** Waits until pods have ended, and reads what they tell. */
  async function reportsOf(names: readonly string[]): Promise<Started[]> {
    for (const deadline = Date.now() + 120_000; ; await sleep(500)) {
      const messages = JSON.parse(world.kubectl(['get', 'pods', '--selector=app=new', '-o', 'json'])) as {
        items: { metadata: { name: string }; status: { containerStatuses?: { state: { terminated?: { message?: string } } }[] } }[];
      };
      const told = messages.items.flatMap(({ metadata, status }) => {
        const message = status.containerStatuses?.[0]?.state.terminated?.message;
        return names.includes(metadata.name) && message !== undefined ? [JSON.parse(message) as Started] : [];
      });
      if (told.length === names.length) return told;
      if (Date.now() > deadline) throw new Error(`only ${told.length} of ${names.length} pods have ended`);
    }
  }
});

/** The packets that arrived from each address. Source: libnftables-json(5). */
function leaksOf(listing: string): number[] {
  const { nftables } = JSON.parse(listing) as { nftables: { set?: { elem?: { elem: { counter: { packets: number } } }[] } }[] };
  return nftables.flatMap(({ set }) => (set?.elem ?? []).map(({ elem }) => elem.counter.packets));
}
