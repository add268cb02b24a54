import { type Direction, directions } from '../api/types.ts';
import { anyPod, potentialId } from '../cluster/potential-pods.ts';
import { intersectAddresses, isEmptyAddresses } from '../net/address-set.ts';
import { internetSpace } from '../verdict/address-space.ts';
import type { Answers, ConnectionAnswer } from './answers.ts';
import type { ConnectivityIndex } from './connectivity-index.ts';
import type { MatrixEntry } from './endpoints.ts';
import { noPair, type OutcomeId, type PairOutcome } from './pair-table.ts';
import { nothing, type TrafficId } from './traffic-table.ts';

/** What somebody outside may do, or may be asked for, and why: as of a connection. */
export type ExposedTo = Omit<ConnectionAnswer, 'from' | 'to'>;

/** The same of an endpoint of the matrix. */
export interface ExposedToEndpoint extends ExposedTo {
  readonly id: string;
}

/** What a workload or bare pod is exposed to in one direction, beyond the pods and nodes that exist. */
export interface Exposed {
  /** Whether some policy isolates all its pods for the direction. */
  readonly isolated: boolean;
  /** What every address of the internet may do (ingress), or may be asked for (egress). */
  readonly internet: ExposedTo;
  /** The external endpoints, in the internet and elsewhere, that may more than all of the internet. */
  readonly addresses: readonly ExposedToEndpoint[];
  /** What a pod of any namespace may that no selector singles out. */
  readonly anyPod: ExposedTo;
  /** What pods may, should there be any, that a rule's selector would select; those that may no more than any pod are left out. */
  readonly pods: readonly ExposedToEndpoint[];
}

/** What a workload or bare pod is exposed to. */
export interface ExposureAnswer extends Readonly<Record<Direction, Exposed>> {
  /** The id of the endpoint. */
  readonly endpoint: string;
}

/** Whom one entry may have something to do with, by their places, with the outcomes. */
interface Met {
  readonly externals: Map<number, OutcomeId>;
  readonly pods: Map<number, OutcomeId>;
}

/** The exposure of those workloads and bare pods that are shown, in the order of the entries, which are all of the index. */
export function exposureOf(
  index: ConnectivityIndex,
  entries: readonly MatrixEntry[],
  answers: Answers,
  isShown: (place: number) => boolean,
): ExposureAnswer[] {
  const exposures = new Exposures(index, entries, answers);
  return entries.flatMap((entry, place) => {
    if (entry.located.length === 0 || entry.isPotential || !isShown(place)) return [];
    const [egress, ingress] = directions.map((direction) => exposures.of(place, direction));
    return [{ endpoint: entry.id, egress: egress!, ingress: ingress! }];
  });
}

class Exposures {
  readonly #index: ConnectivityIndex;
  readonly #entries: readonly MatrixEntry[];
  readonly #answers: Answers;
  readonly #met: Readonly<Record<Direction, readonly Met[]>>;
  readonly #internets: readonly number[];
  /** The place of the pod that no selector singles out. */
  readonly #anyPod: number;

  constructor(index: ConnectivityIndex, entries: readonly MatrixEntry[], answers: Answers) {
    this.#index = index;
    this.#entries = entries;
    this.#answers = answers;
    this.#internets = entries.flatMap((entry, place) => (isInternet(entry) ? [place] : []));
    this.#anyPod = entries.findIndex(({ id }) => id === potentialId(anyPod));
    const newMet = (): Met => ({ externals: new Map(), pods: new Map() });
    this.#met = { egress: entries.map(newMet), ingress: entries.map(newMet) };
    const isOutside = entries.map(isBeyond);
    const walk = index.walk(entries, {
      isShown: isBeyond,
      direction: undefined,
      denied: false,
      // What is outside is nobody's own node.
      ownNode: 'policed',
      isWanted: (traffic) => traffic !== nothing,
    });
    for (const place of entries.keys())
      for (const [other, outcome] of walk.row(place).cells) {
        const [inside, outside] = isOutside[place] ? [other, place] : [place, other];
        const met = this.#met[isOutside[place] ? 'ingress' : 'egress'][inside]!;
        met[entries[outside]!.isPotential ? 'pods' : 'externals'].set(outside, outcome);
      }
  }

