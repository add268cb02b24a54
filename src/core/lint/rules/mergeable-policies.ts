import { directions } from '../../api/types.ts';
import type { LintedPolicy } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

/** Policies that could be one. */
export const mergeablePolicies: LintRule = {
  code: 'mergeable-policies',
  severity: 'note',
  summary: 'two policies select the same pods and isolate them in the same directions: one could say both',
  isOptional: true,
  *check({ asked, policies }) {
    const isAsked = new Set(asked);
    for (const [first, ...others] of Map.groupBy(policies, keyOf).values())
      for (const policy of others) {
        if (!isAsked.has(policy)) continue;
        const { name, source } = first!.policy;
        const related = source && { related: [{ message: name, source }] };
        yield policy.remark(
          [],
          `this selects the same pods as ${name}, for the same directions: one policy could have the rules of both`,
          related,
        );
      }
  },
};

/** Whom a policy selects, and what it isolates for. */
const keyOf = ({ policy }: LintedPolicy): string =>
  [policy.namespace, policy.audit, policy.subject.key, ...directions.filter((direction) => policy[direction] !== undefined)].join('\n');
