import { type Opinion, problem, warning } from '#core/enforcement/examination.ts';
import type { Check } from '../check.ts';

/** Shares of the table at which to say so. */
const [many, nearlyAll] = [0.75, 0.95];

/** Whether connection tracking is there, and has room: without room new connections are dropped, whatever policy says. */
export const conntrackRoom: Check = {
  name: 'conntrack',
  async examine(machine): Promise<Opinion> {
    const [count, max] = [machine.setting('netfilter/nf_conntrack_count'), machine.setting('netfilter/nf_conntrack_max')];
    if (count === undefined || max === undefined) {
      const remedy = 'modprobe nf_conntrack; the agent loads it with its first rules where modules may be loaded';
      return { summary: 'not loaded', hindrances: [warning('the kernel tracks no connections yet', remedy)] };
    }
    return { summary: `${count} of ${max} connections`, hindrances: roomIn(count, max) };
  },
};

/** What there is to say of a table that holds so many. */
export function roomIn(count: number, max: number): Opinion['hindrances'] & object {
  const say = count >= nearlyAll * max ? problem : warning;
  if (max === 0 || count < many * max) return [];
  const message = `the table of connections is ${Math.floor((100 * count) / max)} % full; when it is full new connections are dropped, whatever policy says`;
  return [
    say(
      message,
      `sysctl -w net.netfilter.nf_conntrack_max=${2 * max}, which costs some ${Math.ceil((max * 320) / 2 ** 20)} MiB more when it is full`,
    ),
  ];
}
