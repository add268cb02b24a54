import type { ClusterNetworkPolicy } from '../../api/types.ts';
import { directions } from '../../api/types.ts';
import type { LintContext } from '../context.ts';
import type { LintRule } from '../rule.ts';

/** Two cluster-wide policies of one tier and priority that speak of the same pods: which is asked first, nobody may rely on. */
export const tierPriorityTie: LintRule = {
  code: 'tier-priority-tie',
  severity: 'warning',
  summary: 'two ClusterNetworkPolicies of one tier have the same priority and pods, and say different things',
  *check(context) {
    const policies = [...context.analysis.cluster.clusterPolicies.values()];
    for (const [index, policy] of policies.entries())
      for (const other of policies.slice(0, index)) {
        if (policy.tier !== other.tier || policy.priority !== other.priority) continue;
        if (!differ(policy, other) || !shareSubjects(context, policy, other)) continue;
        yield {
          message: `${policy.name} and ${other.name} both have priority ${policy.priority} in tier ${policy.tier} and select the same pods: which one comes first is not defined`,
          policy: { kind: 'ClusterNetworkPolicy', name: policy.name },
          ...(policy.source && { source: policy.source }),
          ...(other.source && { related: [{ message: other.name, source: other.source }] }),
        };
      }
  },
};

/** Whether some rules of a direction do different things. */
const differ = (a: ClusterNetworkPolicy, b: ClusterNetworkPolicy): boolean =>
  directions.some((direction) => (a[direction] ?? []).some(({ action }) => (b[direction] ?? []).some((other) => other.action !== action)));

function shareSubjects({ analysis: { model } }: LintContext, a: ClusterNetworkPolicy, b: ClusterNetworkPolicy): boolean {
  const others = model.policies.get(b.name)!.subjects.classes;
  return [...model.policies.get(a.name)!.subjects.classes].some((each) => others.has(each));
}
