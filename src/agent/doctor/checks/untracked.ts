import { type Opinion, problem, warning } from '#core/enforcement/examination.ts';
import type { Check } from '../check.ts';
import { contains, placeOf } from '../machine.ts';

/** Rules that keep connections from being tracked: for isolated pods these packets are dropped, for the agent cannot tell who began. */
export const untracked: Check = {
  name: 'notrack',
  async examine(machine): Promise<Opinion> {
    const hindrances = (await machine.foreign()).listed.flatMap((rule) => {
      if (rule.expr?.some((part) => 'notrack' in part)) return [problem(`${placeOf(rule)}: notrack; ${effect}`, remedy)];
      const isTarget = rule.expr?.some(isCompatTarget);
      return isTarget ? [warning(`${placeOf(rule)}: -j CT, which may be NOTRACK; ${effect}`, remedy)] : [];
    });
    return { summary: hindrances.length === 0 ? 'every packet is tracked' : 'not every packet is tracked', hindrances };
  },
};

const effect = 'what it takes out of connection tracking is dropped at isolated pods';
const remedy = 'have its owner leave out the addresses of pods';

/** Source: xt_target in libnftables' json.c. */
const isCompatTarget = ({ xt }: Readonly<Record<string, unknown>>): boolean =>
  contains([xt], ({ type, name }) => type === 'target' && (name === 'CT' || name === 'NOTRACK'));
