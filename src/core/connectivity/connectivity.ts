import type { Direction } from '../api/types.ts';
import { potentialPeers, withPotentialPods } from '../cluster/potential-pods.ts';
import type { Traffic } from '../net/port-set.ts';
import { getOrMake } from '../policy/get-or-make.ts';
import { Analysis } from '../verdict/analysis.ts';
import { Answers, type ConnectionAnswer, type Said } from './answers.ts';
import { Ascending } from './ascending.ts';
import { ConnectivityIndex } from './connectivity-index.ts';
import type { MatrixEndpoint, MatrixEntry } from './endpoints.ts';
import { type ExposureAnswer, exposureOf } from './exposure.ts';
import { PairCount } from './pair-count.ts';
import type { Kind, PairWalk } from './pair-walk.ts';
import { everything, nothing } from './traffic-table.ts';

/** An endpoint with others, for each of which the same holds. What is equal is mostly one object: what is said, and lists of the same endpoints. */
export interface ReachAnswer {
  readonly from: string;
  readonly to: readonly string[];
  readonly said: Said;
}

/** What of the matrix is wanted; what is left out is not limited. */
export interface MatrixOptions {
  /** Pairs of which neither end is shown are left out, and so are endpoints of no pair. */
  readonly isShown?: (endpoint: MatrixEndpoint) => boolean;
  /** Only pairs whose destination (ingress) or source (egress) is shown. */
  readonly direction?: Direction;
  /** Only this traffic. */
  readonly traffic?: Traffic;
  /** Pairs that may do nothing, too. */
  readonly denied?: boolean;
  /** Also pods that do not exist but that some rule would select, and one that none singles out; and who is exposed to what. */
  readonly exposure?: boolean;
  /**
   * Also what pods that do not exist may do among themselves and with addresses outside.
   *
   * @internal
   */
  readonly isAmongPotential?: boolean;
  /**
   * Also pairs of a node and a workload of which some members run there and are reached for that alone, as among the denied ones.
   *
   * @internal
   */
  readonly isPartial?: boolean;
  /**
   * Leaves out of `reach` by whom it is so, for those who do not say it: finding out takes as long as all the rest.
   *
   * @internal
   */
  readonly isUnexplained?: boolean;
  /**
   * The index of the cluster, where several questions are asked; of no use with `exposure`, which adds pods.
   *
   * @internal
   */
  readonly index?: ConnectivityIndex;
}

/** Who can reach whom in a cluster, and with what. */
export interface Connectivity {
  /** Workloads and bare pods by id, nodes by name, external ranges by their first address, potential pods by id. */
  readonly endpoints: readonly MatrixEndpoint[];
  /** In the order of the endpoints, by source and then destination; worked out while it is read. */
  readonly connections: Iterable<ConnectionAnswer>;
  /**
   * The same connections by source, those of destinations that are alike together: for those who want all, and in no order.
   *
   * @internal
   */
  readonly reach: Iterable<ReachAnswer>;
  /** What each workload and bare pod is exposed to, where it is asked for. */
  readonly exposure?: readonly ExposureAnswer[];
  /**
   * Counts pairs of all endpoints, those that are shown or not and allowed or not.
   *
   * @internal
   */
  readonly count: PairCount;
}

/**
 * The whole connectivity of a cluster, exact over all addresses and ports.
 *
 * An endpoint is a workload, bare pods of a namespace that are alike, a node, or addresses that belong to no pod or node and that
 * every gate treats alike. `traffic` is what every pair of members may do; where members differ, `partial` is what some pair may.
 * A pair of which only some members may do something is listed, too, unless these are pods and the node they run on.
 * Pairs are of one address family, so a dual-stack workload is allowed what both families are. A pod's connections to itself are left
 * out, and so are pairs that policy knows nothing of: between nodes and external addresses. hostNetwork pods that are not policed
 * are listed as the workloads they are, with the addresses of their nodes; finished pods and pods without address are not.
 *
 * @param analysis The cluster.
 */
export function connectivityOf({ cluster, model }: Pick<Analysis, 'cluster' | 'model'>, options: MatrixOptions = {}): Connectivity {
  const { exposure = false } = options;
  const peers = exposure ? potentialPeers([cluster]) : [];
  const matrix = new Matrix(exposure ? new Analysis(withPotentialPods(cluster, peers), model.choices) : { cluster, model }, options);
  return {
    endpoints: matrix.endpoints(),
    connections: { [Symbol.iterator]: () => matrix.connections() },
    reach: { [Symbol.iterator]: () => matrix.reach() },
    count: matrix.count(),
    ...(exposure && { exposure: matrix.exposure() }),
  };
}

