import type { Source } from '../api/diagnostic.ts';
import { directions, type PolicyId } from '../api/types.ts';
import type { Family } from '../net/ip.ts';
import type { Analysis } from './analysis.ts';
import type { Certainty } from './certainty.ts';
import { type Flow, type FlowVerdict, judgeFlow, withEnds } from './check.ts';
import { type EndpointIdentity, isOfFamily, serviceId } from './endpoint.ts';
import { addressesMeant, type End } from './ends.ts';
import type { GateVerdict, Reason } from './gate.ts';
import { type Outcome, portsReached } from './outcome.ts';
import type { Party } from './party.ts';
import type { Passage } from './passage.ts';
import type { RuleMatch } from './rule-match.ts';
import type { Way } from './service-backends.ts';
import { type ServiceNote, serviceNotes } from './service-notes.ts';
import { isUnanswerable, type Unanswerable } from './unanswerable.ts';

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
  /** Where pods are on both sides, and differ in this: each with itself alone, or with the others and never with itself. */
  readonly pairs?: 'itself' | 'others';
  /** The port at the members of a Service. */
  readonly port: number;
  /** What the gates see in the place of the true ends, where a node has put it there. */
  readonly seenAs?: { readonly egress?: string; readonly ingress?: string };
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
  /** It is allowed and would be denied if the policies in audit were enforced: what the gates of the first pair would say of which that is so. */
  readonly audit?: { readonly egress: GateAnswer; readonly ingress: GateAnswer };
  /** Of a connection that is led to the endpoints of a Service: which Service, and how it comes there. */
  readonly via?: { readonly service: EndpointIdentity; readonly way: Way['kind']; readonly node?: string };
  /** What should be known of that way. */
  readonly notes?: readonly ServiceNote[];
  /** Where the port after translation is another: every one that members of the Service are reached at. */
  readonly targetPorts?: readonly number[];
  /** The choices that decide the verdict, where it is not defined; `opinions` says who decides how. */
  readonly dependsOn?: Certainty['choices'];
  readonly opinions?: Certainty['opinions'];
  /** Cluster-wide policies of one tier and priority that say different things of it: which is asked first is not defined, and decides the verdict. */
  readonly tied?: readonly PolicyId[];
  /** The verdict could change if the pod had another address than the one that was made up for it. */
  readonly assumedAddress?: true;
  /** Where members differ in the verdict, in a gate's reason or in the policies behind it: what holds for which of them. */
  readonly results?: readonly ResultAnswer[];
}

/** Answers a flow, or says why there is no answer. */
export function checkConnection(analysis: Analysis, flow: Flow): CheckAnswer | Unanswerable {
  const extended = withEnds(analysis, flow);
  const verdict = judgeFlow(extended, flow);
  return isUnanswerable(verdict) ? verdict : answerOf(extended, verdict);
}

function answerOf(analysis: Analysis, verdict: FlowVerdict): CheckAnswer {
  const { from, to, protocol, port, family, allowed, outcomes, certainty, choices, opinions, tied, assumedAddress } = verdict;
  const shown = outcomes.find((outcome) => !outcome.verdict.allowed) ?? outcomes[0]!;
  const targetPorts = portsReached(outcomes);
  const notes = serviceNotes(verdict, analysis.cluster.nodes.size > 0);
  const isMixed = outcomes.some((outcome) => !isAlike(outcome.verdict, shown.verdict));
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
    ...(allowed && auditOf(outcomes)),
    ...(to.members.kind === 'backends' && { via: viaOf(to.members.backends.way) }),
    ...(notes.length > 0 && { notes }),
    ...(targetPorts.some((target) => target !== port) && { targetPorts }),
    ...(choices.length > 0 && { dependsOn: choices }),
    ...(opinions.length > 0 && { opinions }),
    ...(tied.length > 0 && { tied: tied.map(({ id }) => id) }),
    ...(assumedAddress && { assumedAddress: true as const }),
    ...(isMixed && { results: resultsOf(outcomes) }),
  };
}

