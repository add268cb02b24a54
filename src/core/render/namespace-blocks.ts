import { type Block, type Blocks, isNothing, type Reach, trafficRank } from './blocks.ts';
import type { Group } from './crowd.ts';
import { outsideNames, rangesOf, rangesText } from './outside.ts';
import { type Relation, relationsOf } from './relations.ts';
import { isUniform, type RollUp } from './rollup.ts';

/** Names that are listed before the others are only counted. */
const mostNames = 12;

/**
 * The matrix by namespace. A block holds everything with one traffic between the same namespaces, so that what many namespaces
 * have in common (the cluster's DNS, monitoring, their own team) stands there once; those with the most sources come first.
 * `everyone` are the groups by which `every namespace` is meant.
 */
export function namespaceBlocks({ pairs }: RollUp, everyone: readonly Group[], denied: boolean): Blocks {
  const names = new GroupNames(everyone);
  const shown = pairs.filter(({ reached }) => denied || reached > 0);
  const relations = relationsOf(shown).sort((a, b) => names.rankOf(a) - names.rankOf(b));
  const blocks = [...Map.groupBy(relations, (relation) => JSON.stringify(names.sourcesOf(relation))).values()];
  return {
    blocks: blocks.map((each): Block => ({ from: names.sourcesOf(each[0]!), reach: reachOf(each, names) })),
    pairs: shown.reduce((sum, { reached, pairs }) => sum + (denied ? pairs : reached), 0),
  };
}

/** What relations of the same sources allow. Destinations that differ in nothing stand together. */
function reachOf(relations: readonly Relation[], names: GroupNames): Reach[] {
  const reach = Map.groupBy(relations, (relation) => JSON.stringify([relation.traffic, pairsOf(relation)]));
  return [...reach.values()]
    .map(
      (alike): Reach => ({
        traffic: alike[0]!.traffic,
        ...pairsOf(alike[0]!),
        to: alike.flatMap((relation) => names.destinationsOf(relation)),
      }),
    )
    .sort((a, b) => trafficRank(a.traffic) - trafficRank(b.traffic) || (a.traffic < b.traffic ? -1 : 1));
}

function pairsOf({ pairs, traffic, reading }: Relation): { pairs?: string } {
  if (isNothing(traffic) || reading === 'own node' || pairs.every(isUniform)) return {};
  const [reached, all] = [pairs.reduce((sum, pair) => sum + pair.reached, 0), pairs.reduce((sum, pair) => sum + pair.pairs, 0)];
  return { pairs: `${reached} of ${all}` };
}

/** What groups are called in a roll-up. */
class GroupNames {
  readonly #groups: readonly Group[];
  readonly #outside: ReadonlyMap<string, string>;
  readonly #places: ReadonlyMap<string, number>;

  constructor(groups: readonly Group[]) {
    this.#groups = groups;
    this.#outside = outsideNames(groups.flatMap(({ kind, members }) => (kind === 'outside' ? members : [])));
    this.#places = new Map(groups.map(({ name }, place) => [name, place]));
  }

  /** Many sources first, then in the order of the endpoints; nodes and what comes from outside last. */
  rankOf({ from }: Relation): number {
    const size = this.#groups.length;
    const kind = from[0]!.kind;
    const major = kind === 'outside' ? 2 * size + 1 : kind === 'nodes' ? 2 * size : size - from.length;
    return major * size + this.#places.get(from[0]!.name)!;
  }

  sourcesOf({ from, reading }: Relation): string[] {
    if (from[0]!.kind === 'nodes' && reading === 'own node') return ['own node'];
    return reading === 'each its own' && from[0]!.kind === 'outside' ? [this.#eachOf(from)] : this.#list(from);
  }

  destinationsOf({ from, to, reading }: Relation): string[] {
    if (reading === 'own node' && to[0]!.kind === 'nodes') return ['own node'];
    if (reading === 'each its own') return from[0]!.kind === 'outside' ? this.#list(to) : [this.#eachOf(to)];
    const self = reading === 'own' ? ['own namespace'] : reading === 'each other' ? ['each other'] : [];
    return [...self, ...this.#list(to)];
  }

  /** Ranges of which each of several namespaces has its own. */
  #eachOf(outside: readonly Group[]): string {
    return `each its own of ${rangesText(outside.flatMap(({ members }) => members.flatMap(rangesOf)))}`;
  }

  #list(groups: readonly Group[]): string[] {
    const names = [
      ...this.#crowd(groups, 'namespace', 'every namespace', ({ name }) => name.slice(0, -2)),
      ...this.#crowd(groups, 'nodes', '', ({ name }) => name),
      ...this.#crowd(groups, 'potential', '', ({ name }) => name),
      ...this.#crowd(groups, 'outside', 'outside', ({ name }) => this.#outside.get(name) ?? name),
    ];
    return names.length <= mostNames ? names : [...names.slice(0, mostNames - 1), `and ${names.length - mostNames + 1} more`];
  }

  #crowd(groups: readonly Group[], kind: Group['kind'], all: string, nameOf: (group: Group) => string): string[] {
    const present = new Set(groups.filter((group) => group.kind === kind).map(({ name }) => name));
    const known = this.#groups.filter((group) => group.kind === kind);
    const missing = known.filter(({ name }) => !present.has(name));
    if (known.length > 1 && missing.length === 0) return [all];
    if (missing.length > 0 && missing.length <= 2 && missing.length * 4 <= known.length)
      return [`${all} but ${missing.map(nameOf).join(' and ')}`];
    return known.filter(({ name }) => present.has(name)).map(nameOf);
  }
}
