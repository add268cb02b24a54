import type { Direction } from '../api/types.ts';
import { type Family, families } from '../net/ip.ts';
import { getOrMake } from '../policy/get-or-make.ts';
import { type CompiledPolicy, inOrderOfEvaluation } from '../policy/model.ts';
import type { Reason } from '../verdict/gate.ts';
import type { MatrixEntry, Use } from './endpoints.ts';
import type { GateResult, ResultId, StateId } from './gate-states.ts';
import type { GateTable } from './gate-table.ts';
import { nothing, type TrafficId } from './traffic-table.ts';
import type { Gate, Unit } from './units.ts';

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

/** The number of an outcome; equal outcomes have equal numbers. */
export type OutcomeId = number;

/** The endpoints have no pair of addresses of which policy knows an end. */
export const noPair: OutcomeId = -1;

/** What gates say to one unit as a source. */
interface Outlook {
  readonly unit: Unit;
  /** The state of its own gate toward another unit. */
  readonly out: (gate: Gate, to: Unit) => StateId;
  /** The state of another gate toward it. */
  readonly into: (gate: Gate) => StateId;
  /** The units that its own gate's rules speak of, and the ingress gates whose rules speak of it, by number. */
  readonly spoken: { readonly units: readonly number[]; readonly gates: readonly number[] };
}

/** What each unit of an endpoint meets as a source. */
export type Outlooks = ReadonlyMap<Unit, Outlook>;

/** Is told of a pair of units, and whether the exceptions for a pod's own node hold there. */
type Visit = (from: Outlook, to: Unit, isOwnOut: boolean, isOwnIn: boolean) => void;

/** The policies that decide about a pair at each gate. */
export type Deciders = Readonly<Record<Direction, readonly CompiledPolicy[]>>;

/** More outcomes and results than any cluster has; two of them make one key. */
const capacity = 2 ** 26;

/** Combines both gates for pairs of endpoints; equal outcomes are one, and every combination is worked out once. */
export class PairTable {
  readonly outcomes: PairOutcome[] = [];
  readonly #gates: GateTable;
  readonly #isOwnNodeOpen: boolean;
  readonly #isWhole: boolean;
  readonly #ids = new Map<string, OutcomeId>();
  readonly #ofResults = new Map<number, OutcomeId>();
  readonly #ofBoth = new Map<number, OutcomeId>();
  readonly #lists = new Map<StateId | Gate, readonly CompiledPolicy[]>();

  /** `isWhole`: connections of which policy knows neither end count, too, and are open. */
  constructor(gates: GateTable, isOwnNodeOpen: boolean, isWhole = false) {
    this.#gates = gates;
    this.#isOwnNodeOpen = isOwnNodeOpen;
    this.#isWhole = isWhole;
  }

  /** What the endpoint meets as a source. */
  outlooksOf(source: MatrixEntry): Outlooks {
    return outlooksWith(source, (unit) => this.#outlookOf(unit));
  }

  #outlookOf(unit: Unit): Outlook {
    const own = unit.profile?.gates.egress;
    const row = own && this.#gates.row('egress', own);
    const column = this.#gates.column('ingress', unit);
    return {
      unit,
      out: (gate, to) => row!.get(to.id) ?? this.#gates.baseOf('egress', gate.id),
      into: (gate) => column.get(gate.id) ?? this.#gates.baseOf('ingress', gate.id),
      spoken: { units: row?.ids ?? [], gates: column.ids },
    };
  }

