import type { MatrixEntry } from '../connectivity/endpoints.ts';
import { noPair } from '../connectivity/pair-table.ts';
import { nothing } from '../connectivity/traffic-table.ts';
import { type AddressSet, formatRanges, intersectAddresses, isEmptyAddresses, noAddresses, subtractAddresses } from '../net/address-set.ts';
import { type Family, families } from '../net/ip.ts';
import {
  everyNamedPort,
  hasPort,
  intersectTraffic,
  isEmptyTraffic,
  noTraffic,
  subtractTraffic,
  type Traffic,
  uniteTraffic,
} from '../net/port-set.ts';
import { protocols } from '../net/protocol.ts';
import { podId } from '../verdict/endpoint.ts';
import { isUnanswerable, type Unanswerable } from '../verdict/unanswerable.ts';
import { type Allowance, allowancesOf } from './allowances.ts';
import type { Closure, Expectation } from './connectivity-test.ts';
import type { Everybody } from './covering.ts';
import type { Violation } from './judge-expectation.ts';
import type { NamedEnds } from './named-ends.ts';
import { trafficIn } from './port-ranges.ts';

/** A part of everybody to whom the same allowances apply over one family. */
interface Part {
  readonly entry: MatrixEntry;
  readonly family: Family;
  readonly allowed: Traffic;
  /** Of external addresses: those that are meant. */
  readonly addresses?: AddressSet;
}

/**
 * Decides whether the subjects of a test may do nothing but what the test allows: over all ports, protocols and addresses, exactly. Left out are a
 * pod's connections to itself, and what no policy can change: a pod and the node that it runs on.
 */
export class ClosureJudge {
  readonly #everybody: Everybody;
  readonly #ends: NamedEnds;

  constructor(everybody: Everybody, ends: NamedEnds) {
    this.#everybody = everybody;
    this.#ends = ends;
  }

