import type { Direction } from '../api/types.ts';
import type { Progress } from '../connectivity/difference.ts';
import type { MatrixEntry } from '../connectivity/endpoints.ts';
import { noPair } from '../connectivity/pair-table.ts';
import type { Kind, PairWalk } from '../connectivity/pair-walk.ts';
import { nothing, type TrafficId } from '../connectivity/traffic-table.ts';
import { type AddressSet, equalAddresses, formatRanges, uniteAllAddresses } from '../net/address-set.ts';
import { type Family, families } from '../net/ip.ts';
import { everyNamedPort } from '../net/port-set.ts';
import { getOrMake } from '../policy/get-or-make.ts';
import type { Analysis } from '../verdict/analysis.ts';
import { podId } from '../verdict/endpoint.ts';
import { Everybody } from './covering.ts';
import { outside } from './named-ends.ts';
import { portTexts } from './port-ranges.ts';

/** Connections that are allowed: whom the subject has to do with, and on what. */
export interface WrittenAllowance {
  readonly others: readonly string[];
  /** Absent: everything. */
  readonly ports?: readonly string[];
  readonly family?: Family;
}

/** A test as it is to be written down. */
export interface WrittenTest {
  readonly name: string;
  /** `ingress`: the subjects are `to`, the others `from`. */
  readonly direction: Direction;
  readonly subjects: readonly string[];
  readonly allow: readonly WrittenAllowance[];
  readonly nothingElse: boolean;
}

/** Somebody who is one to every rule, with the names that tests have for them. */
interface Somebody {
  /** The place among all. */
  readonly place: number;
  readonly part: MatrixEntry;
  readonly names: readonly string[];
  /** What several of them together are called: `shop/*`, `node:*`. */
  readonly group?: string;
}

/**
 * Tests that hold today and stop to hold when a policy changes what pods may do: what may reach each workload, and what each may reach, as far as
 * policies have a say. Of the others it is said that they reach what is no pod, which policies that come would take from them.
 * `onSubject` is told before each endpoint, for whoever shows how far the work has come.
 */
export function describeToday(
  analysis: Analysis,
  isWanted: (entry: MatrixEntry) => boolean = () => true,
  onSubject: Progress = () => undefined,
): WrittenTest[] {
  const everybody = new Everybody(analysis);
  const subjects = everybody.entries.filter((entry) => entry.located.length > 0 && entry.isPoliced && isWanted(entry));
  const writer = new Writer(everybody, subjects.length);
  return subjects.flatMap((entry, index) => {
    onSubject(index, subjects.length);
    return everybody.partsOf(entry).flatMap((part, _, parts) => writer.testsOf(part, namesOf(entry, part, parts)));
  });
}

/** An endpoint by its id; a part of one by its pods. */
function namesOf(entry: MatrixEntry, part: MatrixEntry, parts: readonly MatrixEntry[]): string[] {
  // Bare pods that are alike are one endpoint, which goes by the name of the first.
  const isWorkload = entry.located.length > 0 && podId(entry.located[0]!.pod) !== entry.id && parts.length === 1;
  return entry.located.length === 0 || isWorkload ? [entry.id] : part.located.map(({ pod }) => podId(pod));
}

/** Sources are looked for among all that there are, one by one, while subjects are fewer than this part of all kinds. */
const few = 16;

class Writer {
  readonly #everybody: Everybody;
  readonly #all: readonly Somebody[];
  readonly #walk: PairWalk;
  readonly #placeOf: ReadonlyMap<MatrixEntry, number>;
  readonly #kinds: ReadonlySet<Kind>;
  /** For a kind those that it reaches with something. */
  readonly #reached = new Map<Kind, ReadonlySet<Kind>>();
  /** For a kind those that reach it; undefined where all are tried. */
  readonly #reaching: ReadonlyMap<Kind, readonly Kind[]> | undefined;
  readonly #everyPort: TrafficId;
  readonly #portTexts = new Map<TrafficId, readonly string[]>();
  readonly #outside: AddressSet;
  /** How many belong to each group. */
  readonly #sizes: ReadonlyMap<string, number>;
  readonly #namespaces: number;

