import type { ConnectionAnswer } from '../connectivity/answers.ts';
import type { ReachAnswer } from '../connectivity/connectivity.ts';
import type { MatrixEndpoint } from '../connectivity/endpoints.ts';
import { getOrMake } from '../policy/get-or-make.ts';
import { Crowd } from './crowd.ts';
import { type Members, pairText } from './traffic.ts';

/** A part of a table for readers: sources that may do the same, and what they may do to whom. */
export interface Block {
  readonly from: readonly string[];
  readonly reach: readonly Reach[];
}

/** What the sources of a block may do to whom. */
export interface Reach {
  /** In few words; `nothing` is a denial. */
  readonly traffic: string;
  /** In a roll-up, of how many pairs that holds: `16 of 100`; absent where it holds of all. */
  readonly pairs?: string;
  readonly to: readonly string[];
}

/** The matrix in blocks, and how many pairs are in it. */
export interface Blocks {
  readonly blocks: readonly Block[];
  readonly pairs: number;
}

/** What stands for no traffic at all. */
const nothing = 'nothing';

/** Stands behind traffic that depends on the network plugin. */
export const mark = '*';

/** Whether a text of traffic is a denial. */
export const isNothing = (traffic: string): boolean => traffic === nothing || traffic === nothing + mark;

/** A source with some of its destinations, of which the text says what they may do. */
export interface Row {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
}

/** What is too much to read: the weight of what blocks say, by the names of destinations that they say it of. */
export interface Limit {
  readonly most: number;
  readonly weigh: (names: readonly string[]) => number;
}

/**
 * The matrix by workload: sources that reach the same with the same traffic are one block, and whole namespaces one word. Undefined
 * as soon as its blocks are too much. `everyone` are the endpoints by which a namespace is whole.
 */
export function workloadBlocks(reach: Iterable<ReachAnswer>, everyone: readonly MatrixEndpoint[], limit?: Limit): Blocks | undefined {
  const crowd = new Crowd(everyone);
  return blocksBy(rowsOf(reach, crowd), crowd, limit);
}

function* rowsOf(reach: Iterable<ReachAnswer>, crowd: Crowd): Iterable<Row> {
  for (const { from, to, said } of reach) {
    if (said.partial === undefined) yield { from, to, text: markedText(said, 'pods') };
    else
      for (const [members, some] of Map.groupBy(to, (each) => crowd.membersOf(from, each)))
        yield { from, to: some, text: markedText(said, members) };
  }
}

/** What a pair may do, marked where that depends on the network plugin. */
export const markedText = (pair: Pick<ConnectionAnswer, 'traffic' | 'partial' | 'dependsOn'>, members: Members): string =>
  pairText(pair, members) + (pair.dependsOn === undefined ? '' : mark);

/** Rows in blocks by what is said in them: undefined as soon as that is too much. Rows of one source stand together. */
export function blocksBy(rows: Iterable<Row>, crowd: Crowd, limit?: Limit): Blocks | undefined {
  const groups = new Map<string, { readonly sources: Set<string>; readonly reach: ReadonlyMap<string, readonly string[]> }>();
  let all = 0;
  let weight = 0;
  for (const [source, byText] of bySource(rows)) {
    const byTraffic = [...byText].sort(([a], [b]) => trafficRank(a) - trafficRank(b) || (a < b ? -1 : 1));
    const reach = new Map(byTraffic.map(([traffic, destinations]) => [traffic, crowd.namesOf(destinations, source)]));
    for (const destinations of byText.values()) all += destinations.size;
    const key = JSON.stringify([...reach]);
    const group = groups.get(key);
    if (group === undefined) {
      groups.set(key, { sources: new Set([source]), reach });
      if (limit !== undefined) for (const names of reach.values()) weight += limit.weigh(names);
    } else group.sources.add(source);
    if (limit !== undefined && weight > limit.most) return undefined;
  }
  const blocks = Array.from(groups.values(), ({ sources, reach }) => ({
    from: crowd.namesOf(sources),
    reach: Array.from(reach, ([traffic, to]) => ({ traffic, to })),
  }));
  return { blocks, pairs: all };
}

/** Everything first, nothing last. */
export const trafficRank = (text: string): number => (text === 'all' || text === `all${mark}` ? 0 : isNothing(text) ? 2 : 1);

/** The destinations of each source, by text. */
function* bySource(rows: Iterable<Row>): Iterable<[source: string, byText: ReadonlyMap<string, ReadonlySet<string>>]> {
  let source: string | undefined;
  let byText = new Map<string, Set<string>>();
  for (const { from, to, text } of rows) {
    if (from !== source) {
      if (source !== undefined) yield [source, byText];
      source = from;
      byText = new Map();
    }
    const destinations = getOrMake(byText, text, () => new Set<string>());
    for (const each of to) destinations.add(each);
  }
  if (source !== undefined) yield [source, byText];
}