/** The entries of a matrix with the pairs among them, worked out as they are read. */
class Matrix {
  readonly #isWhole: boolean;
  readonly #entries: readonly MatrixEntry[];
  readonly #walk: PairWalk;
  readonly #index: ConnectivityIndex;
  readonly #answers: Answers;
  readonly #isUnexplained: boolean;

  constructor(
    analysis: Pick<Analysis, 'cluster' | 'model'>,
    {
      isShown,
      direction,
      traffic,
      denied = false,
      exposure,
      isAmongPotential = false,
      isPartial = false,
      isUnexplained = false,
      index,
    }: MatrixOptions,
  ) {
    this.#isWhole = isShown === undefined;
    this.#isUnexplained = isUnexplained;
    this.#index = index !== undefined && !exposure ? index : ConnectivityIndex.of(analysis);
    this.#entries = this.#index.entries();
    const { traffics } = this.#index.gates;
    const wanted = traffic === undefined ? everything : traffics.idOf(traffic);
    this.#answers = new Answers(this.#index, wanted);
    this.#walk = this.#index.walk(this.#entries, {
      isShown: isShown === undefined ? () => true : ({ answer }) => isShown(answer),
      direction,
      denied,
      isAmongPotential,
      isPartial,
      isWanted: (each) => traffics.intersect(each, wanted) !== nothing,
    });
  }

  endpoints(): MatrixEndpoint[] {
    if (this.#isWhole) return this.#entries.map(({ answer }) => answer);
    const named = new Set<MatrixEntry>();
    for (const [place, from] of this.#entries.entries()) {
      if (this.#walk.isShown(place)) named.add(from);
      for (const [other] of this.#walk.row(place).cells) named.add(from).add(this.#entries[other]!);
    }
    return this.#entries.filter((entry) => named.has(entry)).map(({ answer }) => answer);
  }

  count(): PairCount {
    return new PairCount(this.#entries);
  }

  /** Of those workloads and bare pods that are shown. */
  exposure(): ExposureAnswer[] {
    return exposureOf(this.#index, this.#entries, this.#answers, (place) => this.#walk.isShown(place));
  }

  *reach(): Generator<ReachAnswer> {
    const known = new SaidToKinds();
    const ids = new Map<readonly number[], readonly string[]>();
    const idsAt = (places: readonly number[]): string[] => places.map((place) => this.#entries[place]!.id);
    for (const [source, { id: from }] of this.#entries.entries())
      for (const { kind, places, said } of this.#isUnexplained ? this.#saidAlone(source) : this.#saidFrom(source, known)) {
        const isShared = kind !== undefined && (places === kind.places || places === kind.shown);
        yield { from, to: isShared ? getOrMake(ids, places, idsAt) : idsAt(places), said };
      }
  }

  *connections(): Generator<ConnectionAnswer> {
    const known = new SaidToKinds();
    const ascending = new Ascending<Said>(this.#entries.length);
    for (const [source, { id: from }] of this.#entries.entries())
      for (const [place, said] of ascending.of(this.#saidFrom(source, known), ({ said }) => said))
        yield { from, to: this.#entries[place]!.id, ...said };
  }

  /** The same as below without who decides. */
  #saidAlone(source: number): SaidOfKind[] {
    return this.#walk.reach(source).reached.map(({ kind, places, outcome }) => ({ kind, places, said: this.#answers.saidAlone(outcome) }));
  }

  /** The wanted destinations of a source, those that are alike together, and what is said of each. */
  #saidFrom(source: number, known: SaidToKinds): SaidOfKind[] {
    const from = this.#entries[source]!;
    const { reached, look } = this.#walk.reach(source);
    const alike = this.#walk.kindAt(source);
    const saidByAlike = alike.places.length > 1 ? known.of(alike) : undefined;
    return reached.map(({ kind, places, outcome }) => {
      const make = (): Said => this.#answers.said(look(), from, this.#entries[places[0]!]!, outcome);
      return { kind, places, said: kind === undefined || saidByAlike === undefined ? make() : getOrMake(saidByAlike, kind, make) };
    });
  }
}

/** What is said of a source with destinations that are alike; without a kind it is one that is looked at by itself. */
interface SaidOfKind {
  readonly kind: Kind | undefined;
  readonly places: readonly number[];
  readonly said: Said;
}

/** For how many kinds of sources it is kept what is said of them. */
const keptKinds = 64;

/** What is said of sources by the kinds of destinations. Sources that are alike mostly stand close together. */
class SaidToKinds {
  readonly #known = new Map<Kind, Map<Kind, Said>>();

  of(source: Kind): Map<Kind, Said> {
    if (this.#known.size > keptKinds) this.#known.delete(this.#known.keys().next().value!);
    return getOrMake(this.#known, source, () => new Map());
  }
}
