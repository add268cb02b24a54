import { atoms, type Interval, normalize, numbers } from '../net/interval.ts';
import { portsMeant } from './rule-match.ts';
import type { Side } from './sides.ts';

/** The ports from one to another, in runs that no rule at either gate tells apart: what holds for one port of a run holds for all. */
export function portAtoms(from: Side, to: Side, protocol: string, whole: Interval<number>): readonly Interval<number>[] {
  if (whole[0] === whole[1]) return [whole];
  const declared = [...to.classes].flatMap(({ ports }) => ports);
  const matches = [...from.portMatches('egress'), ...to.portMatches('ingress')].filter((match) => match.protocol === protocol);
  const sets = matches.map((match) => normalize(numbers, portsMeant(match, declared)));
  return atoms(numbers, whole, sets);
}
