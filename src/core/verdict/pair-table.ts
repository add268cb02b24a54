import type { Reason } from './gate.ts';
import type { GateResult } from './gate-state.ts';
import type { GateTable } from './gate-table.ts';
import type { MatrixEntry, Use } from './matrix-endpoints.ts';
import { everything, type TrafficId } from './traffic-table.ts';
import type { Unit } from './units.ts';

/** What holds between two endpoints. */
export interface PairOutcome {
  /** What every pair of their members may do. */
  readonly every: TrafficId;
  /** What some pair may do. */
  readonly some: TrafficId;
  /** Of pairs that differ, the reasons that let least through. */
  readonly egress: Reason;
  readonly ingress: Reason;
}

const reasons: readonly Reason[] = ['no-rule-matched', 'tier', 'rule', 'own-node', 'hairpin', 'self', 'not-isolated', 'unpoliced-endpoint'];
const rank = Object.fromEntries(reasons.map((reason, index) => [reason, index])) as Record<Reason, number>;
const unpoliced: GateResult = { traffic: everything, reason: 'unpoliced-endpoint' };

/** The number of an outcome; `noPair` where the endpoints have no pair of addresses to speak of. */
export type OutcomeId = number;
export const noPair: OutcomeId = -1;

/** What one unit, as a source, meets at all others. */
interface Outlook {
  readonly unit: Unit;
  /** Its own gate's states, by unit. */
  readonly egress: Int32Array | undefined;
  /** The other gates' states, by ingress gate. */
  readonly ingress: Int32Array;
}

/** What each unit of an endpoint meets as a source. */
export type Outlooks = ReadonlyMap<Unit, Outlook>;

/** Combines both gates for pairs of endpoints; equal outcomes are one. */
export class PairTable {
  readonly outcomes: PairOutcome[] = [];
  readonly #gates: GateTable;
  readonly #isOwnNodeOpen: boolean;
  readonly #ids = new Map<number, OutcomeId>();

  constructor(gates: GateTable, isOwnNodeOpen: boolean) {
    this.#gates = gates;
    this.#isOwnNodeOpen = isOwnNodeOpen;
  }

  /** What the endpoint meets as a source. */
  outlooksOf(source: MatrixEntry): Outlooks {
    return new Map(
      source.uses.map(({ unit }) => {
        const egress = unit.profile && this.#gates.row('egress', unit.profile.gates.egress);
        return [unit, { unit, egress, ingress: this.#gates.column('ingress', unit).states }];
      }),
    );
  }

  /** The outcome between an endpoint and another whose nodes do not matter to it. */
  between(outlooks: Outlooks, source: MatrixEntry, destination: MatrixEntry): OutcomeId {
    const fold = new Fold(this.#gates);
    for (const from of source.uses)
      for (const to of destination.uses) if (from.family === to.family) this.#meet(fold, outlooks.get(from.unit)!, to.unit, false, false);
    return this.#idOf(fold);
  }

  /** The outcome where pods of one end may run on nodes whose addresses the other has, or where both ends are the same endpoint. */
  betweenNeighbours(outlooks: Outlooks, source: MatrixEntry, destination: MatrixEntry): OutcomeId {
    const fold = new Fold(this.#gates);
    const pairs = source.uses.flatMap((from) => destination.uses.map((to) => [from, to] as const));
    for (const [from, to] of pairs) {
      // A pod's connections to itself are not between members.
      if (from.family !== to.family || (from === to && from.count === 1)) continue;
      const outlook = outlooks.get(from.unit)!;
      for (const isOwnOut of this.#isOwnNodeOpen ? ownNode(to, from) : [false])
        for (const isOwnIn of ownNode(from, to)) this.#meet(fold, outlook, to.unit, isOwnOut, isOwnIn);
    }
    return this.#idOf(fold);
  }

  #meet(fold: Fold, { unit, egress, ingress }: Outlook, to: Unit, isOwnOut: boolean, isOwnIn: boolean): void {
    const { states } = this.#gates;
    const out = unit.profile?.gates.egress;
    const into = to.profile?.gates.ingress;
    // Policy knows nothing of what neither end is policed in.
    if (out === undefined && into === undefined) return;
    fold.add(
      out === undefined ? unpoliced : states.resultOf(egress![to.id]!, out.isIsolated, isOwnOut),
      into === undefined ? unpoliced : states.resultOf(ingress[into.id]!, into.isIsolated, isOwnIn),
    );
  }

  #idOf({ outcome }: Fold): OutcomeId {
    if (outcome === undefined) return noPair;
    const { every, some, egress, ingress } = outcome;
    const key = ((every * 2 ** 20 + some) * reasons.length + rank[egress]) * reasons.length + rank[ingress];
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.outcomes.push(outcome) - 1;
      this.#ids.set(key, id);
    }
    return id;
  }
}

/** Puts the outcomes of several pairs together. */
class Fold {
  outcome: PairOutcome | undefined;
  readonly #gates: GateTable;

  constructor(gates: GateTable) {
    this.#gates = gates;
  }

  add(egress: GateResult, ingress: GateResult): void {
    const { traffics } = this.#gates;
    const traffic = traffics.intersect(egress.traffic, ingress.traffic);
    const { outcome } = this;
    this.outcome =
      outcome === undefined
        ? { every: traffic, some: traffic, egress: egress.reason, ingress: ingress.reason }
        : {
            every: traffics.intersect(outcome.every, traffic),
            some: traffics.unite(outcome.some, traffic),
            egress: stricter(outcome.egress, egress.reason),
            ingress: stricter(outcome.ingress, ingress.reason),
          };
  }
}

const stricter = (a: Reason, b: Reason): Reason => (rank[a] <= rank[b] ? a : b);

/** Whether the remote's addresses are those of the pods' own node: for some pairs (true), for some not (false), or both. */
function ownNode(remote: Use, pods: Use): boolean[] {
  const pairs = [...remote.at].flatMap((names) => [...pods.on].map((node) => names.split(',').includes(node)));
  if (!remote.isAllAt || pods.on.size === 0) pairs.push(false);
  return [...new Set(pairs)];
}