  constructor(everybody: Everybody, subjects: number) {
    this.#everybody = everybody;
    const { gates } = everybody.index;
    this.#everyPort = gates.traffics.idOf(everyNamedPort);
    const all = everybody.entries
      .flatMap((entry) =>
        everybody.partsOf(entry).map((part, _, parts) => ({ part, names: namesOf(entry, part, parts), ...groupOf(entry) })),
      )
      .map((somebody, place): Somebody => ({ place, ...somebody }));
    this.#all = all;
    this.#placeOf = new Map(all.map(({ part, place }) => [part, place]));
    this.#walk = everybody.index.walk(
      all.map(({ part }) => part),
      {
        isShown: () => true,
        direction: undefined,
        denied: false,
        isPartial: true,
        ownNode: 'policed',
        isWanted: (traffic) => gates.traffics.intersect(traffic, this.#everyPort) !== nothing,
      },
    );
    this.#kinds = new Set(all.map(({ place }) => this.#walk.kindAt(place)));
    this.#reaching = subjects * few < this.#kinds.size ? undefined : this.#turnedRound();
    this.#outside = addressesTogether(all);
    const groups = Map.groupBy(all, ({ group }) => group ?? '');
    this.#sizes = new Map(Array.from(groups, ([group, members]) => [group, members.length]));
    this.#namespaces = [...groups.keys()].filter((group) => group.endsWith('/*')).length;
  }

  /** For every kind those that reach it. */
  #turnedRound(): Map<Kind, Kind[]> {
    const reaching = new Map<Kind, Kind[]>();
    for (const source of this.#kinds) for (const kind of this.#reachedFrom(source)) getOrMake(reaching, kind, () => []).push(source);
    return reaching;
  }

