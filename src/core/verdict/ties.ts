import { directions } from '../api/types.ts';
import { type CompiledPolicy, isTied } from '../policy/model.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import { type GateQuestion, type GateVerdict, judgeGate } from './gate.ts';
import type { Outcome } from './outcome.ts';
import { gateQuestions } from './verdict.ts';

/** So many orders are tried for a gate; of more, only those with one policy before its equals. */
const mostOrders = 64;

/** What a gate may say, whichever of equal policies is asked first. */
interface Possible {
  readonly allowed: ReadonlySet<boolean>;
  /** The equal policies of which each decides when it is asked first. */
  readonly policies: readonly CompiledPolicy[];
}

/**
 * The cluster-wide policies of one tier and priority on whose order the verdict over all outcomes hangs, in the order in which they were asked: by
 * name. Empty where any order gives the same. Which comes first is not defined. Source: semantics.md section 6.3.
 */
export function tiedPolicies(model: PolicyModel, outcomes: readonly Outcome[]): readonly CompiledPolicy[] {
  const found = outcomes.map(({ connection, verdict }) => {
    const [egress, ingress] = gateQuestions(connection);
    return [possibleAt(model, egress, verdict.egress), possibleAt(model, ingress, verdict.ingress)] as const;
  });
  const may = (allowed: boolean) => (gates: (typeof found)[number]) =>
    allowed ? gates.every((gate) => gate.allowed.has(true)) : gates.some((gate) => gate.allowed.has(false));
  const hangsOnOrder = found.every(may(true)) && found.some(may(false));
  return !hangsOnOrder ? [] : [...new Set(found.flat().flatMap(({ allowed, policies }) => (allowed.size > 1 ? policies : [])))];
}

/** The cluster-wide policies that are equal by tier and priority, select the same pods and do different things in a direction, two by two. */
export function* tiedPairs(model: PolicyModel): Generator<readonly [CompiledPolicy, CompiledPolicy]> {
  const policies = [...model.policies.values()].filter(({ tier }) => tier !== 'NetworkPolicy');
  for (const [place, policy] of policies.entries())
    for (const other of policies.slice(0, place))
      if (isTied(policy, other) && differ(policy, other) && shareSubjects(policy, other)) yield [other, policy];
}

/** Whether some rules of a direction do different things. */
const differ = (a: CompiledPolicy, b: CompiledPolicy): boolean =>
  directions.some((direction) => (a[direction] ?? []).some(({ action }) => (b[direction] ?? []).some((other) => other.action !== action)));

const shareSubjects = ({ subjects: a }: CompiledPolicy, { subjects: b }: CompiledPolicy): boolean =>
  [...a.classes].some((each) => b.classes.has(each));

function possibleAt(model: PolicyModel, question: GateQuestion, verdict: GateVerdict): Possible {
  const certain = { allowed: new Set([verdict.allowed]), policies: [] };
  const { owner } = question.subject;
  // Where no cluster-wide rule has decided or passed it on, none matches in any order.
  if (owner.kind !== 'Pod' || (verdict.reason !== 'tier' && verdict.passes.length === 0)) return certain;
  const groups = tiedGroups(model.policiesOf(owner.class, question.direction));
  if (groups.length === 0) return certain;
  const judge = (...first: readonly CompiledPolicy[]): GateVerdict => judgeGate(model, question, model.choices, { first: new Set(first) });
  return {
    allowed: new Set([verdict.allowed, ...ordersOf(groups).map((first) => judge(...first).allowed)]),
    policies: groups.flat().filter((policy) => isDecider(policy, judge(policy))),
  };
}

/** The policies with an equal, by tier and priority; they are given in the order of evaluation. */
function tiedGroups(policies: readonly CompiledPolicy[]): CompiledPolicy[][] {
  const groups: CompiledPolicy[][] = [];
  for (const policy of policies) {
    const last = groups.at(-1);
    if (last !== undefined && isTied(last[0]!, policy)) last.push(policy);
    else groups.push([policy]);
  }
  return groups.filter(({ length }) => length > 1);
}

/** Who is asked first in each group: every combination, or as many as are tried. */
function ordersOf(groups: readonly CompiledPolicy[][]): CompiledPolicy[][] {
  const all = groups.reduce((product, { length }) => product * length, 1);
  if (all > mostOrders) return groups.flat().map((policy) => [policy]);
  return groups.reduce<CompiledPolicy[][]>((orders, group) => orders.flatMap((order) => group.map((policy) => [...order, policy])), [[]]);
}

const isDecider = (policy: CompiledPolicy, { reason, policies, passes }: GateVerdict): boolean =>
  (reason === 'tier' && policies.includes(policy)) || passes.some(({ rule }) => rule.policy === policy);
