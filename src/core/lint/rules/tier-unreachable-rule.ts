import type { ClusterNetworkPolicy, ClusterRule, Direction, Peer, Rule } from '../../api/types.ts';
import { directions } from '../../api/types.ts';
import { isRuleCovered } from '../../policy/covers.ts';
import type { Remark } from '../finding.ts';
import type { LintRule } from '../rule.ts';

/** A rule of a cluster-wide policy behind one that takes everything that it is for. */
export const tierUnreachableRule: LintRule = {
  code: 'tier-unreachable-rule',
  severity: 'warning',
  summary: 'a rule of a ClusterNetworkPolicy is never asked: an earlier one of the policy decides all that it is for',
  *check({ analysis: { cluster } }) {
    for (const policy of cluster.clusterPolicies.values()) for (const direction of directions) yield* unreachableIn(policy, direction);
  },
};

function* unreachableIn(policy: ClusterNetworkPolicy, direction: Direction): Iterable<Remark> {
  const rules = (policy[direction] ?? []).map(comparable);
  for (const [index, rule] of rules.entries()) {
    if (rule === undefined) continue;
    const earlier = rules.slice(0, index).findIndex((other) => other !== undefined && isRuleCovered(rule, [other]));
    if (earlier === -1) continue;
    const { action, source } = policy[direction]![earlier]!;
    yield {
      message: `${direction} rule ${index + 1} is never asked: rule ${earlier + 1} (${action}) comes before it and takes all of its peers and ports`,
      policy: { kind: 'ClusterNetworkPolicy', name: policy.name },
      ...(rule.source && { source: rule.source }),
      ...(source && { related: [{ message: `${direction} rule ${earlier + 1}`, source }] }),
    };
  }
}

/** The rule in terms of peers that can be compared; undefined where it has none, or nodes. */
function comparable({ peers, ports, source }: ClusterRule): Rule | undefined {
  if (peers.length === 0) return undefined;
  const all = peers.flatMap((peer): Peer[] => {
    if (peer.kind === 'pods') return [{ kind: 'pods' as const, namespaces: peer.namespaces, pods: peer.pods }];
    if (peer.kind === 'networks') return [{ kind: 'block' as const, cidr: peer.cidrs.join(), except: [], addresses: peer.addresses }];
    return [];
  });
  if (all.length < peers.length) return undefined;
  return { peers: all, ...(ports && { ports }), ...(source && { source }) };
}
