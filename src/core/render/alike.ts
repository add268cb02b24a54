/** Things with something between them: what is drawn as nodes and edges. */
export interface Relatives {
  readonly size: number;
  /** Only things of one family can be alike. */
  readonly familyOf: (thing: number) => unknown;
  /** What leads from one thing to another, or to itself; undefined where nothing does. Equal values mean the same. */
  readonly between: (from: number, to: number) => unknown;
  /** Whether something could lead from the thing to itself. */
  readonly hasSelf: (thing: number) => boolean;
}

/** Things that are alike to everybody else, and treat each other alike: classes in the order of their first members. */
export function alikeClasses(relatives: Relatives): number[][] {
  const classes: number[][] = [];
  const families = new Map<unknown, number[][]>();
  for (let thing = 0; thing < relatives.size; thing++) {
    const family = relatives.familyOf(thing);
    const known = families.get(family) ?? [];
    families.set(family, known);
    const kin = known.find((members) => isAlike(relatives, members, thing));
    if (kin === undefined) {
      const members = [thing];
      known.push(members);
      classes.push(members);
    } else kin.push(thing);
  }
  return classes;
}

function isAlike({ size, between, hasSelf }: Relatives, members: readonly number[], thing: number): boolean {
  const [first, second] = members as [number, number?];
  const inner = between(first, thing);
  if (inner !== between(thing, first) || (second !== undefined && inner !== between(first, second))) return false;
  // Of what has no way to itself, nothing is said that could differ; what is said of the other is said of all of them.
  const selves = [first, thing].map((each) => (hasSelf(each) ? between(each, each) : inner));
  if ((hasSelf(first) || hasSelf(thing)) && selves[0] !== selves[1]) return false;
  for (let other = 0; other < size; other++) {
    if (other === first || other === thing) continue;
    if (between(first, other) !== between(thing, other) || between(other, first) !== between(other, thing)) return false;
  }
  return true;
}
