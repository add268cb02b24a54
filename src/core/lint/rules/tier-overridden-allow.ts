import { titleOfClass } from '../context.ts';
import { remarkOn } from '../linted-policy.ts';
import { overriddenBy } from '../one-sided.ts';
import type { LintRule } from '../rule.ts';

/** An allowance that a cluster-wide policy takes back. */
export const tierOverriddenAllow: LintRule = {
  code: 'tier-overridden-allow',
  severity: 'warning',
  summary: 'a ClusterNetworkPolicy of the Admin tier denies all that a peer of a NetworkPolicy is let through',
  *check(context) {
    if (context.analysis.cluster.clusterPolicies.size === 0) return;
    for (const peer of context.podPeers()) {
      const found = overriddenBy(context, peer);
      if (found === undefined) continue;
      const { by, from, to } = found;
      const related = by.source && { related: [{ message: by.name, source: by.source }] };
      const message = `this lets nothing through: ClusterNetworkPolicy ${by.name} of tier ${by.tier} denies it from ${titleOfClass(from)} to ${titleOfClass(to)}`;
      yield remarkOn(peer, 'peers', message, related);
    }
  },
};
