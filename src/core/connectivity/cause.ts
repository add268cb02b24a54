import type { Source } from '../api/diagnostic.ts';
import { type Direction, directions, type PolicyId } from '../api/types.ts';
import type { ObjectChange } from '../cluster/object-changes.ts';
import type { CompiledPolicy } from '../policy/model.ts';
import type { GateVerdict } from '../verdict/gate.ts';
import type { Party } from '../verdict/party.ts';
import type { Connection, Verdict } from '../verdict/verdict.ts';

/** What a difference between two clusters comes from. */
export interface Cause {
  readonly change: ObjectChange['change'];
  /** The gate at which it matters; absent for an endpoint that is there in one cluster only. */
  readonly gate?: Direction;
  /** The policy that was added, removed or edited. */
  readonly policy?: PolicyId;
  /** The rule of it that lets through in one cluster and not in the other; absent where the policy isolates in one and not in the other. */
  readonly index?: number;
  /** Where the rule or the policy stands: in the new cluster, or in the old one if it is there only. */
  readonly source?: Source;
  /** Without a policy: the endpoint that is added, removed, or other than it was (its labels, ports, addresses, or its namespace's labels). */
  readonly endpoint?: string;
}

/** One connection as one of the clusters judges it. */
export interface Judged {
  readonly connection: Connection;
  readonly verdict: Verdict;
}

/** The changes of policies, by `namespace/name`. */
export type PolicyChanges = ReadonlyMap<string, ObjectChange['change']>;

/** Why a connection is open in one cluster and closed in the other, whichever of them is the new one. */
export function causesOf(
  open: Judged,
  closed: Judged,
  ids: { readonly from: string; readonly to: string },
  changes: PolicyChanges,
): Cause[] {
  return directions.flatMap((gate) => {
    if (closed.verdict[gate].allowed || !open.verdict[gate].allowed) return [];
    const policies = policyCauses(gate, open.verdict[gate], closed.verdict[gate], changes);
    return policies.length > 0 ? policies : otherCauses(gate, open.connection, closed.connection, ids);
  });
}

/** The policies that were changed among those that decide: a rule that lets through, and policies that isolate. */
function policyCauses(gate: Direction, open: GateVerdict, closed: GateVerdict, changes: PolicyChanges): Cause[] {
  const cause = (policy: CompiledPolicy, source: Source | undefined, index?: number): Cause[] => {
    const change = changes.get(policy.name);
    if (change === undefined) return [];
    return [{ change, gate, policy: policy.id, ...(index !== undefined && { index }), ...(source && { source }) }];
  };
  const opening = open.rules.flatMap(({ rule }) => cause(rule.policy, rule.source, rule.index));
  if (opening.length > 0) return opening;
  const still = new Set(open.policies.map(({ name }) => name));
  const isolating = closed.policies.filter(({ name }) => open.reason === 'not-isolated' || !still.has(name));
  const closing = isolating.flatMap((policy) => cause(policy, policy.source));
  if (closing.length > 0) return closing;
  // An exception that holds for isolated pods can open what a later tier would close.
  const exempting = open.policies.flatMap((policy) => cause(policy, policy.source));
  if (exempting.length > 0) return exempting;
  return [...open.passes, ...closed.passes].flatMap(({ rule }) => cause(rule.policy, rule.source, rule.index));
}

/** No policy was changed, so one of the ends was: what selectors see of it is another. */
function otherCauses(gate: Direction, open: Connection, closed: Connection, ids: { readonly from: string; readonly to: string }): Cause[] {
  const ends = (['from', 'to'] as const).filter((end) => likenessOf(open[end]) !== likenessOf(closed[end]));
  // With ends that are what they were, it is the labels of a namespace: those of the remote's.
  const meant = ends.length > 0 ? ends : ([gate === 'egress' ? 'to' : 'from'] as const);
  return meant.map((end) => ({ change: 'edited', gate, endpoint: ids[end] }));
}

const likenessOf = ({ owner, address }: Party): string => (owner.kind === 'Pod' ? `${owner.class.key} ${owner.pod.node ?? ''}` : address);
