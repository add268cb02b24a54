import type { Rule } from '../api/types.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { GateVerdict } from '../verdict/gate.ts';
import type { RuleMatch } from '../verdict/rule-match.ts';
import { newPolicy, policyOf, subjectOf, withRules } from './allowing.ts';
import { type AskedGate, type Candidate, type Edit, typeOf } from './edit.ts';
import { isInPotentialNamespace } from './peer.ts';

/** Edits of which each takes away one thing that opens the gate, or isolates it; none where no NetworkPolicy can close it. */
export function waysToDeny(cluster: Cluster, question: AskedGate, verdict: GateVerdict): Candidate[] {
  const { owner } = question.subject;
  if (owner.kind !== 'Pod' || isInPotentialNamespace(owner.pod)) return [];
  if (verdict.reason === 'not-isolated') return [newPolicy(cluster, question, 'isolate', subjectOf(cluster, question))];
  // One of the rules at a time: what is left is looked at again.
  const [match] = verdict.reason === 'rule' ? verdict.rules : [];
  return match === undefined ? [] : withoutMatch(cluster, question, match);
}

/** The rule without the peer that matches, without the port that does, or the policy without the rule. */
function withoutMatch(
  cluster: Cluster,
  { direction }: AskedGate,
  { rule: { policy: compiled, index }, peer, port }: RuleMatch,
): Candidate[] {
  const policy = policyOf(cluster, compiled.id);
  const rule = policy?.[direction]?.[index];
  if (policy === undefined || rule === undefined) return [];
  const isLastImplied = direction === 'egress' && policy.isEgressImplied === true && policy.egress!.length === 1;
  const candidate = (action: Edit['action'], result: readonly Rule[], item?: number): Candidate => ({
    edit: {
      gate: direction,
      action,
      policy: compiled.id,
      index,
      ...(item !== undefined && { item }),
      ...(rule.source && { source: rule.source }),
      ...(action === 'remove-rule' && isLastImplied && { policyTypes: [typeOf.ingress, typeOf.egress] }),
    },
    result: withRules(policy, direction, () => result),
  });
  const rules = policy[direction]!;
  // A list that became empty would mean everybody.
  const shorter = (changed: Rule): readonly Rule[] => rules.with(index, changed);
  return [
    ...(peer !== undefined && rule.peers!.length > 1
      ? [candidate('remove-peer', shorter({ ...rule, peers: rule.peers!.toSpliced(peer, 1) }), peer)]
      : []),
    ...(port !== undefined && rule.ports!.length > 1
      ? [candidate('remove-port', shorter({ ...rule, ports: rule.ports!.toSpliced(port, 1) }), port)]
      : []),
    candidate('remove-rule', rules.toSpliced(index, 1)),
  ];
}
