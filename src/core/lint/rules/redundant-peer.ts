import { pathOf, ruleName } from '../linted-policy.ts';
import { redundanciesIn } from '../redundancy.ts';
import type { LintRule } from '../rule.ts';

/** A peer that others of the rule, or other rules, take in. */
export const redundantPeer: LintRule = {
  code: 'redundant-peer',
  severity: 'note',
  summary: 'a peer is already taken in by others',
  *check(context) {
    for (const { rule, place, by } of redundanciesIn(context).peers) {
      const names = by.map((other) => `${other.policy.policy.name} ${ruleName(other)}`).join(' and ');
      const who = by[0] === rule ? 'another peer of the rule takes it in' : `${names} ${by.length > 1 ? 'take' : 'takes'} it in`;
      yield rule.policy.remark(pathOf(rule, 'peers', place), `without this peer nothing changes: ${who}`);
    }
  },
};
