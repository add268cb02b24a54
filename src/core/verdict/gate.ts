import type { Choices } from '../api/choices.ts';
import type { Direction } from '../api/types.ts';
import { type AddressSet, hasAddress } from '../net/address-set.ts';
import { protocols } from '../net/protocol.ts';
import { type CompiledPolicy, inOrderOfEvaluation, isTied, type Judged, tiers } from '../policy/model.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import { type Party, portsOf } from './party.ts';
import { matchRule, type RuleMatch, type RuleQuestion } from './rule-match.ts';

/**
 * Why a gate is open or closed. `rule`, `own-node`, `hairpin` and `no-rule-matched` come from the NetworkPolicy tier of an isolated
 * pod, `tier` from a cluster-wide policy, whose tiers know none of these exceptions.
 */
export type Reason = 'not-isolated' | 'rule' | 'no-rule-matched' | 'self' | 'hairpin' | 'own-node' | 'unpoliced-endpoint' | 'tier';

/** A rule of which one half holds and the other fails. */
export interface NearMiss extends RuleMatch {
  readonly failed: 'peer' | 'port';
}

/** What one gate of a connection says. */
export interface GateVerdict {
  readonly allowed: boolean;
  readonly reason: Reason;
  /** The policies that isolate this gate; for the reason `tier` the one that decided. In the order of evaluation. */
  readonly policies: readonly CompiledPolicy[];
  /** Every rule that matches. */
  readonly rules: readonly RuleMatch[];
  /** The rules of cluster-wide tiers that passed it on to the next tier. */
  readonly passes: readonly RuleMatch[];
  /** Of a denial: the rules that almost matched and would have prevented it. */
  readonly nearMisses: readonly NearMiss[];
}

/** What a gate is asked: may its subject talk with the remote? */
export interface GateQuestion {
  readonly direction: Direction;
  readonly subject: Party;
  readonly remote: Party;
  readonly protocol: string;
  /** The destination port, after translation. */
  readonly port: number;
  /** A pod reaches itself through a Service. */
  readonly isHairpin: boolean;
}

/** Whether an address that is not the remote's real one would be in a block; see `assumption.ts`. */
export type Within = (addresses: AddressSet) => boolean;

const open = (reason: Reason): GateVerdict => ({ allowed: true, reason, policies: [], rules: [], passes: [], nearMisses: [] });

/** A gate of a pod that reaches itself at its own address. */
export const selfGate: GateVerdict = open('self');

/** What a judgment may be asked beside the question. */
interface Judgment {
  readonly isWithin?: Within;
  /** Absent: by what is enforced. */
  readonly judged?: Judged;
  /** Of cluster-wide policies that are equal by tier and priority these are asked first. Absent: as their names are ordered. */
  readonly first?: ReadonlySet<CompiledPolicy>;
}

/** Judges one gate. Source: `gate` in semantics.md section 7. */
export function judgeGate(model: PolicyModel, question: GateQuestion, choices: Choices, judgment: Judgment = {}): GateVerdict {
  const { isWithin, judged, first } = judgment;
  const { direction, subject, remote } = question;
  if (subject.owner.kind !== 'Pod') return open('unpoliced-endpoint');
  const podClass = subject.owner.class;
  const named = model.policiesOf(podClass, direction, judged);
  const policies = first === undefined ? named : named.sort(withFirst(first));
  if (policies.length === 0) return open('not-isolated');
  const destination = direction === 'egress' ? remote : subject;
  const asked: RuleQuestion = {
    remote,
    isWithin: isWithin ?? ((addresses) => hasAddress(addresses, remote.ip)),
    protocol: question.protocol,
    port: question.port,
    declared: portsOf(destination),
    choices,
  };
  const notes: TierNotes = { passes: [], passedOver: [] };
  for (const tier of tiers) {
    const ofTier = policies.filter((policy) => policy.tier === tier);
    const verdict = tier === 'NetworkPolicy' ? isolationTier(model, ofTier, question, asked) : orderedTier(ofTier, direction, asked, notes);
    if (verdict === undefined) continue;
    const { passes, passedOver } = notes;
    if (verdict.allowed) return { ...verdict, passes };
    // To pass on spares the rest of the own tier, and nothing that a later one says.
    const spared = passedOver.filter(({ rule }) => rule.action === 'accept' || rule.policy.tier === tier);
    return { ...verdict, passes, nearMisses: [...spared, ...verdict.nearMisses] };
  }
  return { ...open('not-isolated'), passes: notes.passes };
}

