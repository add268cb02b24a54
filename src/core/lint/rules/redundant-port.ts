import { pathOf } from '../linted-policy.ts';
import { redundanciesIn } from '../redundancy.ts';
import type { LintRule } from '../rule.ts';

/** A port that others of the rule hold. */
export const redundantPort: LintRule = {
  code: 'redundant-port',
  severity: 'note',
  summary: 'a port is already among others of its rule',
  *check(context) {
    for (const { rule, place } of redundanciesIn(context).ports)
      yield rule.policy.remark(pathOf(rule, 'ports', place), 'without this port nothing changes: others of the rule hold it');
  },
};
