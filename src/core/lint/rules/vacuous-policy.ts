import { changesNothing } from '../../connectivity/difference.ts';
import { WhatIf } from '../../connectivity/what-if.ts';
import type { LintContext } from '../context.ts';
import type { LintedPolicy } from '../linted-policy.ts';
import { redundanciesIn } from '../redundancy.ts';
import type { LintRule } from '../rule.ts';

/** A policy that allows all that it isolates, and without which no connection would be another. */
export const vacuousPolicy: LintRule = {
  code: 'vacuous-policy',
  severity: 'note',
  summary: 'a policy isolates pods and lets everything through to them: without it nothing changes',
  *check(context) {
    for (const policy of context.asked) {
      if (policy.subjects.length === 0 || redundanciesIn(context).policies.has(policy) || !isOpen(policy)) continue;
      if (isVacuous(context, policy)) yield policy.remark([], 'this policy allows all that it isolates: without it nothing changes');
    }
  },
};

const isOpen = ({ policy }: LintedPolicy): boolean =>
  [policy.ingress, policy.egress].every(
    (rules) => rules === undefined || rules.some(({ peers, ports }) => peers === undefined && ports === undefined),
  );

function isVacuous(context: LintContext, { id }: LintedPolicy): boolean {
  const whatIf = context.keep('what-if', () => new WhatIf(context.analysis));
  return changesNothing(whatIf.difference([{ type: 'delete', id }], { explain: false }));
}