/** Whether the gates are as they are for the same reasons, and policies. */
const isAlike = (one: Outcome['verdict'], other: Outcome['verdict']): boolean =>
  directions.every(
    (direction) =>
      one[direction].reason === other[direction].reason &&
      one[direction].allowed === other[direction].allowed &&
      isSameSet(one[direction].policies, other[direction].policies),
  );

const isSameSet = <T>(one: readonly T[], other: readonly T[]): boolean =>
  one.length === other.length && one.every((each) => other.includes(each));

function auditOf(outcomes: readonly Outcome[]): Pick<CheckAnswer, 'audit'> {
  const wouldDeny = outcomes.find((outcome) => outcome.verdict.wouldDeny !== undefined)?.verdict.wouldDeny;
  return wouldDeny === undefined ? {} : { audit: { egress: gateAnswer(wouldDeny.egress), ingress: gateAnswer(wouldDeny.ingress) } };
}

function viaOf({ kind, service, entry }: Way): NonNullable<CheckAnswer['via']> {
  const { namespace, name } = service;
  return { service: { id: serviceId(service), kind: 'Service', namespace, name }, way: kind, ...(entry && { node: entry.name }) };
}

/** The identity, with the address of a pod that is meant alone. */
export function identityOf({ model }: Analysis, endpoint: FlowVerdict['from'], family: Family): EndpointIdentity {
  const { identity, members } = endpoint;
  const isMany = members.kind === 'space' || members.kind === 'backends' || (members.kind === 'pods' && identity.kind === 'Workload');
  if (identity.ip !== undefined || isMany) return identity;
  const addresses = addressesMeant(model, endpoint);
  const [ip, ...others] = addresses.filter((address) => isOfFamily(address, family));
  return ip === undefined || others.length > 0 ? identity : { ...identity, ip };
}

/** The outcomes, those that say the same of the same other side as one. */
function resultsOf(outcomes: readonly Outcome[]): ResultAnswer[] {
  const idsOf = (ends: readonly End[]): string[] => ends.map(({ id }) => id);
  const single = pairedOutcomes(outcomes).map(({ from, to, pairs, connection, verdict }) => ({
    from: idsOf(from),
    to: idsOf(to),
    ...(pairs && { pairs }),
    port: connection.port,
    ...seenAs(connection.passage),
    allowed: verdict.allowed,
    egress: gateAnswer(verdict.egress),
    ingress: gateAnswer(verdict.ingress),
  }));
  return merge(merge(single, 'from'), 'to');
}

/** With what holds of pods with themselves apart only where it is not what holds of them with the others. */
function pairedOutcomes(outcomes: readonly Outcome[]): (Outcome & Pick<ResultAnswer, 'pairs'>)[] {
  const others = outcomes.filter(({ isSelf }) => !isSelf);
  const meets = (self: Outcome, { from, to }: Outcome): boolean => from.includes(self.from[0]!) && to.includes(self.to[0]!);
  const isLikeOthers = (self: Outcome): boolean => {
    const met = others.filter((each) => meets(self, each));
    return (
      met.length > 0 && met.every(({ verdict, connection }) => isAlike(verdict, self.verdict) && connection.port === self.connection.port)
    );
  };
  const apart = outcomes.filter((each) => each.isSelf && !isLikeOthers(each));
  return outcomes.flatMap((each) => {
    if (each.isSelf) return apart.includes(each) ? [each.from.length > 1 ? { ...each, pairs: 'itself' as const } : each] : [];
    return [apart.some((self) => meets(self, each)) ? { ...each, pairs: 'others' as const } : each];
  });
}

function seenAs({ toward, seenFrom }: Passage = {}): Pick<ResultAnswer, 'seenAs'> {
  if (toward === undefined && seenFrom === undefined) return {};
  return { seenAs: { ...(toward && { egress: nameOf(toward.party) }), ...(seenFrom && { ingress: nameOf(seenFrom) }) } };
}

const nameOf = ({ owner, address }: Party): string => (owner.kind === 'Node' ? `node:${owner.node.name}` : address);

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

/** A rule as the contract has it. */
export function ruleAnswer({ rule }: RuleMatch): RuleAnswer {
  const { policy, index, name, source } = rule;
  return { policy: policy.id, index, ...(name !== undefined && { name }), ...(source && { source }) };
}
