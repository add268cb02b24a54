import type { ConnectionAnswer } from '../connectivity/answers.ts';
import type { MatrixEndpoint } from '../connectivity/endpoints.ts';
import { Crowd } from './crowd.ts';
import { pairText } from './traffic.ts';

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

/** What of a connection a table says. */
export type Allowed = Pick<ConnectionAnswer, 'from' | 'to' | 'traffic' | 'partial' | 'dependsOn'>;

/**
 * The matrix by workload: sources that reach the same with the same traffic are one block, and whole namespaces one word. Undefined
 * as soon as its blocks say more than `most` things. `everyone` are the endpoints by which a namespace is whole.
 */
export const workloadBlocks = (connections: Iterable<Allowed>, everyone: readonly MatrixEndpoint[], most: number): Blocks | undefined =>
  blocksBy(connections, markedText, new Crowd(everyone), most);

/** What a pair may do, marked where that depends on the network plugin. */
export const markedText = (pair: Pick<ConnectionAnswer, 'traffic' | 'partial' | 'dependsOn'>): string =>
  pairText(pair) + (pair.dependsOn === undefined ? '' : mark);

/** Pairs in blocks by what the text says of them. The pairs come in the order of their sources. */
export function blocksBy<T extends Pick<Allowed, 'from' | 'to'>>(
  pairs: Iterable<T>,
  textOf: (pair: T) => string,
  crowd: Crowd,
  most = Number.POSITIVE_INFINITY,
): Blocks | undefined {
  const groups = new Map<string, { readonly sources: Set<string>; readonly reach: ReadonlyMap<string, readonly string[]> }>();
  let all = 0;
  let said = 0;
  for (const [source, row] of rowsOf(pairs, textOf)) {
    const byTraffic = [...row].sort(([a], [b]) => trafficRank(a) - trafficRank(b) || (a < b ? -1 : 1));
    const reach = new Map(byTraffic.map(([traffic, destinations]) => [traffic, crowd.namesOf(destinations, source)]));
    for (const destinations of row.values()) all += destinations.size;
    const key = JSON.stringify([...reach]);
    const group = groups.get(key);
    if (group === undefined) {
      groups.set(key, { sources: new Set([source]), reach });
      said += reach.size;
    } else group.sources.add(source);
    if (said > most) return undefined;
  }
  const blocks = Array.from(groups.values(), ({ sources, reach }) => ({
    from: crowd.namesOf(sources),
    reach: Array.from(reach, ([traffic, to]) => ({ traffic, to })),
  }));
  return { blocks, pairs: all };
}

/** Everything first, nothing last. */
export const trafficRank = (text: string): number => (text === 'all' || text === `all${mark}` ? 0 : isNothing(text) ? 2 : 1);

/** The pairs of each source, by traffic. */
function* rowsOf<T extends Pick<Allowed, 'from' | 'to'>>(
  pairs: Iterable<T>,
  textOf: (pair: T) => string,
): Iterable<[source: string, row: Map<string, Set<string>>]> {
  let source: string | undefined;
  let row = new Map<string, Set<string>>();
  for (const pair of pairs) {
    if (pair.from !== source) {
      if (source !== undefined) yield [source, row];
      source = pair.from;
      row = new Map();
    }
    const traffic = textOf(pair);
    const destinations = row.get(traffic);
    if (destinations === undefined) row.set(traffic, new Set([pair.to]));
    else destinations.add(pair.to);
  }
  if (source !== undefined) yield [source, row];
}
