import type { CompiledPolicy, PodClass } from '../policy/model.ts';
import type { LintContext } from './context.ts';
import { type LintedPolicy, type PodPeerItem, podPeersIn } from './linted-policy.ts';
import { memberOf, telling, verdictOf } from './reach.ts';

/** A peer that a rule speaks of, all of whose connections the other side denies. */
export interface OneSided {
  readonly peer: PodPeerItem;
  readonly from: PodClass;
  readonly to: PodClass;
  /** Some rule of the other side takes the pods, and other ports: which. */
  readonly ports?: readonly string[];
}

/** More pairs of classes than this are looked at no longer: one of so many will be let through. */
const mostPairs = 400;

/** Every peer of a rule that has pods and whose pods are all refused by the other side. */
export const oneSidedIn = (context: LintContext): readonly OneSided[] => context.asked.flatMap((policy) => oneSidedOf(context, policy));

/** Those of one policy. */
export function oneSidedOf(context: LintContext, policy: LintedPolicy): readonly OneSided[] {
  return context.keep(`one-sided ${policy.compiled.name}`, () =>
    policy.rules().flatMap((rule) => podPeersIn(rule).flatMap((peer) => oneSided(context, peer) ?? [])),
  );
}

/** A connection that a rule is for, by the classes at its ends. */
interface Pair {
  readonly from: PodClass;
  readonly to: PodClass;
}

/** The connections that a peer of a rule is for; none where there are too many to look at. */
function pairsOf({ of, compiled }: PodPeerItem): Pair[] {
  const others = [...compiled.set.classes];
  const { subjects } = of.policy;
  if (others.length * subjects.length > mostPairs) return [];
  return subjects.flatMap((subject) =>
    others
      .filter((other) => other !== subject)
      .map((other) => (of.direction === 'egress' ? { from: subject, to: other } : { from: other, to: subject })),
  );
}

function oneSided(context: LintContext, peer: PodPeerItem): OneSided | undefined {
  // A peer of everybody is an allowance, not an appointment.
  if (peer.item.pods.requirements.length === 0) return undefined;
  let refused: OneSided | undefined;
  for (const { from, to } of pairsOf(peer)) {
    const ports = refusal(context, peer, from, to);
    if (ports === undefined) return undefined;
    refused ??= { peer, from, to, ...(ports.length > 0 && { ports }) };
  }
  return refused;
}

/** The cluster-wide policy of a tier before that denies all that a peer is let through, if one does. */
export function overriddenBy({ analysis }: LintContext, peer: PodPeerItem): (Pair & { readonly by: CompiledPolicy }) | undefined {
  const { direction, compiled } = peer.of;
  let found: (Pair & { readonly by: CompiledPolicy }) | undefined;
  for (const { from, to } of pairsOf(peer)) {
    const subject = direction === 'egress' ? from : to;
    const before = analysis.model.policiesOf(subject, direction).filter(({ tier }) => tier === 'Admin');
    const targets = telling(
      compiled,
      before.flatMap((policy) => policy[direction] ?? []),
      to,
    );
    const verdicts = targets.map((target) => verdictOf(analysis, memberOf(from), memberOf(to), target)?.[direction]);
    if (verdicts.length === 0 || !verdicts.every((gate) => gate?.reason === 'tier' && !gate.allowed)) return undefined;
    found ??= { from, to, by: verdicts[0]!.policies[0]! };
  }
  return found;
}

/** The ports that the other side does let through, if it denies all that the rule is for; undefined if it lets something of that through. */
function refusal({ analysis }: LintContext, { of }: PodPeerItem, from: PodClass, to: PodClass): string[] | undefined {
  const otherSide = of.direction === 'egress' ? 'ingress' : 'egress';
  const others = analysis.model.policiesOf(of.direction === 'egress' ? to : from, otherSide);
  if (others.length === 0) return undefined;
  const rules = others.flatMap((policy) => policy[otherSide] ?? []);
  const targets = telling(of.compiled, rules, to);
  if (targets.length === 0) return undefined;
  const [source, destination] = [memberOf(from), memberOf(to)];
  const verdicts = targets.map((target) => verdictOf(analysis, source, destination, target));
  if (verdicts.some((verdict) => verdict === undefined || verdict[otherSide].allowed)) return undefined;
  const misses = verdicts.flatMap((verdict) => verdict![otherSide].nearMisses).filter(({ failed }) => failed === 'port');
  const ports = misses.flatMap(({ rule }) => (rule.ports ?? []).map(portText));
  return [...new Set(ports)];
}

function portText(port: NonNullable<PodPeerItem['of']['rule']['ports']>[number]): string {
  if (port.kind === 'every') return port.protocol;
  if (port.kind === 'named') return port.name;
  return `${port.protocol}/${port.first === port.last ? port.first : `${port.first}-${port.last}`}`;
}
