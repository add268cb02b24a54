import type { Source } from '../api/diagnostic.ts';
import { type Direction, directions, type PolicyId } from '../api/types.ts';
import type { ObjectChange } from '../cluster/object-changes.ts';
import type { CompiledPolicy } from '../policy/model.ts';
import type { GateVerdict } from '../verdict/gate.ts';
import type { Party } from '../verdict/party.ts';
import type { Connection, Verdict } from '../verdict/verdict.ts';
import { isIsolationEdited, isRuleEdited, type PolicyChanges } from './policy-changes.ts';

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

/** One connection as both clusters judge it: open in the one, closed in the other. */
export interface Contrast {
  readonly open: Judged;
  readonly closed: Judged;
  /** The open one is the new cluster. */
  readonly opened: boolean;
}

/** Why a connection is open in one cluster and closed in the other. */
export function causesOf({ open, closed, opened }: Contrast, ids: Readonly<Record<End, string>>, changes: PolicyChanges): Cause[] {
  return directions.flatMap((gate) => {
    if (closed.verdict[gate].allowed || !open.verdict[gate].allowed) return [];
    const verdicts = { open: open.verdict[gate], closed: closed.verdict[gate], opened };
    const precise = policyCauses(gate, verdicts, changes, true);
    if (precise.length > 0) return precise;
    const edited = endsEdited(gate, open.connection, closed.connection, ids);
    if (edited.length > 0) return edited;
    // What of an edited policy matters is not always to be seen in a rule, as where others stand before it.
    const policies = policyCauses(gate, verdicts, changes, false);
    return policies.length > 0 ? policies : [{ change: 'edited', gate, endpoint: ids[remoteEnd(gate)] }];
  });
}

/**
 * The policies that were changed among those that decide: a rule that lets through or denies, and policies that isolate. `isPrecise`: only
 * rules that are other than they were, and policies that isolate others.
 */
function policyCauses(
  gate: Direction,
  { open, closed, opened }: { readonly open: GateVerdict; readonly closed: GateVerdict; readonly opened: boolean },
  changes: PolicyChanges,
  isPrecise: boolean,
): Cause[] {
  const cause = (policy: CompiledPolicy, source: Source | undefined, what: Pick<Cause, 'index' | 'isolates'>): Cause[] => {
    const change = changes.get(policy.name)?.change;
    return change === undefined ? [] : [{ change, gate, policy: policy.id, ...what, ...(source && { source }) }];
  };
  const ofRules = (rules: GateVerdict['rules'], isOfNow: boolean): Cause[] =>
    rules.flatMap(({ rule: { policy, source, index } }) => {
      const change = changes.get(policy.name);
      const isEdited = change !== undefined && (!isPrecise || isRuleEdited(change, isOfNow, gate, index));
      return isEdited ? cause(policy, source, { index }) : [];
    });
  const isolation = (policies: readonly CompiledPolicy[], isolates: boolean): Cause[] =>
    policies.flatMap((policy) => {
      const change = changes.get(policy.name);
      const isEdited = change !== undefined && (!isPrecise || isIsolationEdited(change, gate));
      return isEdited ? cause(policy, policy.source, { isolates }) : [];
    });
  const deciding = [ofRules(open.rules, opened), ofRules(closed.rules, !opened)].find(({ length }) => length > 0);
  if (deciding !== undefined) return deciding;
  const still = new Set(open.policies.map(({ name }) => name));
  const isolating = closed.policies.filter(({ name }) => open.reason === 'not-isolated' || !still.has(name));
  const closing = isolation(isolating, !opened);
  if (closing.length > 0) return closing;
  // An exception that holds for isolated pods can open what a later tier would close.
  const exempting = isolation(open.policies, opened);
  return exempting.length > 0 ? exempting : [...ofRules(open.passes, opened), ...ofRules(closed.passes, !opened)];
}

/** The ends that are other than they were: what selectors see of them is another. */
function endsEdited(gate: Direction, open: Connection, closed: Connection, ids: Readonly<Record<End, string>>): Cause[] {
  const ends = (['from', 'to'] as const).filter((end) => likenessOf(open[end]) !== likenessOf(closed[end]));
  return ends.map((end) => ({ change: 'edited', gate, endpoint: ids[end] }));
}

type End = 'from' | 'to';

/** With ends that are what they were it is the labels of a namespace: those of the remote's. */
const remoteEnd = (gate: Direction): End => (gate === 'egress' ? 'to' : 'from');

const likenessOf = ({ owner, address }: Party): string => (owner.kind === 'Pod' ? `${owner.class.key} ${owner.pod.node ?? ''}` : address);

/** Each cause once. */
export function distinctCauses(causes: readonly Cause[]): Cause[] {
  return [...new Map(causes.map((cause) => [JSON.stringify(cause), cause])).values()];
}
