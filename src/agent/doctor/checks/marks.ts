import { type Opinion, problem, warning } from '#core/enforcement/examination.ts';
import { defaultMarkMask } from '#core/ruleset/frame.ts';
import type { Check } from '../check.ts';
import { contains, type Expression, placeOf } from '../machine.ts';

/** Whether others write those bits of connections' marks that are the agent's: such a connection may bypass policy. */
export const marks: Check = {
  name: 'marks',
  async examine(machine): Promise<Opinion> {
    const hindrances = (await machine.foreign()).listed.flatMap((rule) =>
      (rule.expr ?? []).flatMap((part) => {
        if (contains([part.xt], ({ name }) => name === 'CONNMARK'))
          return [warning(`${placeOf(rule)}: -j CONNMARK writes marks of connections, perhaps these bits`, remedy)];
        const bits = (writtenBits(part) & defaultMarkMask) >>> 0;
        if (bits === 0) return [];
        const message = `${placeOf(rule)} writes bits 0x${bits.toString(16)} of connections' marks, which are the agent's: such connections may bypass policy`;
        return [problem(message, remedy)];
      }),
    );
    return { summary: `0xff000000 ${hindrances.length === 0 ? "is nobody else's" : 'may be written by others'}`, hindrances };
  },
};

const remedy = 'give the agent bits that nobody writes (--mark-mask 0x00ff0000), or none (--mark-mask 0)';

/** The bits of a connection's mark that a statement may change: `ct mark set ct mark & 0xff | 0x1` leaves the lowest eight but one. */
function writtenBits({ mangle }: Expression): number {
  const { key, value } = (mangle ?? {}) as { readonly key?: unknown; readonly value?: unknown };
  if (!isMark(key)) return 0;
  return ~keptBits(value);
}

/** The bits of an expression that are those of the old mark, whatever else it says. */
function keptBits(value: unknown): number {
  if (isMark(value)) return -1;
  if (typeof value !== 'object' || value === null) return 0;
  const { '&': and, '|': or, '^': xor } = value as { readonly [operator: string]: readonly [unknown, unknown] | undefined };
  if (and !== undefined) return keptBits(and[0]) & numberOf(and[1], 0);
  const changed = or ?? xor;
  return changed === undefined ? 0 : keptBits(changed[0]) & ~numberOf(changed[1], -1);
}

const numberOf = (value: unknown, otherwise: number): number => (typeof value === 'number' ? value | 0 : otherwise);
const isMark = (value: unknown): boolean =>
  contains([value], ({ ct }) => (ct as { key?: string } | undefined)?.key === 'mark') && isKey(value);
/** `{"ct": {"key": "mark"}}` and nothing around it. */
const isKey = (value: unknown): boolean => typeof value === 'object' && value !== null && 'ct' in value;
