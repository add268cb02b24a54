import { editOf, missesIn, namesOf } from '../misses.ts';
import type { LintRule } from '../rule.ts';

/** A selector that selects nothing, and nearly does. */
export const labelNearMiss: LintRule = {
  code: 'label-near-miss',
  severity: 'warning',
  summary: 'a selector selects no pod, and one letter or the like would make it select some',
  *check(context) {
    for (const { policy, path, selector, cause, namespaces } of missesIn(context)) {
      if (cause.kind !== 'near') continue;
      const fix = editOf(policy, path, cause);
      const meant = cause.isKey ? `the label ${cause.meant}` : `${cause.key}=${cause.meant}`;
      yield policy.remark(path, `no pod of ${namesOf(namespaces)} has ${selector.key}; did you mean ${meant}?`, fix && { fix });
    }
  },
};