  /**
   * The same for a source of which only some destinations are asked for: nothing is worked out beforehand. Of addresses of nobody, of which few
   * rules speak, it is if there are `several`.
   */
  glancesOf(source: MatrixEntry, several = false): Outlooks {
    const isWorkedOut = ({ profile }: Unit): boolean => several && profile === undefined;
    return outlooksWith(source, (unit) => (isWorkedOut(unit) ? this.#outlookOf(unit) : this.#glanceOf(unit)));
  }

  #glanceOf(unit: Unit): Outlook {
    return {
      unit,
      out: (gate, to) => this.#gates.stateOf('egress', gate, to),
      into: (gate) => this.#gates.stateOf('ingress', gate, unit),
      spoken: { units: [], gates: [] },
    };
  }

  /** The outcome between an endpoint and another whose nodes do not matter to it, over both families or one of them. */
  between(outlooks: Outlooks, source: MatrixEntry, destination: MatrixEntry, family?: Family): OutcomeId {
    let outcome = noPair;
    let met: readonly [from: Unit, to: Unit] | undefined;
    for (const from of source.uses)
      for (const to of destination.uses) {
        if (from.family !== to.family || (family !== undefined && from.family !== family) || isOf(met, from, to)) continue;
        met = [from.unit, to.unit];
        outcome = this.#join(outcome, this.#meet(outlooks.get(from.unit)!, to.unit, false, false));
      }
    return outcome;
  }

  /** The outcome where pods of one end may run on nodes whose addresses the other has, or where both ends are the same endpoint; over both families or one. */
  betweenNeighbours(outlooks: Outlooks, source: MatrixEntry, destination: MatrixEntry, family?: Family): OutcomeId {
    let outcome = noPair;
    const visit: Visit = (from, to, isOwnOut, isOwnIn) => {
      outcome = this.#join(outcome, this.#meet(from, to, isOwnOut, isOwnIn));
    };
    this.#visitMeetings(outlooks, source, destination, visit, family);
    return outcome;
  }

  /**
   * The same, but as what some pair may do counts only what pods may that are not on the node. Where all are, it is what all of them may over one
   * family or the other.
   */
  besideOwnNode(outlooks: Outlooks, source: MatrixEntry, destination: MatrixEntry): OutcomeId {
    const { traffics } = this.#gates;
    let [outcome, beside] = [noPair, noPair];
    let alone = nothing;
    for (const family of families) {
      let whole = noPair;
      const visit: Visit = (from, to, isOwnOut, isOwnIn) => {
        const met = this.#meet(from, to, isOwnOut, isOwnIn);
        whole = this.#join(whole, met);
        if (!isOwnOut && !isOwnIn) beside = this.#join(beside, met);
      };
      this.#visitMeetings(outlooks, source, destination, visit, family);
      if (whole === noPair) continue;
      outcome = this.#join(outcome, whole);
      alone = traffics.unite(alone, this.outcomes[whole]!.every);
    }
    if (outcome === noPair) return noPair;
    const all = this.outcomes[outcome]!;
    return this.idOf({ ...all, some: beside === noPair ? alone : traffics.unite(all.every, this.outcomes[beside]!.some) });
  }

  /**
   * Where a pod's own node matters between two endpoints: to which of their connections the exception applies, as a text that is equal for
   * equal places.
   */
  exemptionsOf(outlooks: Outlooks, source: MatrixEntry, destination: MatrixEntry): string {
    const found = new Set<string>();
    this.#visitMeetings(outlooks, source, destination, (_, __, isOwnOut, isOwnIn) => found.add(`${isOwnOut}/${isOwnIn}`));
    return [...found].sort().join();
  }

  /** Visits all kinds of pairs between the members of two endpoints, over both families or one of them. */
  #visitMeetings(outlooks: Outlooks, source: MatrixEntry, destination: MatrixEntry, visit: Visit, family?: Family): void {
    let met: readonly [from: Unit, to: Unit] | undefined;
    for (const from of source.uses)
      for (const to of destination.uses) {
        // A pod's connections to itself are not between members.
        const isPair = from.family === to.family && (family === undefined || from.family === family) && (from !== to || from.count > 1);
        if (!isPair) continue;
        const outlook = outlooks.get(from.unit)!;
        if (from.at.size + to.at.size > 0) this.#visitNearNode(outlook, from, to, visit);
        else if (!isOf(met, from, to)) {
          met = [from.unit, to.unit];
          visit(outlook, to.unit, false, false);
        }
      }
  }

  #visitNearNode(outlook: Outlook, from: Use, to: Use, visit: Visit): void {
    for (const isOwnOut of this.#isOwnNodeOpen ? ownNode(to, from) : never)
      for (const isOwnIn of ownNode(from, to)) visit(outlook, to.unit, isOwnOut, isOwnIn);
  }

  #meet(from: Outlook, to: Unit, isOwnOut: boolean, isOwnIn: boolean): OutcomeId {
    const out = from.unit.profile?.gates.egress;
    const into = to.profile?.gates.ingress;
    // Policy knows nothing of what neither end is policed in.
    if (out === undefined && into === undefined && !this.#isWhole) return noPair;
    const { states } = this.#gates;
    const egress = out === undefined ? states.unpoliced : states.resultOf(from.out(out, to), out.isIsolated, isOwnOut);
    const ingress = into === undefined ? states.unpoliced : states.resultOf(from.into(into), into.isIsolated, isOwnIn);
    return this.#combine(egress, ingress);
  }