  #reachedFrom(source: Kind): ReadonlySet<Kind> {
    return getOrMake(this.#reached, source, () => {
      const { reached } = this.#walk.reach(source.places[0]!);
      // One without a kind is the source itself.
      return new Set(Array.from(reached, ({ kind = source }) => kind));
    });
  }

  /** Whoever may have to do with the part. */
  #kindsAround(part: MatrixEntry, direction: Direction): Iterable<Kind> {
    const own = this.#walk.kindAt(this.#placeOf.get(part)!);
    if (direction === 'egress') return this.#reachedFrom(own);
    return this.#reaching === undefined ? this.#kinds : (this.#reaching.get(own) ?? []);
  }

  testsOf(part: MatrixEntry, names: readonly string[]): WrittenTest[] {
    const title = names.length === 1 ? names[0]! : `${names[0]} and ${names.length - 1} more`;
    const isHeld = part.uses.some(({ unit }) => unit.profile !== undefined && unit.profile.gates.egress.policies.length > 0);
    const outgoing = this.#allowances(part, 'egress', isHeld ? () => true : (other) => !other.isPoliced);
    return [
      {
        name: `what reaches ${title}`,
        direction: 'ingress',
        subjects: names,
        allow: this.#allowances(part, 'ingress'),
        nothingElse: true,
      },
      ...(isHeld || outgoing.length > 0
        ? [{ name: `what ${title} reaches`, direction: 'egress' as const, subjects: names, allow: outgoing, nothingElse: isHeld }]
        : []),
    ];
  }

  #allowances(subject: MatrixEntry, direction: Direction, isMeant: (other: MatrixEntry) => boolean = () => true): WrittenAllowance[] {
    const rows = new Map<string, { readonly traffic: TrafficId; readonly family?: Family; readonly members: Somebody[] }>();
    for (const { places } of this.#kindsAround(subject, direction)) {
      const others = places.map((place) => this.#all[place]!).filter(({ part }) => !isSamePod(part, subject));
      if (others.length === 0 || !isMeant(others[0]!.part)) continue;
      for (const { traffic, family } of this.#trafficOf(subject, others[0]!.part, direction))
        getOrMake(rows, `${family ?? ''} ${traffic}`, () => ({ traffic, members: [], ...(family && { family }) })).members.push(...others);
    }
    for (const { members } of rows.values()) members.sort(byPlace);
    const inOrder = [...rows.values()].sort(({ members: [a] }, { members: [b] }) => byPlace(a!, b!));
    return inOrder.map(({ traffic, family, members }) => {
      const ports = this.#portsOf(traffic);
      return { others: this.#namesTogether(members, subject), ...(ports && { ports }), ...(family && { family }) };
    });
  }

  /** Absent for every port that there is. */
  #portsOf(traffic: TrafficId): readonly string[] | undefined {
    if (traffic === this.#everyPort) return undefined;
    return getOrMake(this.#portTexts, traffic, () => portTexts(this.#everybody.index.gates.traffics.trafficOf(traffic)));
  }

  /** What the two may do; for each family by itself where that is not the same. */
  #trafficOf(subject: MatrixEntry, other: MatrixEntry, direction: Direction): { traffic: TrafficId; family?: Family }[] {
    const [from, to] = direction === 'ingress' ? [other, subject] : [subject, other];
    const { pairs, gates } = this.#everybody.index;
    const found = families.flatMap((family) => {
      const outcome = pairs.between(this.#everybody.glancesOf(from), from, to, family);
      if (outcome === noPair) return [];
      return [{ family, traffic: gates.traffics.intersect(pairs.outcomes[outcome]!.some, this.#everyPort) }];
    });
    const [first, second] = found;
    if (first === undefined) return [];
    const isAlike = second === undefined || first.traffic === second.traffic;
    return (isAlike ? [{ traffic: first.traffic }] : found).filter(({ traffic }) => traffic !== nothing);
  }

  /** The names of those, whole namespaces and all nodes as one. The subject, which does not speak to itself, may be missing. */
  #namesTogether(members: readonly Somebody[], part: MatrixEntry): string[] {
    const isAlone = part.located.length === 1;
    const names: string[] = [];
    let namespaces = 0;
    const { inside = [], beyond = [] } = Object.groupBy(members, (member) => (member.part.addresses === undefined ? 'inside' : 'beyond'));
    for (const [group, list] of Map.groupBy(inside, (member) => member.group ?? '')) {
      const missing = isAlone && group === `${part.located[0]!.pod.namespace}/*` && list.every((each) => each.part !== part) ? 1 : 0;
      const isWhole = group !== '' && list.length + missing === this.#sizes.get(group) && list.length > 1;
      if (isWhole && group.endsWith('/*')) namespaces++;
      names.push(...(isWhole ? [group] : list.flatMap((each) => each.names)));
    }
    const everywhere = namespaces >= 2 && namespaces === this.#namespaces;
    const pods = everywhere ? ['*', ...names.filter((name) => !name.endsWith('/*'))] : names;
    return [...pods, ...this.#outsideNames(beyond)];
  }

  #outsideNames(members: readonly Somebody[]): string[] {
    if (members.length === 0) return [];
    const addresses = addressesTogether(members);
    return [equalAddresses(addresses, this.#outside) ? outside : formatRanges(addresses).join()];
  }
}

const byPlace = (a: Somebody, b: Somebody): number => a.place - b.place;

/** A pod's connections to itself are nobody's to allow. */
const isSamePod = (a: MatrixEntry, b: MatrixEntry): boolean =>
  a.located.length === 1 && b.located.length === 1 && a.located[0]!.pod === b.located[0]!.pod;

const addressesTogether = (members: readonly Pick<Somebody, 'part'>[]): AddressSet =>
  uniteAllAddresses(members.flatMap(({ part }) => part.addresses ?? []));

function groupOf({ located, addresses }: MatrixEntry): Pick<Somebody, 'group'> {
  if (located.length > 0) return { group: `${located[0]!.pod.namespace}/*` };
  return addresses === undefined ? { group: 'node:*' } : {};
}
