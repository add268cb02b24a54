import type { ObjectChange } from '../cluster/object-changes.ts';
import { type AddressSet, formatRanges, subtractAddresses, uniteAllAddresses } from '../net/address-set.ts';
import { everyNamedPort } from '../net/port-set.ts';
import { rangesAddresses } from '../verdict/endpoint-name.ts';
import { Answers } from './answers.ts';
import { type Cause, type Contrast, causesOf, distinctCauses } from './cause.ts';
import type {
  ChangedAnswer,
  Difference,
  DifferenceEndpoint,
  DifferenceOptions,
  Explanation,
  OneSidedAnswer,
  Progress,
} from './difference.ts';
import type { MatrixEntry } from './endpoints.ts';
import { joinExternals } from './join-externals.ts';
import { type MemberDifference, MemberDifferences } from './member-differences.ts';
import { mergeOrders } from './merge-orders.ts';
import { isOnlyMoved } from './own-node.ts';
import type { PairOutcome } from './pair-table.ts';
import type { Cell, Row } from './pair-walk.ts';
import { type PolicyChanges, policyChanges } from './policy-changes.ts';
import {
  type Compared,
  connectionOf,
  type Found,
  foundAt,
  noCells,
  outcomeIn,
  outcomeOf,
  placeOf,
  type RowFrom,
  rowOf,
  type Side,
} from './side.ts';
import { everything, nothing, type TrafficId, type TrafficTable } from './traffic-table.ts';
import { turnedBetween } from './turned-endpoints.ts';
import { flowOf, witnessOf } from './witness.ts';

/** A destination with its cells in both clusters. */
interface Meeting {
  readonly id: string;
  readonly was: Cell | undefined;
  readonly is: Cell | undefined;
}

/** Walks two clusters side by side. */
export class Comparison {
  readonly #traffics: TrafficTable;
  readonly #wanted: TrafficId;
  /** Without port 0, which nobody serves: `1-65535` is no change from all ports. */
  readonly #compared: TrafficId;
  readonly #isShown: (entry: MatrixEntry) => boolean;
  /** The endpoints whose pairs are looked at; undefined: all. */
  readonly #looked: ReadonlySet<string> | undefined;
  readonly #before: Side;
  readonly #after: Side;
  readonly #members: MemberDifferences;
  readonly #objects: readonly ObjectChange[];
  readonly #policies: PolicyChanges;
  readonly #isExplained: boolean;
  readonly #onSource: Progress | undefined;
  /** The endpoints of which policy knows other addresses in one cluster than in the other. */
  readonly #turned: ReadonlySet<string>;
  /** The place of each endpoint among those of both clusters. */
  readonly #rankOf: ReadonlyMap<string, number>;
  /** By the cells of a source before and after, which many sources share; cells that are one source's own take theirs with them. */
  readonly #meetings = new WeakMap<Row['cells'], WeakMap<Row['cells'], readonly Meeting[]>>();

  /**
   * Where it is known that only gates of some classes of pods (by their keys) may say something else, and nothing else is changed, only
   * pairs with such pods are looked at.
   */
  constructor(
    before: Compared,
    after: Compared,
    traffics: TrafficTable,
    objects: readonly ObjectChange[],
    { isShown, traffic, explain = true, onSource, touched }: DifferenceOptions & { readonly touched?: ReadonlySet<string> },
  ) {
    this.#traffics = traffics;
    this.#wanted = traffic === undefined ? everything : traffics.idOf(traffic);
    this.#compared = traffics.intersect(this.#wanted, traffics.idOf(everyNamedPort));
    this.#isShown = isShown === undefined ? () => true : ({ answer }) => isShown(answer);
    const [old, now] = [before.index.entries(after.index, touched), after.index.entries(before.index, touched)];
    const isLooked = touched === undefined ? isShown && this.#isShown : (entry: MatrixEntry) => entry.isOf(touched);
    // A row is looked at in both or in none.
    this.#looked = isLooked && new Set([...old, ...now].filter(isLooked).map(({ id }) => id));
    // Where no pod exists, those that could are all there is.
    const isAmongPotential = [...old, ...now].every(({ located, isPotential }) => located.length === 0 || isPotential);
    this.#before = this.#side(before, old, isAmongPotential);
    this.#after = this.#side(after, now, isAmongPotential);
    this.#turned = touched === undefined ? turnedBetween(old, this.#after.byId) : new Set();
    this.#members = new MemberDifferences(before.index, after.index);
    this.#objects = objects;
    this.#policies = policyChanges(objects, before.cluster, after.cluster);
    this.#isExplained = explain;
    this.#onSource = onSource;
    const ids = mergeOrders(
      old.map(({ id }) => id),
      now.map(({ id }) => id),
    );
    this.#rankOf = new Map(ids.map((id, rank) => [id, rank]));
  }

