import type { Direction, NetworkPolicy, Pod, Rule } from '../api/types.ts';
import { type Cluster, findObject } from '../cluster/cluster.ts';
import { protocols } from '../net/protocol.ts';
import type { CompiledPolicy } from '../policy/model.ts';
import type { GateVerdict } from '../verdict/gate.ts';
import { type AskedGate, type Candidate, type Edit, networkPolicy, policyMeant, ruleMeant, typeOf, type WrittenRule } from './edit.ts';
import { kinOf, labelsOf, peersOf, selectorOf } from './peer.ts';

/** More near misses than this are not tried one by one. */
const mostTried = 8;

/** Edits that would open the closed gate of an isolated pod, in no particular order; none where no NetworkPolicy can. */
export function waysToAllow(cluster: Cluster, question: AskedGate, verdict: GateVerdict): Candidate[] {
  if (verdict.reason !== 'no-rule-matched' || question.subject.owner.kind !== 'Pod') return [];
  const near = verdict.nearMisses.filter(({ rule }) => rule.policy.tier === 'NetworkPolicy').slice(0, mostTried);
  return [
    ...near.flatMap(({ rule, failed }) => completed(cluster, question, rule.policy, rule.index, failed)),
    ...verdict.policies.flatMap((policy) => extended(cluster, question, policy)),
    added(cluster, question),
  ];
}

/** Whether rules can name the protocol; of another only a rule without ports speaks, which is for all traffic. */
export const isNamedByRules = (asked: string): boolean => protocols.some((protocol) => protocol === asked);

/** The rule that lets the asked connection through, and no more than can be said. */
function exactRule(cluster: Cluster, { remote, asked, direction, protocol, port }: AskedGate, namespace: string): WrittenRule {
  const peers = peersOf(cluster, remote, asked, namespace);
  return { [direction === 'ingress' ? 'from' : 'to']: peers, ...(isNamedByRules(protocol) && { ports: [{ protocol, port }] }) };
}

/** A rule of which one half holds gets the other. */
function completed(cluster: Cluster, question: AskedGate, { id }: CompiledPolicy, index: number, failed: 'peer' | 'port'): Candidate[] {
  const policy = policyOf(cluster, id);
  const rule = policy?.[question.direction]?.[index];
  if (policy === undefined || rule === undefined) return [];
  if (failed === 'port' && !isNamedByRules(question.protocol)) return [];
  const written = exactRule(cluster, question, policy.namespace);
  const { peers = [], ports = [] } = ruleMeant(question.direction, written);
  const result: Rule = failed === 'peer' ? { ...rule, peers: [...rule.peers!, ...peers] } : { ...rule, ports: [...rule.ports!, ...ports] };
  const edit: Edit = {
    gate: question.direction,
    action: failed === 'peer' ? 'add-peer' : 'add-port',
    policy: id,
    index,
    ...(rule.source && { source: rule.source }),
    additions: (failed === 'peer' ? (written.from ?? written.to) : written.ports)!,
  };
  return [{ edit, result: withRules(policy, question.direction, (rules) => rules.with(index, result)) }];
}

/** A policy that isolates the gate gets another rule. */
function extended(cluster: Cluster, question: AskedGate, { id }: CompiledPolicy): Candidate[] {
  const policy = policyOf(cluster, id);
  if (policy?.[question.direction] === undefined) return [];
  const manifest = exactRule(cluster, question, policy.namespace);
  const edit: Edit = {
    gate: question.direction,
    action: 'add-rule',
    policy: id,
    ...(policy.source && { source: policy.source }),
    additions: [manifest],
  };
  return [{ edit, result: withRules(policy, question.direction, (rules) => [...rules, ruleMeant(question.direction, manifest)]) }];
}

/** A policy for the subject's workload alone. */
function added(cluster: Cluster, question: AskedGate): Candidate {
  const { direction, subject } = question;
  if (subject.owner.kind !== 'Pod') throw new Error('a gate that is no pod is closed');
  const { namespace } = subject.owner.pod;
  const spec = { ...subjectOf(cluster, question), [direction]: [exactRule(cluster, question, namespace)] };
  return newPolicy(cluster, question, `allow-${direction === 'ingress' ? 'to' : 'from'}`, spec);
}

/** A selector for the subject's workload, and the direction. */
export function subjectOf(cluster: Cluster, { direction, subject: { owner } }: AskedGate): object {
  const labels = owner.kind === 'Pod' ? labelsOf(cluster, kinOf(cluster, owner.pod)) : {};
  return { podSelector: selectorOf(labels), policyTypes: [typeOf[direction]] };
}

/** A policy that is not there yet, by a name that is free. */
export function newPolicy(cluster: Cluster, { direction, subject: { owner } }: AskedGate, prefix: string, spec: object): Candidate {
  if (owner.kind !== 'Pod') throw new Error('policies isolate pods only');
  const { pod } = owner;
  const { namespace } = pod;
  const wanted = `${prefix}-${callName(pod)}`;
  const taken = cluster.namespaces.get(namespace)?.policies;
  const name = taken?.has(wanted) ? `${wanted}-${direction}` : wanted;
  const metadata = { name, namespace };
  return {
    edit: {
      gate: direction,
      action: 'add-policy',
      policy: { kind: 'NetworkPolicy', namespace, name },
      additions: [networkPolicy(metadata, spec)],
    },
    result: policyMeant(spec, metadata),
  };
}

/** What people call the pod: by its workload, by a label if it only could exist. */
function callName({ owner, name, potential, labels }: Pod): string {
  if (potential !== undefined) return Object.values(labels).find((value) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(value)) ?? 'pods';
  return owner?.name ?? name;
}

/** The NetworkPolicy of that identity. */
export function policyOf(cluster: Cluster, { kind, namespace, name }: CompiledPolicy['id']): NetworkPolicy | undefined {
  const object = findObject(cluster, { kind, name, ...(namespace !== undefined && { namespace }) });
  return object?.kind === 'NetworkPolicy' ? object : undefined;
}

/** The policy with other rules in one direction. */
export function withRules(policy: NetworkPolicy, direction: Direction, change: (rules: readonly Rule[]) => readonly Rule[]): NetworkPolicy {
  return { ...policy, [direction]: change(policy[direction] ?? []) };
}
