import { tiedPairs } from '../../verdict/ties.ts';
import type { LintRule } from '../rule.ts';

/** Two cluster-wide policies of one tier and priority that speak of the same pods: which is asked first, nobody may rely on. */
export const tierPriorityTie: LintRule = {
  code: 'tier-priority-tie',
  severity: 'warning',
  summary: 'two ClusterNetworkPolicies of one tier have the same priority and pods, and say different things',
  *check({ analysis: { model } }) {
    for (const [other, policy] of tiedPairs(model))
      yield {
        message: `${policy.name} and ${other.name} both have priority ${policy.priority} in tier ${policy.tier} and select the same pods: which one comes first is not defined`,
        policy: policy.id,
        ...(policy.source && { source: policy.source }),
        ...(other.source && { related: [{ message: other.name, source: other.source }] }),
      };
  },
};
