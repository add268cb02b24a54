import { type Direction, directions } from '../api/types.ts';
import type { CompiledPolicy, CompiledRule } from '../policy/model.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import { Side } from '../verdict/sides.ts';
import { isUnanswerable } from '../verdict/unanswerable.ts';
import type { Test } from './connectivity-test.ts';
import type { Tried } from './judge-expectation.ts';
import type { NamedEnds } from './named-ends.ts';

/** Something of a policy that decides: a rule, or that the policy isolates, which denies what no rule allows. */
export interface Decider {
  readonly policy: CompiledPolicy;
  readonly direction: Direction;
  /** Absent: the isolation. */
  readonly rule?: CompiledRule;
}

/** What of the policies the tests have seen deciding. */
export interface CoverageReport {
  readonly covered: number;
  readonly total: number;
  /** What decided no tested connection, in the order of policies. */
  readonly uncovered: readonly Decider[];
}

/** Notes which rules decide the connections that tests ask about. */
export class Coverage {
  readonly #seen = new Set<string>();

  /** Takes a judged connection in. */
  addTried({ outcome: { verdict } }: Tried): void {
    for (const direction of directions) {
      const { allowed, reason, rules, policies } = verdict[direction];
      for (const { rule } of rules) this.#seen.add(deciderKey({ policy: rule.policy, direction, rule }));
      if (!allowed && reason === 'no-rule-matched') for (const policy of policies) this.#seen.add(deciderKey({ policy, direction }));
    }
  }

  /** Takes in that nothing else may pass: whatever isolates the subjects is asked for it. */
  addClosure({ nothingElse }: Test, model: PolicyModel, ends: NamedEnds): void {
    if (nothingElse === undefined) return;
    for (const name of nothingElse.subjects) {
      const end = ends.find(name);
      if (isUnanswerable(end)) continue;
      for (const podClass of new Side(model, end.members).classes)
        for (const policy of model.policiesOf(podClass, nothingElse.direction))
          this.#seen.add(deciderKey({ policy, direction: nothingElse.direction }));
    }
  }

  /** What of all policies is covered. */
  report(model: PolicyModel): CoverageReport {
    const policies = [...model.policies.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const all = policies.flatMap(decidersOf);
    const uncovered = all.filter((decider) => !this.#seen.has(deciderKey(decider)));
    return { covered: all.length - uncovered.length, total: all.length, uncovered };
  }
}

/** Cluster-wide policies isolate nobody: what none of their rules decides goes on to the next tier. */
function decidersOf(policy: CompiledPolicy): Decider[] {
  return directions.flatMap((direction) => {
    const rules = policy[direction];
    if (rules === undefined) return [];
    const listed = rules.map((rule): Decider => ({ policy, direction, rule }));
    return policy.tier === 'NetworkPolicy' ? [{ policy, direction }, ...listed] : listed;
  });
}

/** Names a decider among all, whichever model of the cluster it is of. */
export const deciderKey = ({ policy, direction, rule }: Decider): string => `${policy.name} ${direction} ${rule?.index}`;
