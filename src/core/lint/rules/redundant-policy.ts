import { redundanciesIn } from '../redundancy.ts';
import type { LintRule } from '../rule.ts';
import { sameSpec } from '../same-spec.ts';

/** A policy that others say all of. */
export const redundantPolicy: LintRule = {
  code: 'redundant-policy',
  severity: 'note',
  summary: 'other policies isolate and allow all that a policy does',
  *check(context) {
    for (const [policy, by] of redundanciesIn(context).policies) {
      // duplicate-policy says it better.
      if (by.some((other) => sameSpec(other, policy))) continue;
      const names = by.map((other) => other.policy.name).join(' and ');
      const related = by.flatMap(({ policy: { name, source } }) => (source ? [{ message: name, source }] : []));
      const who = by.length > 1 ? `${names} already isolate and allow` : `${names} already isolates and allows`;
      yield policy.remark([], `without this policy nothing changes: ${who} all that it does`, { related });
    }
  },
};
