import type { Source } from '../api/diagnostic.ts';
import { type Direction, directions, isPolicyKind, type PolicyId, qualifiedName } from '../api/types.ts';
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
  /** The rule of it that lets through, or denies, in one cluster and not in the other; absent where the policy isolates in one only. */
  readonly index?: number;
  /** Of a policy without a rule: whether it isolates in the new cluster, or did in the old one. */
  readonly isolates?: boolean;
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

/** Those of policies among all changes. */
export function policyChanges(objects: readonly ObjectChange[]): PolicyChanges {
  const policies = objects.filter(({ object }) => isPolicyKind(object.kind));
  return new Map(policies.map(({ change, object }) => [qualifiedName(object), change]));
}

/** One connection as both clusters judge it: open in the one, closed in the other. */
export interface Contrast {
  readonly open: Judged;
  readonly closed: Judged;
  /** The open one is the new cluster. */
  readonly opened: boolean;
}

/** Why a connection is open in one cluster and closed in the other. */
export function causesOf(
  { open, closed, opened }: Contrast,
  ids: { readonly from: string; readonly to: string },
  changes: PolicyChanges,
): Cause[] {
  return directions.flatMap((gate) => {
    if (closed.verdict[gate].allowed || !open.verdict[gate].allowed) return [];
    const policies = policyCauses(gate, { open: open.verdict[gate], closed: closed.verdict[gate], opened }, changes);
    return policies.length > 0 ? policies : otherCauses(gate, open.connection, closed.connection, ids);
  });
}

/** The policies that were changed among those that decide: a rule that lets through or denies, and policies that isolate. */
function policyCauses(
  gate: Direction,
  { open, closed, opened }: { readonly open: GateVerdict; readonly closed: GateVerdict; readonly opened: boolean },
  changes: PolicyChanges,
): Cause[] {
  const cause = (policy: CompiledPolicy, source: Source | undefined, what: Pick<Cause, 'index' | 'isolates'>): Cause[] => {
    const change = changes.get(policy.name);
    return change === undefined ? [] : [{ change, gate, policy: policy.id, ...what, ...(source && { source }) }];
  };
  const ofRules = (rules: GateVerdict['rules']): Cause[] =>
    rules.flatMap(({ rule }) => cause(rule.policy, rule.source, { index: rule.index }));
  const isolation = (policies: readonly CompiledPolicy[], isolates: boolean): Cause[] =>
    policies.flatMap((policy) => cause(policy, policy.source, { isolates }));
  const deciding = [open.rules, closed.rules].map(ofRules).find(({ length }) => length > 0);
  if (deciding !== undefined) return deciding;
  const still = new Set(open.policies.map(({ name }) => name));
  const isolating = closed.policies.filter(({ name }) => open.reason === 'not-isolated' || !still.has(name));
  const closing = isolation(isolating, !opened);
  if (closing.length > 0) return closing;
  // An exception that holds for isolated pods can open what a later tier would close.
  const exempting = isolation(open.policies, opened);
  return exempting.length > 0 ? exempting : ofRules([...open.passes, ...closed.passes]);
}

/** No policy was changed, so one of the ends was: what selectors see of it is another. */
function otherCauses(gate: Direction, open: Connection, closed: Connection, ids: { readonly from: string; readonly to: string }): Cause[] {
  const ends = (['from', 'to'] as const).filter((end) => likenessOf(open[end]) !== likenessOf(closed[end]));
  // With ends that are what they were, it is the labels of a namespace: those of the remote's.
  const meant = ends.length > 0 ? ends : ([gate === 'egress' ? 'to' : 'from'] as const);
  return meant.map((end) => ({ change: 'edited', gate, endpoint: ids[end] }));
}

const likenessOf = ({ owner, address }: Party): string => (owner.kind === 'Pod' ? `${owner.class.key} ${owner.pod.node ?? ''}` : address);

/** Each cause once. */
export function distinctCauses(causes: readonly Cause[]): Cause[] {
  return [...new Map(causes.map((cause) => [JSON.stringify(cause), cause])).values()];
}
