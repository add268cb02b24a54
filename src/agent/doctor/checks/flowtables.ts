import { type Opinion, problem } from '#core/enforcement/examination.ts';
import type { Check } from '../check.ts';

/** Flow tables take packets of known connections past every rule: what loses its right goes on. */
export const flowtables: Check = {
  name: 'flowtables',
  async examine(machine): Promise<Opinion> {
    const found = (await machine.foreign()).listed.filter(({ kind }) => kind === 'flowtable');
    const hindrances = found.map(({ family, table, name }) =>
      problem(
        `flow table ${name} in table ${family} ${table} takes connections past every rule: a live connection that loses its right goes on`,
        'have its owner leave out the interfaces of pods, or turn it off',
      ),
    );
    return { summary: found.length === 0 ? 'none' : `${found.length} of others`, hindrances };
  },
};