/** The order of evaluation, in which some are asked before their equals. */
const withFirst =
  (first: ReadonlySet<CompiledPolicy>) =>
  (a: CompiledPolicy, b: CompiledPolicy): number =>
    isTied(a, b) && first.has(a) !== first.has(b) ? Number(first.has(b)) - Number(first.has(a)) : inOrderOfEvaluation(a, b);

/** What is seen in cluster-wide tiers that did not decide. */
interface TierNotes {
  readonly passes: RuleMatch[];
  /** The rules that were asked and would have spared the connection what comes after them. */
  readonly passedOver: NearMiss[];
}

/** A cluster-wide tier: the first rule that matches decides. Undefined when none does, or when it passes on. */
function orderedTier(
  policies: readonly CompiledPolicy[],
  direction: Direction,
  asked: RuleQuestion,
  { passes, passedOver }: TierNotes,
): GateVerdict | undefined {
  for (const policy of policies)
    for (const rule of policy[direction]!) {
      const match = matchRule(rule, asked);
      if (!match.peerMatches || !match.portMatches) {
        if (rule.action !== 'deny') passedOver.push(...nearMiss(match));
        continue;
      }
      if (rule.action !== 'pass')
        return { allowed: rule.action === 'accept', reason: 'tier', policies: [policy], rules: [match], passes: [], nearMisses: [] };
      passes.push(match);
      return undefined;
    }
  return undefined;
}

/** The NetworkPolicy tier: final for an isolated pod, silent for another. */
function isolationTier(
  model: PolicyModel,
  policies: readonly CompiledPolicy[],
  question: GateQuestion,
  asked: RuleQuestion,
): GateVerdict | undefined {
  if (policies.length === 0) return undefined;
  const { choices } = asked;
  if (question.isHairpin && choices['service-hairpin'] === 'allow') return { ...open('hairpin'), policies };
  if (isOwnNode(model, question, choices)) return { ...open('own-node'), policies };
  const isPoliced = protocols.some((protocol) => protocol === asked.protocol);
  if (!isPoliced && choices['other-l4'] === 'allow') return open('not-isolated');
  if (!isPoliced && choices['other-l4'] === 'deny') return { ...denial, policies };
  const matches = policies.flatMap((policy) => policy[question.direction]!.map((rule) => matchRule(rule, asked)));
  const rules = matches.filter(({ peerMatches, portMatches }) => peerMatches && portMatches);
  if (rules.length > 0) return { allowed: true, reason: 'rule', policies, rules, passes: [], nearMisses: [] };
  return { ...denial, policies, nearMisses: matches.flatMap(nearMiss) };
}

const denial: GateVerdict = { allowed: false, reason: 'no-rule-matched', policies: [], rules: [], passes: [], nearMisses: [] };

function nearMiss(match: RuleMatch): NearMiss[] {
  if (match.peerMatches === match.portMatches) return [];
  return [{ ...match, failed: match.peerMatches ? 'port' : 'peer' }];
}

/** Whether the exception for a pod's own node holds. Source: semantics.md section 4.3. */
function isOwnNode(model: PolicyModel, { direction, subject, remote }: GateQuestion, choices: Choices): boolean {
  if (direction === 'egress' && choices['own-node-egress'] === 'policy') return false;
  const name = subject.owner.kind === 'Pod' ? subject.owner.pod.node : undefined;
  return name !== undefined && model.nodeOf(name)?.addresses.includes(remote.address) === true;
}
