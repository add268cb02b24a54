import { type LintedRule, pathOf } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

/** An empty list of peers that somebody took the trouble to write. */
export const emptyFromMeansAll: LintRule = {
  code: 'empty-from-means-all',
  severity: 'warning',
  summary: 'an empty list of peers is no peer at all: the rule lets everybody through, also from outside the cluster',
  *check(context) {
    for (const rule of context.rules()) {
      if (!hasEmptyList(rule)) continue;
      const field = rule.direction === 'ingress' ? 'from' : 'to';
      const message = `\`${field}: []\` means anybody, not nobody; nobody is \`${rule.direction}: []\``;
      yield rule.policy.remark(pathOf(rule, 'peers'), message);
    }
  },
};

function hasEmptyList({ policy, direction, index }: LintedRule): boolean {
  const { ingress, egress } = policy.written.spec ?? {};
  const peers = direction === 'ingress' ? ingress?.[index]?.from : egress?.[index]?.to;
  return peers?.length === 0;
}
