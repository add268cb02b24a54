import { type Direction, directions } from '../api/types.ts';
import { atoms, type Interval, normalize, numbers } from '../net/interval.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import type { Endpoint } from './endpoint.ts';
import { classesOf } from './outcome.ts';
import { portsMeant } from './rule-match.ts';

/** The ports from one to another, in runs that no rule at either gate tells apart: what holds for one port of a run holds for all. */
export function portAtoms(
  model: PolicyModel,
  ends: Readonly<Record<'from' | 'to', Pick<Endpoint, 'members'>>>,
  protocol: string,
  whole: Interval<number>,
): readonly Interval<number>[] {
  if (whole[0] === whole[1]) return [whole];
  const destinations = classesOf(model, ends.to);
  const declared = [...destinations].flatMap(({ ports }) => ports);
  const classes = { egress: classesOf(model, ends.from), ingress: destinations };
  const policies = (direction: Direction) => new Set([...classes[direction]].flatMap((each) => model.policiesOf(each, direction)));
  const rules = directions.flatMap((direction) => [...policies(direction)].flatMap((policy) => policy[direction]!));
  const matches = rules.flatMap(({ ports = [] }) => ports).filter((match) => match.protocol === protocol);
  const sets = matches.map((match) => normalize(numbers, portsMeant(match, declared)));
  return atoms(numbers, whole, sets);
}
