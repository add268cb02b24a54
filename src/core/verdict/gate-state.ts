import { type CompiledRule, tiers } from '../policy/model.ts';
import type { Reason } from './gate.ts';
import { everything, nothing, type TrafficId, type TrafficTable } from './traffic-table.ts';

/** The number of a state; equal states have equal numbers. */
export type StateId = number;

/** What the rules that matched a remote have decided so far, for one gate. Traffic that a cluster-wide tier has decided stays decided. */
interface State {
  readonly Admin: TierState;
  readonly Baseline: TierState;
  /** What rules of the NetworkPolicy tier accept. */
  readonly accepted: TrafficId;
}

interface TierState {
  readonly accept: TrafficId;
  readonly deny: TrafficId;
  readonly pass: TrafficId;
}

/** What a gate lets through, and why. */
export interface GateResult {
  readonly traffic: TrafficId;
  readonly reason: Reason;
}

const untouched: TierState = { accept: nothing, deny: nothing, pass: nothing };
const operations = tiers.flatMap((tier) => (['accept', 'deny', 'pass'] as const).map((action) => `${tier} ${action}`));

/**
 * The states that gates come to as rules match, each kept once. Rules of the cluster-wide tiers are applied in the order of
 * evaluation; those of the NetworkPolicy tier in any. Source: semantics.md section 6.3.
 */
export class GateStates {
  readonly #traffics: TrafficTable;
  readonly #states: State[] = [];
  readonly #ids = new Map<string, StateId>();
  readonly #steps = new Map<number, StateId>();
  readonly #results = new Map<number, GateResult>();

  /** The state before any rule. */
  readonly initial: StateId;

  constructor(traffics: TrafficTable) {
    this.#traffics = traffics;
    this.initial = this.#idOf({ Admin: untouched, Baseline: untouched, accepted: nothing });
  }

  /** The state after a rule matched with the given traffic. */
  apply(id: StateId, { policy: { tier }, action }: CompiledRule, traffic: TrafficId): StateId {
    if (traffic === nothing) return id;
    const operation = operations.indexOf(`${tier} ${action}`);
    const key = (id * operations.length + operation) * 2 ** 20 + traffic;
    let next = this.#steps.get(key);
    if (next === undefined) {
      next = this.#idOf(this.#step(this.#states[id]!, tier, action, traffic));
      this.#steps.set(key, next);
    }
    return next;
  }

  #step(state: State, tier: CompiledRule['policy']['tier'], action: CompiledRule['action'], traffic: TrafficId): State {
    if (tier === 'NetworkPolicy') return { ...state, accepted: this.#traffics.unite(state.accepted, traffic) };
    const { accept, deny, pass } = state[tier];
    const open = [accept, deny, pass].reduce((rest, decided) => this.#traffics.subtract(rest, decided), traffic);
    return { ...state, [tier]: { ...state[tier], [action]: this.#traffics.unite(state[tier][action], open) } };
  }

  /** What the gate lets through in the end, given whether NetworkPolicies isolate it and whether the remote is the pod's own node. */
  resultOf(id: StateId, isIsolated: boolean, isOwnNode: boolean): GateResult {
    const key = id * 4 + (isIsolated ? 2 : 0) + (isOwnNode ? 1 : 0);
    let result = this.#results.get(key);
    if (result === undefined) {
      result = this.#finish(this.#states[id]!, isIsolated, isOwnNode);
      this.#results.set(key, result);
    }
    return result;
  }

  #finish({ Admin, Baseline, accepted }: State, isIsolated: boolean, isOwnNode: boolean): GateResult {
    const { unite, subtract, intersect } = bound(this.#traffics);
    const undecided = subtract(subtract(everything, Admin.accept), Admin.deny);
    const isolated = isOwnNode ? everything : accepted;
    const below = isIsolated ? isolated : subtract(everything, Baseline.deny);
    const traffic = unite(Admin.accept, intersect(undecided, below));
    const byTier = [Admin.accept, Admin.deny, ...(isIsolated ? [] : [Baseline.accept, Baseline.deny])].some(
      (decided) => decided !== nothing,
    );
    if (byTier) return { traffic, reason: 'tier' };
    if (!isIsolated) return { traffic, reason: 'not-isolated' };
    return { traffic, reason: isOwnNode ? 'own-node' : accepted === nothing ? 'no-rule-matched' : 'rule' };
  }

  #idOf(state: State): StateId {
    const key = JSON.stringify(state);
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#states.push(state) - 1;
      this.#ids.set(key, id);
    }
    return id;
  }
}

const bound = (table: TrafficTable) => ({
  unite: (a: TrafficId, b: TrafficId) => table.unite(a, b),
  subtract: (a: TrafficId, b: TrafficId) => table.subtract(a, b),
  intersect: (a: TrafficId, b: TrafficId) => table.intersect(a, b),
});
