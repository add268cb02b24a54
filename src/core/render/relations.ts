import { equalTraffic, intersectTraffic, type Traffic } from '../net/port-set.ts';
import { getOrMake } from '../policy/get-or-make.ts';
import type { Group } from './crowd.ts';
import { type GroupPair, isUniform } from './rollup.ts';
import { commonText } from './traffic.ts';

/** Groups that may do one thing to others. */
export interface Relation {
  /** What each of the pairs may do, or some of them. */
  readonly traffic: string;
  readonly from: readonly Group[];
  readonly to: readonly Group[];
  /**
   * How the groups are to be read: every source with every destination; the sources with each other and the destinations; each with
   * itself and the destinations; each source with some of the destinations, or the other way round; each with its own nodes.
   */
  readonly reading: 'all' | 'each other' | 'own' | 'each its own' | 'own node';
  readonly pairs: readonly GroupPair[];
}

/** Namespaces with a range outside of their own each, from which on they are one relation. */
const fewestAlike = 3;

/** Equal for equal groups, in whatever order. */
const keyOf = (groups: Iterable<Group>): string => JSON.stringify(Array.from(groups, ({ name }) => name).sort());

/** Pairs as few relations: those with equal traffic together, and of these, groups that have the same with the same. */
export function relationsOf(pairs: readonly GroupPair[]): Relation[] {
  // Most pairs share their sets with others: what is said of these is written once.
  const known = new Map<Traffic, Map<Traffic, string>>();
  const textOf = (pair: GroupPair): string =>
    getOrMake(
      getOrMake(known, pair.every, () => new Map()),
      pair.some,
      () => `${isUniform(pair)} ${commonText(pair.every, pair.some)}`,
    );
  const texts = Map.groupBy(pairs, textOf);
  return [...texts.values()].flatMap((alike) => {
    const traffic = commonText(alike[0]!.every, alike[0]!.some);
    const kinds = Map.groupBy(alike, kindOf);
    return [
      ...insideRelations(kinds.get('inside') ?? []),
      ...sidedRelations(kinds.get('nodes') ?? [], 'to', 'own node'),
      ...sidedRelations(kinds.get('from nodes') ?? [], 'from', 'own node'),
      ...sidedRelations(withGreater(kinds.get('outside') ?? [], pairs), 'to', 'all'),
      ...sidedRelations(withGreater(kinds.get('from outside') ?? [], pairs), 'from', 'all'),
    ].map((relation) => ({ ...relation, traffic }));
  });
}

type Untold = Omit<Relation, 'traffic'>;

function kindOf({ from, to, ownNode, reached }: GroupPair): string {
  const isOwnNode = ownNode > 0 && ownNode === reached;
  if (from.kind === 'outside') return 'from outside';
  if (to.kind === 'outside') return 'outside';
  if (from.kind === 'nodes') return isOwnNode ? 'from nodes' : 'inside';
  return to.kind === 'nodes' && isOwnNode ? 'nodes' : 'inside';
}

/** Sources together that reach the same: first exactly, then but for themselves. */
function insideRelations(pairs: readonly GroupPair[]): Untold[] {
  const rows = Array.from(
    Map.groupBy(pairs, ({ from }) => from),
    ([from, row]) => ({ from, row, to: row.map(({ to }) => to) }),
  );
  const [equal, odd] = gather(rows, ({ to }) => keyOf(to));
  const [eachOther, left] = gather(
    odd.filter(({ from, to }) => !to.includes(from)),
    ({ from, to }) => keyOf([from, ...to]),
  );
  const [own, alone] = gather(
    odd.filter(({ from, to }) => to.includes(from)),
    ({ from, to }) => keyOf(to.filter((group) => group !== from)),
  );
  const relation = (rows: readonly (typeof odd)[number][], reading: Relation['reading'], isMeant: (to: Group) => boolean): Untold => ({
    from: rows.map(({ from }) => from),
    to: rows[0]!.to.filter(isMeant),
    reading,
    pairs: rows.flatMap(({ row }) => row),
  });
  return [
    ...[...equal, ...[...left, ...alone].map((row) => [row])].map((rows) => relation(rows, 'all', () => true)),
    ...eachOther.map((rows) => relation(rows, 'each other', (group) => !rows.some(({ from }) => from === group))),
    ...own.map((rows) => relation(rows, 'own', (group) => group !== rows[0]!.from)),
  ];
}

/** Groups together that have the same with the same groups on one side, and those that have some of their own there each. */
function sidedRelations(pairs: readonly GroupPair[], side: 'from' | 'to', reading: Relation['reading']): Untold[] {
  const subject = side === 'from' ? 'to' : 'from';
  const rows = Array.from(
    Map.groupBy(pairs, (pair) => pair[subject]),
    ([group, row]) => ({ subjects: [group], pairs: row, others: row.map((pair) => pair[side]) }),
  );
  const alike = Array.from(Map.groupBy(rows, ({ others }) => keyOf(others)).values(), (rows) => ({
    subjects: rows.flatMap(({ subjects }) => subjects),
    pairs: rows.flatMap(({ pairs }) => pairs),
    others: rows[0]!.others,
  }));
  const uses = Map.groupBy(
    alike.flatMap(({ others }) => others),
    (other) => other,
  );
  const own = alike.filter(
    ({ subjects, others }) => subjects.length < fewestAlike && others.every((other) => uses.get(other)!.length === 1),
  );
  const relation = ({ subjects, others, pairs }: (typeof alike)[number], reading: Relation['reading']): Untold =>
    side === 'to' ? { from: subjects, to: others, reading, pairs } : { from: others, to: subjects, reading, pairs };
  if (own.length < fewestAlike) return alike.map((each) => relation(each, reading));
  const together = {
    subjects: own.flatMap(({ subjects }) => subjects),
    others: own.flatMap(({ others }) => others),
    pairs: own.flatMap(({ pairs }) => pairs),
  };
  return [...alike.filter((each) => !own.includes(each)).map((each) => relation(each, reading)), relation(together, 'each its own')];
}

/** The pairs with outside, and for the same groups inside those that may do more: what holds for less holds for them, too. */
function withGreater(pairs: readonly GroupPair[], all: readonly GroupPair[]): readonly GroupPair[] {
  const [first] = pairs;
  if (first === undefined) return pairs;
  const side = first.from.kind === 'outside' ? 'to' : 'from';
  const other = side === 'to' ? 'from' : 'to';
  const subjects = new Set(pairs.map((pair) => pair[side]));
  const known = new Set(pairs);
  const greater = all.filter(
    (pair) => pair[other].kind === 'outside' && subjects.has(pair[side]) && !known.has(pair) && isGreater(pair, first),
  );
  return [...pairs, ...greater];
}

const isGreater = (a: GroupPair, b: GroupPair): boolean =>
  equalTraffic(intersectTraffic(a.every, b.every), b.every) && equalTraffic(intersectTraffic(a.some, b.some), b.some);

/** The items that share their key with another, together, and those that don't. */
function gather<T>(items: readonly T[], keyOf: (item: T) => string): [together: T[][], odd: T[]] {
  const groups = [...Map.groupBy(items, keyOf).values()];
  return [groups.filter(({ length }) => length > 1), groups.filter(({ length }) => length === 1).flat()];
}
