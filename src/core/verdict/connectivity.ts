import { type Direction, directions } from '../api/types.ts';
import { families } from '../net/ip.ts';
import { formatPorts, isAllTraffic, type Traffic } from '../net/port-set.ts';
import { type Protocol, protocols } from '../net/protocol.ts';
import type { Analysis } from './analysis.ts';
import type { Reason } from './gate.ts';
import { GateTable } from './gate-table.ts';
import { externalEntry, type MatrixEndpoint, MatrixEndpoints, type MatrixEntry, type Stranger } from './matrix-endpoints.ts';
import { type OutcomeId, PairTable } from './pair-table.ts';
import { PairWalk } from './pair-walk.ts';
import { everything, nothing, type TrafficId } from './traffic-table.ts';
import { append, type Unit, Units } from './units.ts';

/** Traffic in answers: `all`, or the protocols that are let through with their ports, `80` or `8000-8999`. */
export type TrafficAnswer = 'all' | readonly { readonly protocol: Protocol; readonly ports: readonly string[] }[];

/** Two endpoints in answers. Equal `traffic`, `partial` and `reason` are one object, so that a writer can keep their text. */
export interface ConnectionAnswer {
  /** Ids of endpoints. */
  readonly from: string;
  readonly to: string;
  /** What every pair of members may do; empty where that is nothing. */
  readonly traffic: TrafficAnswer;
  /** Where members differ: what at least one pair may do. */
  readonly partial?: TrafficAnswer;
  /** Where members differ: of the pair that is let through least. */
  readonly reason: { readonly egress: Reason; readonly ingress: Reason };
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
}

/** Who can reach whom in a cluster, and with what. */
export interface Connectivity {
  /** Workloads and bare pods by id, nodes by name, external ranges by their first address. */
  readonly endpoints: readonly MatrixEndpoint[];
  /** In the order of the endpoints, by source and then destination; worked out while it is read. */
  readonly connections: Iterable<ConnectionAnswer>;
}

/**
 * The whole connectivity of a cluster, exact over all addresses and ports.
 *
 * An endpoint is a workload, bare pods of a namespace that are alike, a node, or addresses that belong to no pod or node and that
 * every gate treats alike. `traffic` is what every pair of members may do; where members differ, `partial` is what some pair may.
 * Pairs are of one address family, so a dual-stack workload is allowed what both families are. A pod's connections to itself are left
 * out, and so are pairs that policy knows nothing of: between nodes and external addresses. hostNetwork pods that are not policed
 * are listed as the workloads they are, with the addresses of their nodes; finished pods and pods without address are not.
 */
export function connectivityOf(analysis: Pick<Analysis, 'cluster' | 'model'>, options: MatrixOptions = {}): Connectivity {
  const matrix = new Matrix(analysis, options);
  return { endpoints: matrix.endpoints(), connections: { [Symbol.iterator]: () => matrix.connections() } };
}

/** The entries of a matrix with the pairs among them, worked out as they are read. */
class Matrix {
  readonly #options: MatrixOptions;
  readonly #entries: readonly MatrixEntry[];
  readonly #gates: GateTable;
  readonly #pairs: PairTable;
  readonly #walk: PairWalk;
  readonly #wanted: TrafficId;
  readonly #answers = new Map<OutcomeId, Omit<ConnectionAnswer, 'from' | 'to'>>();
  readonly #traffics = new Map<TrafficId, TrafficAnswer>();