  #combine(egress: ResultId, ingress: ResultId): OutcomeId {
    const key = egress * capacity + ingress;
    let id = this.#ofResults.get(key);
    if (id === undefined) {
      const { results } = this.#gates.states;
      const [out, into] = [results[egress]!, results[ingress]!] as [GateResult, GateResult];
      const traffic = this.#gates.traffics.intersect(out.traffic, into.traffic);
      id = this.idOf({ every: traffic, some: traffic, egress: out.reason, ingress: into.reason });
      this.#ofResults.set(key, id);
    }
    return id;
  }

  /** The outcome of pairs of which some have one outcome and some the other. */
  #join(a: OutcomeId, b: OutcomeId): OutcomeId {
    if (a === noPair || a === b) return b;
    if (b === noPair) return a;
    const key = Math.min(a, b) * capacity + Math.max(a, b);
    let id = this.#ofBoth.get(key);
    if (id === undefined) {
      const { traffics } = this.#gates;
      const [one, other] = [this.outcomes[a]!, this.outcomes[b]!] as [PairOutcome, PairOutcome];
      id = this.idOf({
        every: traffics.intersect(one.every, other.every),
        some: traffics.unite(one.some, other.some),
        egress: stricter(one.egress, other.egress),
        ingress: stricter(one.ingress, other.ingress),
      });
      this.#ofBoth.set(key, id);
    }
    return id;
  }

  /** The number of an outcome, of this table or another of the same gates. */
  idOf(outcome: PairOutcome): OutcomeId {
    const { every, some, egress, ingress } = outcome;
    const key = `${every} ${some} ${egress} ${ingress}`;
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.outcomes.push(outcome) - 1;
      this.#ids.set(key, id);
    }
    return id;
  }

  /** Who made the outcome of a pair what it is: the policies whose rules let it through, or those that isolate where none does. */
  decidersOf(outlooks: Outlooks, source: MatrixEntry, destination: MatrixEntry, outcome: PairOutcome): Deciders {
    let deciders: Deciders = { egress: nobody, ingress: nobody };
    this.#visitMeetings(outlooks, source, destination, (from, to, isOwnOut, isOwnIn) => {
      const out = from.unit.profile?.gates.egress;
      const into = to.profile?.gates.ingress;
      deciders = {
        egress:
          out === undefined ? deciders.egress : unite(deciders.egress, this.#deciding(out, from.out(out, to), isOwnOut, outcome.egress)),
        ingress:
          into === undefined ? deciders.ingress : unite(deciders.ingress, this.#deciding(into, from.into(into), isOwnIn, outcome.ingress)),
      };
    });
    return deciders;
  }

  /** If the reason is that of the pair: of a state those who made it; of a gate that lets nothing through those who isolate it. */
  #deciding(gate: Gate, state: StateId, isOwn: boolean, meant: Reason): readonly CompiledPolicy[] {
    const { states } = this.#gates;
    const { reason } = states.results[states.resultOf(state, gate.isIsolated, isOwn)]!;
    if (reason !== meant || !hasDeciders.has(reason)) return nobody;
    const isDenied = reason === 'no-rule-matched';
    const key = isDenied ? gate : state * 2 + (reason === 'tier' ? 1 : 0);
    let list = this.#lists.get(key);
    if (list === undefined) {
      const policies = isDenied ? gate.policies : this.#gates.states.policiesOf(state);
      list = policies.filter(({ tier }) => reason === 'tier' || tier === 'NetworkPolicy');
      this.#lists.set(key, list);
    }
    return list;
  }
}

/** Most endpoints are of one unit in both families. */
function outlooksWith({ uses }: MatrixEntry, look: (unit: Unit) => Outlook): Outlooks {
  const outlooks = new Map<Unit, Outlook>();
  for (const { unit } of uses) getOrMake(outlooks, unit, look);
  return outlooks;
}

/** Whether these units have met already, in the other family: nothing new comes of it. */
const isOf = (met: readonly [from: Unit, to: Unit] | undefined, from: Use, to: Use): boolean =>
  met !== undefined && met[0] === from.unit && met[1] === to.unit;

const nobody: readonly CompiledPolicy[] = [];
const never: readonly boolean[] = [false];

/** Both lists in the order of evaluation, each policy once. */
function unite(a: readonly CompiledPolicy[], b: readonly CompiledPolicy[]): readonly CompiledPolicy[] {
  if (a === b || b.length === 0) return a;
  return a.length === 0 ? b : [...new Set([...a, ...b])].sort(inOrderOfEvaluation);
}

/** The reasons that policies are responsible for. */
const hasDeciders: ReadonlySet<Reason> = new Set<Reason>(['rule', 'tier', 'no-rule-matched']);

const stricter = (a: Reason, b: Reason): Reason => (rank[a] <= rank[b] ? a : b);

/** Whether the remote's addresses are those of the pods' own node: for some pairs (true), for some not (false), or both. */
function ownNode(remote: Use, pods: Use): readonly boolean[] {
  if (remote.at.size === 0 || pods.on.size === 0) return never;
  const found = new Set<boolean>();
  for (const names of remote.at) for (const node of pods.on) found.add(names.includes(node));
  if (!remote.isAllAt) found.add(false);
  return [...found];
}
