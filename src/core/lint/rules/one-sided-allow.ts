import { titleOfClass } from '../context.ts';
import { remarkOn } from '../linted-policy.ts';
import { oneSidedIn } from '../one-sided.ts';
import type { LintRule } from '../rule.ts';

/** A gate that is opened for somebody whose own gate stays shut. */
export const oneSidedAllow: LintRule = {
  code: 'one-sided-allow',
  severity: 'warning',
  summary: 'one side allows a connection that the other side denies altogether',
  *check(context) {
    for (const { peer, from, to, ports } of oneSidedIn(context)) {
      if (ports !== undefined) continue;
      const [source, destination] = [titleOfClass(from), titleOfClass(to)];
      const message =
        peer.of.direction === 'egress'
          ? `${source} may connect, but ${destination} lets nothing in from it: its ingress needs a rule as well`
          : `${destination} takes connections from ${source}, which may not make them: its egress needs a rule as well`;
      yield remarkOn(peer, 'peers', message);
    }
  },
};