  constructor({ cluster, model }: Pick<Analysis, 'cluster' | 'model'>, options: MatrixOptions) {
    this.#options = options;
    const units = new Units(model);
    const makers = new MatrixEndpoints(cluster, model, units);
    const inside = [...makers.pods(), ...makers.nodes()];
    const used = new Set(inside.flatMap(({ uses }) => uses.flatMap(({ unit, family }) => (unit.profile === undefined ? [] : [family]))));
    const strangers = makers.strangers(families.filter((family) => used.has(family)));
    this.#gates = new GateTable(units, model.choices);
    this.#pairs = new PairTable(this.#gates, model.choices['own-node-egress'] === 'always-allow');
    this.#entries = [...inside, ...mergeAlike(strangers, units, this.#gates).map(externalEntry)];
    this.#wanted = options.traffic === undefined ? everything : this.#gates.traffics.idOf(options.traffic);
    this.#walk = new PairWalk(this.#entries, this.#pairs, {
      isShown: ({ answer }) => options.isShown?.(answer) ?? true,
      direction: options.direction,
      isWanted: ({ every }) => options.denied === true || this.#gates.traffics.intersect(every, this.#wanted) !== nothing,
    });
  }

  endpoints(): MatrixEndpoint[] {
    const { isShown } = this.#options;
    if (isShown === undefined) return this.#entries.map(({ answer }) => answer);
    const named = new Set(this.#entries.filter(({ answer }) => isShown(answer)));
    for (const [from, to] of this.#walk.pairs()) named.add(from).add(to);
    return this.#entries.filter((entry) => named.has(entry)).map(({ answer }) => answer);
  }

  *connections(): Generator<ConnectionAnswer> {
    for (const [from, to, outcome] of this.#walk.pairs()) yield { from: from.answer.id, to: to.answer.id, ...this.#answerOf(outcome) };
  }

  #answerOf(id: OutcomeId): Omit<ConnectionAnswer, 'from' | 'to'> {
    let answer = this.#answers.get(id);
    if (answer === undefined) {
      const { every, some, egress, ingress } = this.#pairs.outcomes[id]!;
      const [traffic, partial] = [this.#trafficAnswer(every), this.#trafficAnswer(some)];
      answer = { traffic, ...(partial !== traffic && { partial }), reason: { egress, ingress } };
      this.#answers.set(id, answer);
    }
    return answer;
  }

  #trafficAnswer(whole: TrafficId): TrafficAnswer {
    const id = this.#gates.traffics.intersect(whole, this.#wanted);
    let answer = this.#traffics.get(id);
    if (answer === undefined) {
      answer = trafficAnswer(this.#gates.traffics.trafficOf(id));
      this.#traffics.set(id, answer);
    }
    return answer;
  }
}

/** Traffic as the contract has it. */
function trafficAnswer(traffic: Traffic): TrafficAnswer {
  if (isAllTraffic(traffic)) return 'all';
  return protocols.flatMap((protocol) => (traffic[protocol].length === 0 ? [] : [{ protocol, ports: formatPorts(traffic[protocol]) }]));
}

/** External addresses together that every gate treats alike, in the order of the first of them. */
function mergeAlike(strangers: readonly Stranger[], units: Units, gates: GateTable): Stranger[][] {
  const treatment = new Map<Unit, string>();
  const groups = new Map<string, Stranger[]>();
  for (const stranger of strangers) {
    let key = treatment.get(stranger.unit);
    if (key === undefined) {
      key = directions.map((direction) => treatmentOf(stranger.unit, direction, units, gates)).join(' ');
      treatment.set(stranger.unit, key);
    }
    append(groups, key, stranger);
  }
  return [...groups.values()];
}

/** What the gates of a direction say to a unit, as far as they have a rule for it. */
function treatmentOf(unit: Unit, direction: Direction, units: Units, gates: GateTable): string {
  const { states, touched } = gates.column(direction, unit);
  const said = [...touched]
    .sort((a, b) => a - b)
    .map((id) => {
      const { traffic, reason } = gates.states.resultOf(states[id]!, units.gates[direction][id]!.isIsolated, false);
      const base = gates.states.resultOf(gates.baseOf(direction, id), units.gates[direction][id]!.isIsolated, false);
      return traffic === base.traffic && reason === base.reason ? '' : `${id}:${traffic}:${reason}`;
    });
  return said.filter((text) => text !== '').join();
}