  of(place: number, direction: Direction): Exposed {
    const entry = this.#entries[place]!;
    const { pods } = this.#met[direction][place]!;
    const any = pods.get(this.#anyPod);
    const { traffics } = this.#index.gates;
    const beyond = any === undefined ? nothing : this.#outcome(any).some;
    const named = [...pods].filter(([, outcome]) => traffics.subtract(this.#outcome(outcome).some, beyond) !== nothing);
    return {
      isolated: entry.uses.every(({ unit }) => unit.profile === undefined || unit.profile.gates[direction].isIsolated) && entry.isPoliced,
      ...this.#internet(place, direction),
      anyPod: this.#to(place, this.#anyPod, direction, any),
      pods: this.#named(place, direction, named),
    };
  }

  /** What all of the internet may, and the addresses in it that may more. */
  #internet(place: number, direction: Direction): Pick<Exposed, 'internet' | 'addresses'> {
    const entry = this.#entries[place]!;
    const common = this.#internets.filter((other) => areJudged(entry, this.#entries[other]!));
    if (common.length === 0) return { internet: unpoliced, addresses: [] };
    const { externals } = this.#met[direction][place]!;
    const shut = common.find((other) => !externals.has(other));
    const met = [...externals];
    if (shut !== undefined) return { internet: this.#to(place, shut, direction, undefined), addresses: this.#named(place, direction, met) };
    const { traffics } = this.#index.gates;
    const every = (other: number): TrafficId => this.#outcome(externals.get(other)!).every;
    const least = common.map(every).reduce((a, b) => traffics.intersect(a, b));
    const example = common.find((other) => every(other) === least) ?? common[0]!;
    const { partial: _, ...answer } = this.#to(place, example, direction, externals.get(example));
    const more = met.filter(([, outcome]) => traffics.subtract(this.#outcome(outcome).some, least) !== nothing);
    return { internet: { ...answer, traffic: this.#answers.traffic(least) }, addresses: this.#named(place, direction, more) };
  }

  /** By id; of what is asked for only those that may some. */
  #named(place: number, direction: Direction, met: readonly (readonly [number, OutcomeId])[]): ExposedToEndpoint[] {
    return met
      .toSorted(([a], [b]) => a - b)
      .map(([other, outcome]) => ({ id: this.#entries[other]!.id, ...this.#to(place, other, direction, outcome) }))
      .filter(({ traffic, partial }) => (partial ?? traffic).length > 0);
  }

  /** What the entry and another have to do with each other; an outcome that the walk has not met lets nothing through. */
  #to(place: number, other: number, direction: Direction, known: OutcomeId | undefined): ExposedTo {
    const [from, to] = (direction === 'egress' ? [place, other] : [other, place]).map((each) => this.#entries[each]!) as [
      MatrixEntry,
      MatrixEntry,
    ];
    const { pairs } = this.#index;
    const look = pairs.glancesOf(from);
    const outcome = known ?? pairs.between(look, from, to);
    if (outcome === noPair) return unpoliced;
    const { from: _from, to: _to, ...answer } = this.#answers.connection(look, from, to, outcome);
    return answer;
  }

  #outcome(id: OutcomeId): PairOutcome {
    return this.#index.pairs.outcomes[id]!;
  }
}

/** Policy sees no end of the connection. */
const unpoliced: ExposedTo = {
  traffic: 'all',
  reason: { egress: 'unpoliced-endpoint', ingress: 'unpoliced-endpoint' },
  by: { egress: [], ingress: [] },
};

const isBeyond = ({ isPotential, addresses }: MatrixEntry): boolean => isPotential || addresses !== undefined;

const isInternet = ({ addresses }: MatrixEntry): boolean =>
  addresses !== undefined && !isEmptyAddresses(intersectAddresses(addresses, internetSpace));

/** Whether policy sees the entry in a family of the addresses outside. */
const areJudged = (entry: MatrixEntry, outside: MatrixEntry): boolean =>
  entry.uses.some(({ family, unit }) => unit.profile !== undefined && outside.uses.some((use) => use.family === family));
