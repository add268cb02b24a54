import { everyNamedPort, type Traffic } from '../net/port-set.ts';
import type { ConnectivityIndex } from './connectivity-index.ts';
import type { MatrixEntry } from './endpoints.ts';
import type { PairOutcome } from './pair-table.ts';
import type { PairFilter, PairWalk } from './pair-walk.ts';
import type { Sensitive } from './sensitive-classes.ts';
import { everything, nothing, type TrafficId } from './traffic-table.ts';

/** What becomes of a pair: it may do something afterwards only, before only, or something else. */
export type Change = 'opened' | 'closed' | 'changed';

/** Is told of a pair; where both indexes have an endpoint, the first index's is meant. */
export type Tell = (from: MatrixEntry, to: MatrixEntry, change: Change) => void;

/** What of the pairs is looked at. */
interface Limits {
  readonly touched: Sensitive;
  readonly traffic: Traffic | undefined;
  /** Ends that policy knows in one of the indexes it may not know in the other: pairs of which it knows neither may do everything. */
  readonly isKnowledgeOther?: boolean;
}

/**
 * Tells of all pairs that two indexes of the same pods and nodes answer differently, with nothing but what becomes of them. The indexes share
 * their table of traffics and divide the address space alike; only pairs with the given pods are looked at.
 */
export function visitChanges(indexes: readonly [ConnectivityIndex, ConnectivityIndex], limits: Limits, tell: Tell): void {
  const { touched, traffic, isKnowledgeOther = false } = limits;
  const [before, after] = indexes;
  const { classes, direction, blocks } = touched;
  const { traffics } = before.gates;
  // Nobody serves port 0.
  const compared = traffics.intersect(traffics.idOf(everyNamedPort), traffic === undefined ? everything : traffics.idOf(traffic));
  const wanted = (each: TrafficId): TrafficId => traffics.intersect(each, compared);
  // Where most are touched, all may as well be asked.
  const few = classes.size < before.classCount / 4 ? classes : undefined;
  const earlier = before.entries(after, few);
  const lists = [earlier, after.isGroupedLike(before) ? earlier : after.entries(before, few)] as const;
  const all = [...new Map(lists.toReversed().flatMap((entries) => entries.map((entry) => [entry.id, entry]))).values()];
  const places = new Map(all.map(({ id }, place) => [id, place]));
  const each = [...new Set(lists.flat())];
  const shown = idsOf(each.filter((entry) => entry.isOf(classes) || isPolicedNode(entry)));
  const held = direction === 'ingress' && blocks !== undefined ? idsOf(each.filter((entry) => before.isWithin(entry, blocks))) : undefined;
  const isShown = ({ id }: MatrixEntry): boolean => shown.has(id);
  const [old, now] = [before, after].map(
    (index, side) => new Side(index, lists[side]!, { places, isShown, direction, denied: isKnowledgeOther, wanted }),
  ) as [Side, Side];
  // A row has what may do something; or all that policy knows, and then whoever is not in it may do everything.
  const absent = isKnowledgeOther ? answerKey(compared, compared) : nobody;
  for (const [source, from] of all.entries()) {
    if (held !== undefined && !held.has(from.id)) continue;
    for (const [destination, change] of rowChanges(old.row(source), now.row(source), absent)) tell(from, all[destination]!, change);
  }
}

const idsOf = (entries: readonly MatrixEntry[]): ReadonlySet<string> => new Set(entries.map(({ id }) => id));

/** A node whose address a policed pod has: where policies see hostNetwork pods as pods. */
const isPolicedNode = ({ located, isPoliced }: MatrixEntry): boolean => located.length === 0 && isPoliced;

type Row = ReadonlyMap<number, AnswerKey>;

function* rowChanges(was: Row, is: Row, absent: AnswerKey): Generator<[destination: number, change: Change]> {
  for (const destination of new Set([...is.keys(), ...was.keys()])) {
    const [earlier, later] = [was.get(destination) ?? absent, is.get(destination) ?? absent];
    if (earlier !== later) yield [destination, earlier === nobody ? 'opened' : later === nobody ? 'closed' : 'changed'];
  }
}

/** What a pair may do, of what is compared: equal for equal answers of both indexes. */
type AnswerKey = number;

const answerKey = (every: TrafficId, some: TrafficId): AnswerKey => every * 2 ** 26 + some;

/** Of a pair that may do nothing. */
const nobody = answerKey(nothing, nothing);

/** One of two indexes that are walked side by side; endpoints go by their places in a list of both. */
class Side {
  readonly #outcomes: readonly PairOutcome[];
  readonly #walk: PairWalk;
  readonly #wanted: (traffic: TrafficId) => TrafficId;
  /** For each own place the common one, and the other way round. */
  readonly #common: readonly number[];
  readonly #own: ReadonlyMap<number, number>;

  constructor(
    index: ConnectivityIndex,
    entries: readonly MatrixEntry[],
    {
      places,
      isShown,
      direction,
      denied,
      wanted,
    }: Pick<PairFilter, 'isShown' | 'direction' | 'denied'> & {
      places: ReadonlyMap<string, number>;
      wanted: (traffic: TrafficId) => TrafficId;
    },
  ) {
    this.#outcomes = index.pairs.outcomes;
    this.#wanted = wanted;
    this.#walk = index.walk(entries, { isShown, isWanted: (each) => wanted(each) !== nothing, direction, denied });
    this.#common = entries.map(({ id }) => places.get(id)!);
    this.#own = new Map(this.#common.map((place, own) => [place, own]));
  }

  /** The destinations of a source, with what it may do to them. */
  row(place: number): Row {
    const own = this.#own.get(place);
    if (own === undefined) return new Map();
    return new Map(this.#walk.row(own).cells.map(([other, outcome]) => [this.#common[other]!, this.#keyOf(this.#outcomes[outcome]!)]));
  }

  #keyOf({ every, some }: PairOutcome): AnswerKey {
    return answerKey(this.#wanted(every), this.#wanted(some));
  }
}
