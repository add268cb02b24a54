import type { Source } from '../api/diagnostic.ts';
import { type Family, families } from '../net/ip.ts';
import { equalTraffic, noTraffic, type Traffic, trafficOf, uniteTraffic } from '../net/port-set.ts';
import { protocols } from '../net/protocol.ts';
import type { Analysis } from '../verdict/analysis.ts';
import type { Flow } from '../verdict/check.ts';
import { judgePair, type Outcome } from '../verdict/outcome.ts';
import { portAtoms } from '../verdict/port-atoms.ts';
import type { Side, Sides } from '../verdict/sides.ts';
import { isUnanswerable, type Unanswerable } from '../verdict/unanswerable.ts';
import type { Expectation, PortRange } from './connectivity-test.ts';
import type { NamedEnd, NamedEnds } from './named-ends.ts';

/** One kind of connection that a test asks about, with its verdict. */
export interface Tried {
  readonly expectation: Expectation;
  /** One of those connections, in the words of `check`. */
  readonly flow: Flow & { readonly family: Family };
  readonly outcome: Outcome;
}

/** What is wrong with one pair of ends of an expectation. */
export interface Violation {
  readonly expected: 'allow' | 'deny' | 'nothing else';
  /** The ends as they are written. */
  readonly from: string;
  readonly to: string;
  /** What is denied and should be allowed, or the other way around. */
  readonly traffic: Traffic;
  /** One such connection. */
  readonly flow: Flow & { readonly family: Family };
  readonly source?: Source;
}

/** Asks an expectation and says what of it does not hold. `onTried` is told of every kind of connection. */
export class ExpectationJudge {
  readonly #analysis: Analysis;
  readonly #ends: NamedEnds;
  readonly #sides: Sides;
  readonly #onTried: (tried: Tried) => void;
  readonly #mergesNodes: boolean;

  /** `sides` are of the model of the analysis. */
  constructor(analysis: Analysis, ends: NamedEnds, sides: Sides, onTried: (tried: Tried) => void, mergesNodes: boolean) {
    this.#analysis = analysis;
    this.#ends = ends;
    this.#sides = sides;
    this.#onTried = onTried;
    this.#mergesNodes = mergesNodes;
  }

  /** The violations, one for each pair of ends, or for each family where they differ in it; an error where a pair has no answer. */
  judge(expectation: Expectation): (Violation | Unanswerable)[] {
    return expectation.from.flatMap((from) => expectation.to.flatMap((to) => this.#judgePair(expectation, from, to)));
  }

  #judgePair(expectation: Expectation, from: string, to: string): (Violation | Unanswerable)[] {
    const source = this.#ends.find(from);
    if (isUnanswerable(source)) return [source];
    const ranges = this.#rangesOf(expectation, to);
    if (isUnanswerable(ranges)) return [ranges];
    const pairs = new Map<Family, PairJudge>();
    for (const range of ranges) {
      const target = this.#ends.find(to, { protocol: range.protocol, port: range.first });
      if (isUnanswerable(target)) return [target];
      const common = this.#families(expectation, [from, to], [this.#sides.of(source), this.#sides.of(target)]);
      if (isUnanswerable(common)) return [common];
      for (const family of common) {
        const judge =
          pairs.get(family) ??
          new PairJudge(this.#analysis, this.#sides, { expectation, from, to, family, mergesNodes: this.#mergesNodes }, this.#onTried);
        pairs.set(family, judge);
        judge.take(source, target, range);
      }
    }
    const found = [...pairs.values()].flatMap((judge) => judge.violation ?? []);
    const [first, second] = found.flatMap((each) => (isUnanswerable(each) ? [] : [each]));
    return first && second && equalTraffic(first.traffic, second.traffic) ? [first] : found;
  }

  /** Of a Service the ports that it has, one by one; a port that it has not is an error when it is asked for. */
  #rangesOf({ ports }: Expectation, to: string): readonly PortRange[] | Unanswerable {
    const all = ports ?? protocols.map((protocol) => ({ protocol, first: 1, last: 65_535 }));
    const service = this.#ends.servicePorts(to);
    if (service === undefined || all.every(({ first, last }) => first === last)) return all;
    const own = service.filter(({ protocol, port }) =>
      all.some((range) => range.protocol === protocol && range.first <= port && port <= range.last),
    );
    if (own.length === 0) return { error: `${to} has none of these ports` };
    return own.map(({ protocol, port }) => ({ protocol, first: port, last: port }));
  }

  #families(
    expectation: Expectation,
    [from, to]: [string, string],
    [{ families: own }, { families: other }]: [Side, Side],
  ): readonly Family[] | Unanswerable {
    if (expectation.family === undefined) {
      const common = families.filter((family) => own.has(family) && other.has(family));
      return common.length > 0 ? common : { error: `${from} and ${to} have no addresses of one family` };
    }
    const missing = own.has(expectation.family) ? (other.has(expectation.family) ? undefined : to) : from;
    return missing === undefined ? [expectation.family] : { error: `${missing} has no IPv${expectation.family} address` };
  }
}

/** Names one of the ends, or the first of many ranges of addresses. */
const oneOf = (ends: Outcome['from']): string => ends[0]!.id.split(',', 1)[0]!;

/** Two ends as they are written, over one family. */
interface Asked {
  readonly expectation: Expectation;
  readonly from: string;
  readonly to: string;
  readonly family: Family;
  readonly mergesNodes: boolean;
}

/** Gathers what is wrong between two ends over one family. */
class PairJudge {
  readonly #analysis: Analysis;
  readonly #sides: Sides;
  readonly #asked: Asked;
  readonly #onTried: (tried: Tried) => void;
  #traffic: Traffic = noTraffic;
  #flow: Tried['flow'] | undefined;
  #isAnswered = false;

  constructor(analysis: Analysis, sides: Sides, asked: Asked, onTried: (tried: Tried) => void) {
    this.#analysis = analysis;
    this.#sides = sides;
    this.#asked = asked;
    this.#onTried = onTried;
  }

  take(from: NamedEnd, to: NamedEnd, { protocol, first, last }: PortRange): void {
    const { expectation, to: asked, family, mergesNodes } = this.#asked;
    const { choices } = this.#analysis.model;
    const isWanted = expectation.expect === 'allow';
    for (const atom of portAtoms(this.#sides.of(from), this.#sides.of(to), protocol, [first, last])) {
      const [port] = atom;
      for (const outcome of judgePair(this.#analysis, { from, to, protocol, port, family, mergesNodes }, choices, this.#sides)) {
        this.#isAnswered = true;
        const target = to.members.kind === 'backends' ? asked : oneOf(outcome.to);
        const flow = { from: oneOf(outcome.from), to: target, protocol, port, family };
        this.#onTried({ expectation, flow, outcome });
        if (outcome.verdict.allowed === isWanted) continue;
        this.#flow ??= flow;
        this.#traffic = uniteTraffic(this.#traffic, trafficOf(protocol, [atom]));
      }
    }
  }

  /** What is wrong, if something is. */
  get violation(): Violation | Unanswerable | undefined {
    const { expectation, from, to } = this.#asked;
    if (!this.#isAnswered) return { error: `nothing leads from ${from} to ${to}: a test of nothing proves nothing` };
    if (this.#flow === undefined) return undefined;
    const { expect: expected, source } = expectation;
    return { expected, from, to, traffic: this.#traffic, flow: this.#flow, ...(source && { source }) };
  }
}
