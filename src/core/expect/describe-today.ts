import type { Direction } from '../api/types.ts';
import type { Progress } from '../connectivity/difference.ts';
import type { MatrixEntry } from '../connectivity/endpoints.ts';
import { noPair } from '../connectivity/pair-table.ts';
import { type AddressSet, equalAddresses, formatRanges, noAddresses, uniteAddresses } from '../net/address-set.ts';
import { type Family, families } from '../net/ip.ts';
import { equalTraffic, everyNamedPort, intersectTraffic, isEmptyTraffic, type Traffic } from '../net/port-set.ts';
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
  const writer = new Writer(everybody);
  const subjects = everybody.entries.filter((entry) => entry.located.length > 0 && entry.isPoliced && isWanted(entry));
  return subjects.flatMap((entry, index) => {
    onSubject(index, subjects.length);
    return everybody.partsOf(entry).flatMap((part, _, parts) => writer.testsOf({ part, names: namesOf(entry, part, parts) }));
  });
}

/** An endpoint by its id; a part of one by its pods. */
function namesOf(entry: MatrixEntry, part: MatrixEntry, parts: readonly MatrixEntry[]): string[] {
  // Bare pods that are alike are one endpoint, which goes by the name of the first.
  const isWorkload = entry.located.length > 0 && podId(entry.located[0]!.pod) !== entry.id && parts.length === 1;
  return entry.located.length === 0 || isWorkload ? [entry.id] : part.located.map(({ pod }) => podId(pod));
}

class Writer {
  readonly #everybody: Everybody;
  readonly #all: readonly Somebody[];
  readonly #outside: AddressSet;
  /** How many belong to each group. */
  readonly #sizes: ReadonlyMap<string, number>;
  readonly #namespaces: number;

  constructor(everybody: Everybody) {
    this.#everybody = everybody;
    this.#all = everybody.entries.flatMap((entry) =>
      everybody.partsOf(entry).map((part, _, parts): Somebody => ({ part, names: namesOf(entry, part, parts), ...groupOf(entry) })),
    );
    this.#outside = addressesTogether(this.#all);
    const groups = Map.groupBy(this.#all, ({ group }) => group ?? '');
    this.#sizes = new Map(Array.from(groups, ([group, members]) => [group, members.length]));
    this.#namespaces = [...groups.keys()].filter((group) => group.endsWith('/*')).length;
  }

  testsOf(subject: Somebody): WrittenTest[] {
    const { part, names } = subject;
    const title = names.length === 1 ? names[0]! : `${names[0]} and ${names.length - 1} more`;
    const isHeld = part.uses.some(({ unit }) => unit.profile !== undefined && unit.profile.gates.egress.policies.length > 0);
    const others = isHeld ? this.#all : this.#all.filter((each) => !each.part.isPoliced);
    const outgoing = this.#allowances(subject, 'egress', others);
    return [
      {
        name: `what reaches ${title}`,
        direction: 'ingress',
        subjects: names,
        allow: this.#allowances(subject, 'ingress', this.#all),
        nothingElse: true,
      },
      ...(isHeld || outgoing.length > 0
        ? [{ name: `what ${title} reaches`, direction: 'egress' as const, subjects: names, allow: outgoing, nothingElse: isHeld }]
        : []),
    ];
  }

  #allowances(subject: Somebody, direction: Direction, others: readonly Somebody[]): WrittenAllowance[] {
    const rows = new Map<string, { traffic: Traffic; family?: Family; members: Somebody[] }>();
    for (const other of others)
      for (const { traffic, family } of this.#trafficOf(subject, other, direction)) {
        const key = `${family ?? ''} ${portTexts(traffic).join()}`;
        const row = rows.get(key);
        if (row === undefined) rows.set(key, { traffic, members: [other], ...(family && { family }) });
        else row.members.push(other);
      }
    return Array.from(rows.values(), ({ traffic, family, members }) => ({
      others: this.#namesTogether(members, subject),
      ...(!equalTraffic(traffic, everyNamedPort) && { ports: portTexts(traffic) }),
      ...(family && { family }),
    }));
  }

  /** What the two may do; for each family by itself where that is not the same. */
  #trafficOf({ part: subject }: Somebody, { part: other }: Somebody, direction: Direction): { traffic: Traffic; family?: Family }[] {
    if (subject.located.length === 1 && other.located.length === 1 && subject.located[0]!.pod === other.located[0]!.pod) return [];
    const [from, to] = direction === 'ingress' ? [other, subject] : [subject, other];
    const { index } = this.#everybody;
    const found = families.flatMap((family) => {
      const outcome = index.pairs.between(this.#everybody.glancesOf(from), from, to, family);
      if (outcome === noPair) return [];
      const { some } = index.pairs.outcomes[outcome]!;
      return [{ family, traffic: intersectTraffic(index.gates.traffics.trafficOf(some), everyNamedPort) }];
    });
    const [first, second] = found;
    if (first === undefined) return [];
    const isAlike = second === undefined || equalTraffic(first.traffic, second.traffic);
    return (isAlike ? [{ traffic: first.traffic }] : found).filter(({ traffic }) => !isEmptyTraffic(traffic));
  }

  /** The names of those, whole namespaces and all nodes as one. The subject, which does not speak to itself, may be missing. */
  #namesTogether(members: readonly Somebody[], { part }: Somebody): string[] {
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

const addressesTogether = (members: readonly Somebody[]): AddressSet =>
  members.flatMap(({ part }) => part.addresses ?? []).reduce(uniteAddresses, noAddresses);

function groupOf({ located, addresses }: MatrixEntry): Pick<Somebody, 'group'> {
  if (located.length > 0) return { group: `${located[0]!.pod.namespace}/*` };
  return addresses === undefined ? { group: 'node:*' } : {};
}
