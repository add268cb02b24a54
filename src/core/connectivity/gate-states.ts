import { type CompiledPolicy, type CompiledRule, inOrderOfEvaluation } from '../policy/model.ts';
import type { Reason } from '../verdict/gate.ts';
import { everything, nothing, type TrafficId, type TrafficTable } from './traffic-table.ts';

/** The number of a state; equal states have equal numbers. */
export type StateId = number;

/** The number of a result; equal results have equal numbers. */
export type ResultId = number;

/** What the rules that matched a remote have decided so far, for one gate. Traffic that a cluster-wide tier has decided stays decided. */
interface State {
  readonly Admin: TierState;
  readonly Baseline: TierState;
  /** What rules of the NetworkPolicy tier accept. */
  readonly accepted: TrafficId;
  /** The policies of the rules that matched, in the order in which they did. */
  readonly policies: readonly CompiledPolicy[];
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

/** A rule with what it means at some destination: what a state can be taken further by. */
interface Step {
  readonly rule: CompiledRule;
  readonly traffic: TrafficId;
}

/** The number of a step. */
export type StepId = number;

/** No step: a rule that means nothing there. */
const noStep: StepId = -1;

const untouched: TierState = { accept: nothing, deny: nothing, pass: nothing };

/** More steps than any cluster has; a state and a step make one key. */
const capacity = 2 ** 24;

/**
 * The states that gates come to as rules match, each kept once. Rules of the cluster-wide tiers are applied in the order of
 * evaluation; those of the NetworkPolicy tier in any. Source: semantics.md section 6.3.
 */
export class GateStates {
  /** By number. */
  readonly results: GateResult[] = [];
  readonly #traffics: TrafficTable;
  readonly #states: State[] = [];
  readonly #ids = new Map<string, StateId>();
  readonly #steps: Step[] = [];
  readonly #stepIds = new Map<string, StepId>();
  readonly #policyIds = new Map<CompiledPolicy, number>();
  readonly #next = new Map<number, StateId>();
  readonly #finished = new Map<number, ResultId>();
  readonly #resultIds = new Map<string, ResultId>();

  /** The state before any rule. */
  readonly initial: StateId;
  /** Of an end that is no pod: no policy closes it. */
  readonly unpoliced: ResultId;

  constructor(traffics: TrafficTable) {
    this.#traffics = traffics;
    this.initial = this.#idOf({ Admin: untouched, Baseline: untouched, accepted: nothing, policies: [] });
    this.unpoliced = this.#resultIdOf({ traffic: everything, reason: 'unpoliced-endpoint' });
  }

  /** The step of a rule that means the given traffic. Rules of one policy that mean the same are one. */
  stepOf(rule: CompiledRule, traffic: TrafficId): StepId {
    if (traffic === nothing) return noStep;
    const key = `${this.#numberOf(rule.policy)} ${rule.action} ${traffic}`;
    let id = this.#stepIds.get(key);
    if (id === undefined) {
      id = this.#steps.push({ rule, traffic }) - 1;
      this.#stepIds.set(key, id);
    }
    return id;
  }

  /** The state after a step. */
  apply(id: StateId, step: StepId): StateId {
    if (step === noStep) return id;
    const key = id * capacity + step;
    let next = this.#next.get(key);
    if (next === undefined) {
      next = this.#idOf(this.#take(this.#states[id]!, this.#steps[step]!));
      this.#next.set(key, next);
    }
    return next;
  }

  #take(state: State, { rule: { policy, action }, traffic }: Step): State {
    const policies = state.policies.includes(policy) ? state.policies : [...state.policies, policy];
    const { tier } = policy;
    if (tier === 'NetworkPolicy') return { ...state, policies, accepted: this.#traffics.unite(state.accepted, traffic) };
    const { accept, deny, pass } = state[tier];
    const open = [accept, deny, pass].reduce((rest, decided) => this.#traffics.subtract(rest, decided), traffic);
    // A rule behind others that leave it nothing has no say.
    if (open === nothing) return state;
    return { ...state, policies, [tier]: { ...state[tier], [action]: this.#traffics.unite(state[tier][action], open) } };
  }

  /** The policies of the rules that brought a gate to the state, in the order of evaluation. */
  policiesOf(id: StateId): readonly CompiledPolicy[] {
    return this.#states[id]!.policies;
  }

  /** What the gate lets through in the end, given whether NetworkPolicies isolate it and whether the remote is the pod's own node. */
  resultOf(id: StateId, isIsolated: boolean, isOwnNode: boolean): ResultId {
    const key = id * 4 + (isIsolated ? 2 : 0) + (isOwnNode ? 1 : 0);
    let result = this.#finished.get(key);
    if (result === undefined) {
      result = this.#resultIdOf(this.#finish(this.#states[id]!, isIsolated, isOwnNode));
      this.#finished.set(key, result);
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

  #resultIdOf(result: GateResult): ResultId {
    const key = `${result.traffic} ${result.reason}`;
    let id = this.#resultIds.get(key);
    if (id === undefined) {
      id = this.results.push(result) - 1;
      this.#resultIds.set(key, id);
    }
    return id;
  }

  /** States that the same policies made in another order are one. */
  #idOf(state: State): StateId {
    const numbers = state.policies.map((policy) => this.#numberOf(policy)).sort((a, b) => a - b);
    const tierText = ({ accept, deny, pass }: TierState): string => `${accept},${deny},${pass}`;
    const key = `${tierText(state.Admin)} ${tierText(state.Baseline)} ${state.accepted} ${numbers.join()}`;
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#states.push({ ...state, policies: [...state.policies].sort(inOrderOfEvaluation) }) - 1;
      this.#ids.set(key, id);
    }
    return id;
  }

  #numberOf(policy: CompiledPolicy): number {
    let number = this.#policyIds.get(policy);
    if (number === undefined) {
      number = this.#policyIds.size;
      this.#policyIds.set(policy, number);
    }
    return number;
  }
}

const bound = (table: TrafficTable) => ({
  unite: (a: TrafficId, b: TrafficId) => table.unite(a, b),
  subtract: (a: TrafficId, b: TrafficId) => table.subtract(a, b),
  intersect: (a: TrafficId, b: TrafficId) => table.intersect(a, b),
});
