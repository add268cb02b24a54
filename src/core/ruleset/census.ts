import type { PodClass } from '../policy/model.ts';
import { frame } from './frame.ts';
import type { Denials, RulesetObject } from './types.ts';

/** How large a table is. */
export interface Census {
  readonly objects: Readonly<Record<RulesetObject['kind'], number>>;
  readonly elements: Readonly<Record<'set' | 'map', number>>;
  readonly rules: number;
  /** Whether addresses that belong to no known pod are held back. */
  readonly holdsBack: boolean;
}

/** Counts what a table holds. */
export function censusOf(all: Iterable<RulesetObject>): Census {
  const objects = { chain: 0, set: 0, map: 0, counter: 0 };
  const elements = { set: 0, map: 0 };
  let rules = 0;
  let holdsBack = false;
  for (const object of all) {
    objects[object.kind]++;
    if (object.kind === 'set' || object.kind === 'map') elements[object.kind] += object.elements.size;
    if (object.kind === 'chain') rules += object.rules.length;
    if (object.name === frame.hold && object.kind === 'chain') holdsBack = object.rules.length > 0;
  }
  return { objects, elements, rules, holdsBack };
}

/** Whose denials each counter of a table counts, by the counter's name. */
export function denialsIn(all: Iterable<RulesetObject>): Map<string, Denials> {
  const denials = new Map<string, Denials>();
  for (const object of all) if (object.kind === 'counter' && object.denials !== undefined) denials.set(object.name, object.denials);
  return denials;
}

/** The pods of a node that policies select. */
export interface Subjects {
  /** How many there are. */
  readonly pods: number;
  /** How many each policy selects, by the policy's name; those that select none are not here. */
  readonly byPolicy: ReadonlyMap<string, number>;
}

/** Counts the subjects among these pods, of which each may be given once for every address. */
export function subjectsOf(pods: Iterable<{ readonly podClass: PodClass; readonly name: string }>): Subjects {
  const members = new Map<PodClass, Set<string>>();
  for (const { podClass, name } of pods) {
    const names = members.get(podClass);
    if (names === undefined) members.set(podClass, new Set([name]));
    else names.add(name);
  }
  const byPolicy = new Map<string, number>();
  let selected = 0;
  for (const [podClass, { size }] of members) {
    const policies = [...podClass.sets].flatMap((set) => [...set.subjectOf]);
    if (policies.length > 0) selected += size;
    for (const { name } of policies) byPolicy.set(name, (byPolicy.get(name) ?? 0) + size);
  }
  return { pods: selected, byPolicy };
}
