import { selectorCovers } from '../../policy/covers.ts';
import { pathOf } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

/** A rule that lets everything through to pods that another policy wants closed. */
export const allowAllOverridesDeny: LintRule = {
  code: 'allow-all-overrides-deny',
  severity: 'warning',
  summary: 'a rule for everything cancels a policy that denies: policies only ever add up',
  *check(context) {
    const denying = context.policies.flatMap((policy) =>
      (['ingress', 'egress'] as const).flatMap((direction) => (policy.policy[direction]?.length === 0 ? [{ policy, direction }] : [])),
    );
    for (const rule of context.rules()) {
      if (rule.rule.peers !== undefined || rule.rule.ports !== undefined) continue;
      const { policy } = rule;
      const { namespace, subject } = policy.policy;
      const cancelled = denying.find(
        (other) =>
          other.direction === rule.direction &&
          other.policy.policy.namespace === namespace &&
          selectorCovers(subject, other.policy.policy.subject),
      );
      if (cancelled === undefined) continue;
      const { source, name } = cancelled.policy.policy;
      const related = source && { related: [{ message: `${name} denies`, source }] };
      yield policy.remark(pathOf(rule), `this lets everything through and cancels ${name}, which denies all ${rule.direction}`, related);
    }
  },
};
