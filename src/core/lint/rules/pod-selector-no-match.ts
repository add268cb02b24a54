import { missesIn } from '../misses.ts';
import type { LintRule } from '../rule.ts';

/** A policy that selects no pod of a namespace that has some. */
export const podSelectorNoMatch: LintRule = {
  code: 'pod-selector-no-match',
  severity: 'warning',
  summary: 'the policy selects no pod of its namespace, which has some',
  *check(context) {
    for (const { policy, where, path, selector, cause } of missesIn(context))
      if (where === 'subject' && cause.kind === 'unknown')
        yield policy.remark(path, `no pod of namespace ${policy.policy.namespace} has ${selector.key}, so this policy protects nothing`);
  },
};
