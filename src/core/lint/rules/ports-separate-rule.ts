import type { PortMatch } from '../../api/types.ts';
import { pathOf } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

/** A rule with only peers, and behind it one with only ports: everything to those peers, and those ports to everybody. */
export const portsSeparateRule: LintRule = {
  code: 'ports-separate-rule',
  severity: 'warning',
  summary: 'a dash before `ports` makes a rule of its own: those ports for everybody',
  *check(context) {
    const rules = context.rules();
    for (const [place, rule] of rules.entries()) {
      const before = rules[place - 1];
      if (before?.policy !== rule.policy || before.direction !== rule.direction) continue;
      if (rule.rule.peers !== undefined || rule.rule.ports === undefined || rule.rule.ports.every(isDns)) continue;
      if (before.rule.peers === undefined || before.rule.ports !== undefined) continue;
      const word = rule.direction === 'ingress' ? 'from' : 'to';
      const message = `these ports are a rule of their own, ${word} anybody, and the rule before lets everything ${word} its peers; without the dash they are one rule`;
      yield rule.policy.remark(pathOf(rule), message);
    }
  },
};

/** Names may be asked for anywhere: that is a rule of its own on purpose. */
const isDns = (port: PortMatch): boolean => port.kind === 'range' && port.first === 53 && port.last === 53;