  #side(compared: Compared, entries: readonly MatrixEntry[], isAmongPotential: boolean): Side {
    const { index } = compared;
    const walk = index.walk(entries, {
      isShown: ({ id }) => this.#looked?.has(id) ?? true,
      direction: undefined,
      denied: false,
      isAmongPotential,
      // Every node reaches those that run on it: what is left to others is of interest.
      ownNode: 'aside',
      isWanted: (each) => this.#traffics.intersect(each, this.#compared) !== nothing,
    });
    return {
      ...compared,
      entries,
      byId: new Map(entries.map((entry) => [entry.id, entry])),
      places: new Map(entries.map(({ id }, place) => [id, place])),
      walk,
      answers: new Answers(index, this.#wanted),
    };
  }

  difference(): Difference {
    const added: OneSidedAnswer[] = [];
    const removed: OneSidedAnswer[] = [];
    const changed: ChangedAnswer[] = [];
    for (const [source, rank] of this.#rankOf) {
      this.#onSource?.(rank, this.#rankOf.size);
      for (const { destination, was, is } of this.#pairsFrom(source)) {
        if (was === undefined)
          added.push({ ...connectionOf(is!), ...this.#explain(source, destination, this.#disputes(shut, outcomeOf(is!))) });
        else if (is === undefined)
          removed.push({ ...connectionOf(was), ...this.#explain(source, destination, this.#disputes(outcomeOf(was), shut)) });
        else changed.push(...this.#change(source, destination, was, is));
      }
    }
    const named = new Set([...added, ...removed, ...changed].flatMap(({ from, to }) => [from, to]));
    const endpoints = [...this.#rankOf.keys()].filter((id) => named.has(id)).map((id) => this.#endpoint(id));
    return joinExternals({ endpoints, added, removed, changed, objects: this.#objects });
  }

  /** All endpoints of both clusters, in their order; external addresses as a difference has them, and the others together. */
  everyone({ endpoints }: Difference): DifferenceEndpoint[] {
    const all = Array.from(this.#rankOf.keys(), (id) => this.#endpoint(id));
    const named = endpoints.filter(isExternal);
    const others = subtractAddresses(spaceOf(all.filter(isExternal)), spaceOf(named));
    const ranges = formatRanges(others);
    const rest = { id: ranges.join(), kind: 'External' as const, ranges };
    return [...all.filter((each) => !isExternal(each)), ...named, ...(ranges.length > 0 ? [rest] : [])];
  }

  /** The pairs of a source that may differ between the clusters, in the order of the destinations. */
  *#pairsFrom(
    source: string,
  ): Generator<{ readonly destination: string; readonly was?: Found | undefined; readonly is?: Found | undefined }> {
    const [before, after] = [this.#before, this.#after];
    const [old, now] = [rowOf(before, source), rowOf(after, source)];
    for (const { id: destination, was, is } of this.#withTurned(source, this.#meetingsOf(old, now))) {
      const pair = { destination, was: old && was && foundAt(before, old, was), is: now && is && foundAt(after, now, is) };
      const { from, to } = (pair.was ?? pair.is)!;
      if ((this.#isShown(from) || this.#isShown(to)) && !this.#isOnlyMoved(source, destination)) yield pair;
    }
  }

  /** The same with all that an end has to do with of which policy knows other addresses than before: what it does not know is open. */
  #withTurned(source: string, meetings: readonly Meeting[]): readonly Meeting[] {
    if (this.#turned.size === 0) return meetings;
    const all = new Map(meetings.map((meeting) => [meeting.id, meeting]));
    const [old, now] = [wholeFrom(this.#before, source), wholeFrom(this.#after, source)];
    for (const id of this.#turned.has(source) ? this.#rankOf.keys() : this.#turned) {
      const [was, is] = [old(id), now(id)];
      if (was === undefined || is === undefined) continue;
      const meeting = { id, was: this.#cellOf(this.#before, id, was), is: this.#cellOf(this.#after, id, is) };
      if (meeting.was ?? meeting.is) all.set(id, meeting);
      else all.delete(id);
    }
    return [...all.values()].sort((a, b) => this.#rankOf.get(a.id)! - this.#rankOf.get(b.id)!);
  }

  #cellOf({ places, index: { pairs } }: Side, destination: string, outcome: PairOutcome): Cell | undefined {
    const isNothing = [outcome.every, outcome.some].every((traffic) => this.#traffics.intersect(traffic, this.#compared) === nothing);
    return isNothing ? undefined : [places.get(destination)!, pairs.idOf(outcome)];
  }

  /** No edit changes where pods run, and every one that starts anew may. */
  #isOnlyMoved(source: string, destination: string): boolean {
    if (this.#turned.has(source) || this.#turned.has(destination)) return false;
    const pairs = [this.#before, this.#after].flatMap(({ byId, index }) => {
      const [from, to] = [byId.get(source), byId.get(destination)];
      return from && to ? [{ index, from, to }] : [];
    });
    return pairs.length === 2 && isOnlyMoved(pairs[0]!, pairs[1]!, (was, is) => this.#isSameTraffic(was, is));
  }

  /** The destinations of a source for which something may differ. Worked out once for all sources that share their cells. */
  #meetingsOf(old: RowFrom | undefined, now: RowFrom | undefined): readonly Meeting[] {
    const [before, after] = [old?.row.cells ?? noCells, now?.row.cells ?? noCells];
    const known = this.#meetings.get(before) ?? new WeakMap<Row['cells'], readonly Meeting[]>();
    this.#meetings.set(before, known);
    let meetings = known.get(after);
    if (meetings === undefined) {
      meetings = this.#meet(old, now);
      known.set(after, meetings);
    }
    return meetings;
  }

  #meet(old: RowFrom | undefined, now: RowFrom | undefined): readonly Meeting[] {
    const later = new Map((now?.row.cells ?? noCells).map((cell) => [this.#after.entries[cell[0]]!.id, cell]));
    const meetings = (old?.row.cells ?? noCells).flatMap((was): Meeting[] => {
      const to = this.#before.entries[was[0]]!;
      const is = later.get(to.id);
      later.delete(to.id);
      if (old !== undefined && now !== undefined && is !== undefined && isPlain(old.from) && isPlain(now.from)) {
        // Of members that are all alike nothing else can differ.
        const isAlike = isPlain(to) && isPlain(this.#after.entries[is[0]]!);
        if (isAlike && this.#isSameTraffic(outcomeIn(this.#before, was), outcomeIn(this.#after, is))) return [];
      }
      return [{ id: to.id, was, is }];
    });
    const others = Array.from(later, ([id, is]): Meeting => ({ id, was: undefined, is }));
    return [...meetings, ...others].sort((a, b) => this.#rankOf.get(a.id)! - this.#rankOf.get(b.id)!);
  }

  /** Both sides share their table of traffics, so equal traffic has equal numbers. */
  #isSameTraffic(old: PairOutcome, now: PairOutcome): boolean {
    const wanted = (traffic: TrafficId): TrafficId => this.#traffics.intersect(traffic, this.#compared);
    return wanted(old.every) === wanted(now.every) && wanted(old.some) === wanted(now.some);
  }

  #endpoint(id: string): DifferenceEndpoint {
    const [old, now] = [this.#before.byId.get(id), this.#after.byId.get(id)];
    if (now === undefined) return { ...old!.answer, change: 'removed' };
    return old === undefined ? { ...now.answer, change: 'added' } : now.answer;
  }

  #change(from: string, to: string, was: Found, is: Found): ChangedAnswer[] {
    const [old, now] = [outcomeOf(was), outcomeOf(is)];
    const members = this.#isSameTraffic(old, now) ? this.#memberDifferences(was, is) : undefined;
    if (members?.length === 0) return [];
    const { answers } = is.side;
    const disputes = members?.flatMap((each) => this.#disputes(only(each.was), only(each.is))) ?? this.#disputes(old, now);
    return [
      {
        from,
        to,
        before: answers.traffic(old.every),
        after: answers.traffic(now.every),
        ...(old.some !== old.every && { partialBefore: answers.traffic(old.some) }),
        ...(now.some !== now.every && { partialAfter: answers.traffic(now.some) }),
        ...(members && {
          results: members.map(({ was, is, ...rest }) => ({ ...rest, before: answers.traffic(was), after: answers.traffic(is) })),
        }),
        ...this.#explain(from, to, disputes),
      },
    ];
  }

  #memberDifferences(was: Found, is: Found): MemberDifference[] {
    const wanted = (traffic: TrafficId): TrafficId => this.#traffics.intersect(traffic, this.#compared);
    const all = this.#members.between({ before: was.from, after: is.from }, { before: was.to, after: is.to });
    return all.map((each) => ({ ...each, was: wanted(each.was), is: wanted(each.is) })).filter((each) => each.was !== each.is);
  }

  #explain(from: string, to: string, disputes: readonly Dispute[]): Explanation {
    if (!this.#isExplained) return { because: [] };
    const oneSided = [from, to].flatMap((id) => this.#comingAndGoing(id));
    const witnesses = disputes.flatMap(({ opened, traffic }) => {
      const [open, closed] = opened ? [this.#after, this.#before] : [this.#before, this.#after];
      const places = [placeOf(open, from, to), placeOf(closed, from, to)] as const;
      if (places[0] === undefined) return [];
      const found = witnessOf(places[0], places[1], this.#traffics.trafficOf(traffic));
      return found === undefined ? [] : [{ flow: flowOf(found.open), causes: this.#causes(from, to, { ...found, opened }) }];
    });
    const because = oneSided.length > 0 ? oneSided : distinctCauses(witnesses.flatMap(({ causes }) => causes));
    return { ...(witnesses[0] && { witness: witnesses[0].flow }), because };
  }

  #causes(from: string, to: string, { open, closed, opened }: Pick<Contrast, 'open' | 'opened'> & Partial<Contrast>): Cause[] {
    if (closed !== undefined) return causesOf({ open, closed, opened }, { from, to }, this.#policies);
    const hasOtherFamilies = (id: string): boolean => familiesOf(this.#before.byId.get(id)) !== familiesOf(this.#after.byId.get(id));
    return [from, to].filter(hasOtherFamilies).map((endpoint) => ({ change: 'edited', endpoint }));
  }

  #comingAndGoing(id: string): Cause[] {
    const isOutside = (this.#before.byId.get(id) ?? this.#after.byId.get(id))!.addresses !== undefined;
    if (isOutside || this.#before.byId.has(id) === this.#after.byId.has(id)) return [];
    return [{ change: this.#after.byId.has(id) ? 'added' : 'removed', endpoint: id }];
  }

  /** The traffic that is allowed in one cluster only: by some pairs of members, or else by all. */
  #disputes(old: Allowed, now: Allowed): Dispute[] {
    const beyond = (a: TrafficId, b: TrafficId): TrafficId => this.#traffics.intersect(this.#traffics.subtract(a, b), this.#compared);
    const disputes = [
      { opened: true, traffic: firstOf(beyond(now.some, old.some), beyond(now.every, old.every)) },
      { opened: false, traffic: firstOf(beyond(old.some, now.some), beyond(old.every, now.every)) },
    ];
    return disputes.filter(({ traffic }) => traffic !== nothing);
  }
}

const isExternal = ({ kind }: DifferenceEndpoint): boolean => kind === 'External';

const spaceOf = (endpoints: readonly DifferenceEndpoint[]): AddressSet =>
  uniteAllAddresses(endpoints.map(({ ranges = [] }) => rangesAddresses(ranges)));

/** What every pair and what some pair may do. */
type Allowed = Pick<PairOutcome, 'every' | 'some'>;

/** Traffic that is allowed in one cluster only. */
interface Dispute {
  /** In the cluster after the change. */
  readonly opened: boolean;
  readonly traffic: TrafficId;
}

const only = (traffic: TrafficId): Allowed => ({ every: traffic, some: traffic });
const shut = only(nothing);
const firstOf = (a: TrafficId, b: TrafficId): TrafficId => (a === nothing ? b : a);

const familiesOf = (entry: MatrixEntry | undefined): string => [...new Set(entry?.uses.map(({ family }) => family))].sort().join();

/** Whether the members of an endpoint are alike to every rule, and of one family. */
const isPlain = ({ uses }: MatrixEntry): boolean => uses.length === 1;

/**
 * What holds for all connections of a source with each destination, those with own nodes and those of which policy knows neither end among them;
 * undefined where there are none.
 */
function wholeFrom({ byId, index: { whole } }: Side, source: string): (destination: string) => PairOutcome | undefined {
  const from = byId.get(source);
  if (from === undefined) return () => undefined;
  const glances = whole.glancesOf(from);
  return (destination) => {
    const to = byId.get(destination);
    return to && whole.outcomes[whole.betweenNeighbours(glances, from, to)];
  };
}