  /** What else is allowed, one violation for each pair of endpoints; an error where an end has no answer. */
  judge(closure: Closure, expectations: readonly Expectation[]): (Violation | Unanswerable)[] {
    const subjects = closure.subjects.flatMap((name) => this.#subjects(name));
    const allowances = expectations
      .filter(({ expect }) => expect === 'allow')
      .flatMap((each) => allowancesOf(this.#everybody, this.#ends, closure, each));
    const errors = [...subjects, ...allowances].filter((each) => isUnanswerable(each));
    if (errors.length > 0) return errors;
    const leaks = new Leaks(this.#everybody, closure);
    for (const family of families)
      for (const part of this.#parts(allowances as Allowance[], family))
        for (const subject of subjects as MatrixEntry[]) leaks.compare(subject, part);
    return leaks.violations;
  }

  /** The subjects of that name in parts that no rule tells apart. Policies isolate pods and nobody else. */
  #subjects(name: string): (MatrixEntry | Unanswerable)[] {
    const end = this.#ends.find(name);
    if (isUnanswerable(end)) return [end];
    if (end.members.kind !== 'pods') return [{ error: `nothingElse is said of pods, which alone policies isolate: ${name} is none` }];
    const { whole, partly, holds } = this.#everybody.coverOf(end.members);
    if (whole.size + partly.size === 0) return [{ error: `nothingElse: policy knows none of the pods of ${name}` }];
    const some = [...partly].flatMap((entry) => {
      const parts = this.#everybody.index.split(entry, (pod) => String(holds(pod, pod.ends[0]!.party.ip.family)));
      return [...parts].flatMap(([key, part]) => (key.endsWith('true') ? [part] : []));
    });
    return [...[...whole].flatMap((entry) => this.#everybody.partsOf(entry)), ...some];
  }

  /** Everybody who has addresses of the family; most are nobody that the test speaks of. */
  *#parts(allowances: readonly Allowance[], family: Family): Generator<Part> {
    const applicable = allowances.filter((each) => each.families.includes(family));
    const touched = new Set(applicable.flatMap(({ cover }) => [...cover.whole, ...cover.partly]));
    for (const entry of this.#everybody.of(family)) {
      if (entry.addresses !== undefined) yield* addressParts(entry, applicable, family);
      else if (touched.has(entry)) yield* this.#podParts(entry, applicable, family);
      else for (const part of this.#everybody.partsOf(entry)) yield { entry: part, family, allowed: noTraffic };
    }
  }

  #podParts(entry: MatrixEntry, applicable: readonly Allowance[], family: Family): Part[] {
    const allowed = (isMeant: (allowance: Allowance) => boolean): Traffic =>
      applicable.filter(isMeant).reduce((sum, { traffic }) => uniteTraffic(sum, traffic), noTraffic);
    if (applicable.every(({ cover }) => !cover.partly.has(entry))) {
      const traffic = allowed(({ cover }) => cover.whole.has(entry));
      return this.#everybody.partsOf(entry).map((part) => ({ entry: part, family, allowed: traffic }));
    }
    const parts = this.#everybody.index.split(entry, (pod) => applicable.map(({ cover }) => (cover.holds(pod, family) ? 1 : 0)).join(''));
    return Array.from(parts.values(), (part) => ({
      entry: part,
      family,
      allowed: allowed(({ cover }) => cover.holds(part.located[0]!, family)),
    }));
  }
}

/** External addresses, divided by whom the test means. */
function addressParts(entry: MatrixEntry, applicable: readonly Allowance[], family: Family): Part[] {
  const whole: AddressSet = { ...noAddresses, [family]: entry.addresses![family] };
  let parts: (Part & { readonly addresses: AddressSet })[] = [{ entry, family, addresses: whole, allowed: noTraffic }];
  for (const { cover, traffic } of applicable.filter(({ cover }) => !isEmptyAddresses(cover.free)))
    parts = parts
      .flatMap((part) => [
        { ...part, addresses: subtractAddresses(part.addresses, cover.free) },
        { ...part, addresses: intersectAddresses(part.addresses, cover.free), allowed: uniteTraffic(part.allowed, traffic) },
      ])
      .filter(({ addresses }) => !isEmptyAddresses(addresses));
  return parts;
}

/** Gathers what passes although the test does not allow it, by pairs of endpoints. */
class Leaks {
  readonly #everybody: Everybody;
  readonly #closure: Closure;
  readonly #wanted: Traffic;
  readonly #found = new Map<string, Violation>();

  constructor(everybody: Everybody, closure: Closure) {
    this.#everybody = everybody;
    this.#closure = closure;
    this.#wanted = closure.ports === undefined ? everyNamedPort : trafficIn(closure.ports);
  }

  get violations(): Violation[] {
    return [...this.#found.values()];
  }

  compare(subject: MatrixEntry, part: Part): void {
    const [from, to] = this.#inOrder(part.entry, subject);
    const leak = this.#leakBetween(from, to, part);
    if (isEmptyTraffic(leak)) return;
    const free = part.addresses && this.#everybody.unowned(part.addresses);
    if (free !== undefined && isEmptyAddresses(free)) return;
    const ranges = free && formatRanges(free);
    const flow = this.#inOrder(ranges?.[0] ?? nameOf(part.entry, subject), nameOf(subject));
    this.#add(this.#inOrder(ranges?.join() ?? part.entry.id, subject.id), leak, {
      from: flow[0],
      to: flow[1],
      ...portIn(leak, to),
      family: part.family,
    });
  }

  #inOrder<T>(other: T, subject: T): [from: T, to: T] {
    return this.#closure.direction === 'ingress' ? [other, subject] : [subject, other];
  }

  #leakBetween(from: MatrixEntry, to: MatrixEntry, { family, allowed }: Part): Traffic {
    if (isSamePod(from, to)) return noTraffic;
    const { pairs, gates } = this.#everybody.index;
    const outcome = pairs.between(this.#everybody.glancesOf(from), from, to, family);
    if (outcome === noPair) return noTraffic;
    const { some } = pairs.outcomes[outcome]!;
    if (some === nothing) return noTraffic;
    const passing = gates.traffics.trafficOf(some);
    return intersectTraffic(subtractTraffic(passing, allowed), this.#wanted);
  }

  #add([from, to]: [string, string], leak: Traffic, flow: Violation['flow']): void {
    const { source } = this.#closure;
    const known = this.#found.get(`${from} ${to}`);
    const traffic = known === undefined ? leak : uniteTraffic(known.traffic, leak);
    this.#found.set(`${from} ${to}`, {
      expected: 'nothing else',
      from,
      to,
      traffic,
      flow: known?.flow ?? flow,
      ...(source && { source }),
    });
  }
}

function isSamePod(a: MatrixEntry, b: MatrixEntry): boolean {
  return a.located.length === 1 && b.located.length === 1 && a.located[0]!.pod === b.located[0]!.pod;
}

/** One of the part, as `check` takes it; not the pod that stands for the other end. */
function nameOf({ located, id }: MatrixEntry, other?: MatrixEntry): string {
  const taken = other?.located[0]?.pod;
  return located.length === 0 ? id : podId((located.find(({ pod }) => pod !== taken) ?? located[0]!).pod);
}

/** A port of the traffic: one that the destination declares, if one is in it, else the lowest. */
function portIn(traffic: Traffic, { pods }: MatrixEntry): { readonly protocol: string; readonly port: number } {
  const declared = pods.flatMap(({ ports }) => ports).find(({ protocol, port }) => hasPort(traffic, protocol, port));
  if (declared !== undefined) return { protocol: declared.protocol, port: declared.port };
  const protocol = protocols.find((each) => traffic[each].length > 0)!;
  return { protocol, port: traffic[protocol][0]![0] };
}
