import { type Opinion, warning } from '#core/enforcement/examination.ts';
import type { Check } from '../check.ts';
import type { Machine } from '../machine.ts';

/** Whether a pod could send from another's address, or loses answers that come another way. */
export const reversePath: Check = {
  name: 'reverse-path',
  async examine(machine): Promise<Opinion> {
    const links = podLinks(machine);
    const unguarded = links.filter((name) => filterOf(machine, name) === 0);
    if (links.length === 0) return { summary: 'no pod has a link of its own here' };
    if (unguarded.length === 0 || (await agentGuards(machine)))
      return { summary: `what comes from ${links.length} links of pods must have their addresses` };
    return {
      summary: `${unguarded.length} of ${links.length} links of pods are not filtered`,
      hindrances: [
        warning(
          `from ${unguarded.slice(0, 3).join(', ')}${unguarded.length > 3 ? ' and others' : ''} a pod may send with another pod's address, and is judged as that pod (answers go to the other)`,
          'start the agent with --pod-interfaces and a pattern of these names, or set net.ipv4.conf.LINK.rp_filter=1',
        ),
      ],
    };
  },
};

/** The interfaces that lead to one pod: routes to a whole address through them. Source: fib_route_seq_show in net/ipv4/fib_trie.c. */
function podLinks(machine: Machine): string[] {
  const pods = new Set(machine.podAddresses());
  const lines = (machine.read('/proc/thread-self/net/route') ?? '').split('\n').map((line) => line.split('\t'));
  const found = lines.flatMap(([device, destination, , , , , , mask]) =>
    device !== undefined && mask === 'FFFFFFFF' && pods.has(addressIn(destination!)) ? [device] : [],
  );
  return [...new Set(found)].sort();
}

/** An address that stands there backwards. */
const addressIn = (hex: string): string =>
  hex
    .match(/../g)!
    .map((byte) => Number.parseInt(byte, 16))
    .reverse()
    .join('.');

/** What is in force is the stricter of the two. Source: ip-sysctl of the kernel, rp_filter. */
const filterOf = (machine: Machine, name: string): number =>
  Math.max(machine.setting('ipv4/conf/all/rp_filter') ?? 0, machine.setting(`ipv4/conf/${name.replaceAll('.', '/')}/rp_filter`) ?? 0);

/** Whether an agent does it with its own rules. */
async function agentGuards(machine: Machine): Promise<boolean> {
  const text = await machine.nft(['list', 'tables']);
  return (
    text.includes('table inet sallyport\n') && (await machine.nft(['list', 'table', 'inet', 'sallyport'])).includes('fib saddr . iif oif')
  );
}
