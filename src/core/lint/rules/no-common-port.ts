import { type LintContext, titleOfClass } from '../context.ts';
import { remarkOn } from '../linted-policy.ts';
import { type OneSided, oneSidedIn, oneSidedOf } from '../one-sided.ts';
import type { LintRule } from '../rule.ts';

/** Two sides that allow each other, on different ports. */
export const noCommonPort: LintRule = {
  code: 'no-common-port',
  severity: 'warning',
  summary: 'both sides allow each other, and have no port in common',
  *check(context) {
    for (const one of oneSidedIn(context)) {
      const { peer, from, to, ports } = one;
      if (ports === undefined || (peer.of.direction === 'ingress' && isToldOfEgress(context, one))) continue;
      const other = peer.of.direction === 'egress' ? 'ingress' : 'egress';
      const message = `nothing gets from ${titleOfClass(from)} to ${titleOfClass(to)}: of these pods the ${other} allows ${ports.slice(0, 6).join(', ')}, which this rule does not`;
      yield remarkOn(peer, 'peers', message);
    }
  },
};

/** What both sides could be told of is told of the egress. */
function isToldOfEgress(context: LintContext, { from, to }: OneSided): boolean {
  const selecting = new Set(context.analysis.model.policiesOf(from, 'egress'));
  return context.policies
    .filter(({ compiled }) => selecting.has(compiled))
    .flatMap((policy) => oneSidedOf(context, policy))
    .some((other) => other.ports !== undefined && other.peer.of.direction === 'egress' && other.from === from && other.to === to);
}
