import type { Source } from '../api/diagnostic.ts';
import type { PolicyId } from '../api/types.ts';
import type { Family } from '../net/ip.ts';
import type { Analysis } from './analysis.ts';
import type { Certainty } from './certainty.ts';
import { type Flow, type FlowVerdict, judgeFlow, withEnds } from './check.ts';
import { type EndpointIdentity, isOfFamily, isUnanswerable, type Unanswerable } from './endpoint.ts';
import { addressesOfPod, type End } from './ends.ts';
import type { GateVerdict, Reason } from './gate.ts';
import type { Outcome } from './outcome.ts';
import type { RuleMatch } from './rule-match.ts';

/** A rule in an answer: the policy, the rule's place in its list from 0, its name where it has one, and where it stands. */
export interface RuleAnswer {
  readonly policy: PolicyId;
  readonly index: number;
  readonly name?: string;
  readonly source?: Source;
}

/** One gate in an answer: `G` of the JSON contract. */
export interface GateAnswer {
  readonly allowed: boolean;
  readonly reason: Reason;
  /** The policies that isolate this gate; for the reason `tier` the one that decided. */
  readonly policies: readonly PolicyId[];
  /** All rules that match; for the reason `tier` the one that decided. */
  readonly rules: readonly RuleAnswer[];
  /** Of a denial: the rules of which only one half matched, with the half that failed. */
  readonly nearMisses: readonly (RuleAnswer & { readonly failed: 'peer' | 'port' })[];
}

/** What holds between some members of the two ends. */
export interface ResultAnswer {
  /** Ids of the members. */
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** The port at the members of a Service. */
  readonly port: number;
  readonly allowed: boolean;
  readonly egress: GateAnswer;
  readonly ingress: GateAnswer;
}

/** The answer to a flow: the object that `check -o json` prints. Source: design.md section 7; fields after `ingress` are added ones. */
export interface CheckAnswer {
  readonly from: EndpointIdentity;
  readonly to: EndpointIdentity;
  readonly protocol: string;
  readonly port: number;
  readonly family: Family;
  readonly allowed: boolean;
  readonly certainty: Certainty['certainty'];
  /** Of the first pair of members that is denied, else of the first pair. */
  readonly egress: GateAnswer;
  readonly ingress: GateAnswer;
  /** Where the port after translation is another: every one that members of the Service are reached at. */
  readonly targetPorts?: readonly number[];
  /** The choices of semantics.md section 10 that decide the verdict, where it is not defined. */
  readonly dependsOn?: Certainty['choices'];
  /** The verdict could change if the pod had another address than the one that was made up for it. */
  readonly assumedAddress?: true;
  /** Where members differ: what holds for which of them. */
  readonly results?: readonly ResultAnswer[];
}

/** Answers a flow, or says why there is no answer. */
export function checkConnection(analysis: Analysis, flow: Flow): CheckAnswer | Unanswerable {
  const extended = withEnds(analysis, flow);
  const verdict = judgeFlow(extended, flow);
  return isUnanswerable(verdict) ? verdict : answerOf(extended, verdict);
}

function answerOf(analysis: Analysis, verdict: FlowVerdict): CheckAnswer {
  const { from, to, protocol, port, family, allowed, outcomes, certainty, choices, assumedAddress } = verdict;
  const shown = outcomes.find((outcome) => !outcome.verdict.allowed) ?? outcomes[0]!;
  const targetPorts = [...new Set(outcomes.flatMap((outcome) => outcome.to.map((end) => end.port)))].sort((a, b) => a - b);
  const isMixed = outcomes.some((outcome) => outcome.verdict.allowed !== allowed);
  return {
    from: identityOf(analysis, from, family),
    to: identityOf(analysis, to, family),
    protocol,
    port,
    family,
    allowed,
    certainty,
    egress: gateAnswer(shown.verdict.egress),
    ingress: gateAnswer(shown.verdict.ingress),
    ...(targetPorts.some((target) => target !== port) && { targetPorts }),
    ...(choices.length > 0 && { dependsOn: choices }),
    ...(assumedAddress && { assumedAddress: true as const }),
    ...(isMixed && { results: resultsOf(outcomes) }),
  };
}

/** The identity, with the address of a pod that is meant alone. */
export function identityOf({ model }: Analysis, { identity, members }: FlowVerdict['from'], family: Family): EndpointIdentity {
  if (identity.ip !== undefined || members.kind === 'space' || (members.kind === 'pods' && identity.kind !== 'Pod')) return identity;
  const addresses = members.kind === 'addresses' ? members.addresses : members.pods.flatMap((pod) => addressesOfPod(model, pod));
  const [ip, ...others] = addresses.filter((address) => isOfFamily(address, family));
  return ip === undefined || others.length > 0 ? identity : { ...identity, ip };
}

/** The outcomes, those that say the same of the same other side as one. */
function resultsOf(outcomes: readonly Outcome[]): ResultAnswer[] {
  const idsOf = (ends: readonly End[]): string[] => ends.map(({ id }) => id);
  const single = outcomes.map(({ from, to, verdict }) => ({
    from: idsOf(from),
    to: idsOf(to),
    port: to[0]!.port,
    allowed: verdict.allowed,
    egress: gateAnswer(verdict.egress),
    ingress: gateAnswer(verdict.ingress),
  }));
  return merge(merge(single, 'from'), 'to');
}

/** Joins results that differ in one side's members only. */
function merge(results: readonly ResultAnswer[], side: 'from' | 'to'): ResultAnswer[] {
  const merged = new Map<string, ResultAnswer>();
  for (const result of results) {
    const key = JSON.stringify({ ...result, [side]: [] });
    const known = merged.get(key);
    merged.set(key, known === undefined ? result : { ...known, [side]: [...new Set([...known[side], ...result[side]])].sort() });
  }
  return [...merged.values()];
}

/** A gate's verdict as the contract has it. */
function gateAnswer({ allowed, reason, policies, rules, nearMisses }: GateVerdict): GateAnswer {
  return {
    allowed,
    reason,
    policies: policies.map(({ id }) => id),
    rules: rules.map(ruleAnswer),
    nearMisses: nearMisses.map((miss) => {
      const { source, ...rule } = ruleAnswer(miss);
      return { ...rule, failed: miss.failed, ...(source && { source }) };
    }),
  };
}

function ruleAnswer({ rule }: RuleMatch): RuleAnswer {
  const { policy, index, name, source } = rule;
  return { policy: policy.id, index, ...(name !== undefined && { name }), ...(source && { source }) };
}
