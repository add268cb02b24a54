import { pathOf, ruleName } from '../linted-policy.ts';
import { redundanciesIn } from '../redundancy.ts';
import type { LintRule } from '../rule.ts';

/** A rule that others say all of. */
export const redundantRule: LintRule = {
  code: 'redundant-rule',
  severity: 'note',
  summary: 'other rules let through all that a rule does',
  *check(context) {
    for (const { rule, by } of redundanciesIn(context).rules) {
      const names = by.map((other) => (other.policy === rule.policy ? ruleName(other) : `${other.policy.policy.name} ${ruleName(other)}`));
      const related = by.flatMap((other) => (other.rule.source ? [{ message: ruleName(other), source: other.rule.source }] : []));
      const who = `${names.join(' and ')} ${by.length > 1 ? 'let' : 'lets'}`;
      yield rule.policy.remark(pathOf(rule), `without this rule nothing changes: ${who} all of it through`, { related });
    }
  },
};
