import { titleOfClass } from '../context.ts';
import { remarkOn } from '../linted-policy.ts';
import { oneSidedIn } from '../one-sided.ts';
import type { LintRule } from '../rule.ts';

/** Two sides that allow each other, on different ports. */
export const noCommonPort: LintRule = {
  code: 'no-common-port',
  severity: 'warning',
  summary: 'both sides allow each other, and have no port in common',
  *check(context) {
    const all = oneSidedIn(context).filter(({ ports }) => ports !== undefined);
    // What both sides could be told of is told of the egress.
    const told = new Set(all.flatMap(({ peer, from, to }) => (peer.of.direction === 'egress' ? [`${from.key} ${to.key}`] : [])));
    for (const { peer, from, to, ports } of all) {
      if (peer.of.direction === 'ingress' && told.has(`${from.key} ${to.key}`)) continue;
      const other = peer.of.direction === 'egress' ? 'ingress' : 'egress';
      const message = `nothing gets from ${titleOfClass(from)} to ${titleOfClass(to)}: of these pods the ${other} allows ${ports!.slice(0, 6).join(', ')}, which this rule does not`;
      yield remarkOn(peer, 'peers', message);
    }
  },
};
