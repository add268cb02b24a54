import type { Rule } from '../api/types.ts';
import { directions } from '../api/types.ts';
import { isCovered, isRuleCovered, selectorCovers } from '../policy/covers.ts';
import type { LintContext } from './context.ts';
import type { LintedPolicy, LintedRule } from './linted-policy.ts';

/** What says the same as something else already does. */
export interface Redundancies {
  /** Policies with those that say all that they say. */
  readonly policies: ReadonlyMap<LintedPolicy, readonly LintedPolicy[]>;
  readonly rules: readonly Redundant[];
  readonly peers: readonly (Redundant & { readonly place: number })[];
  readonly ports: readonly (Redundant & { readonly place: number })[];
}

/** A rule, or an item in it, with the rules that make it redundant. */
export interface Redundant {
  readonly rule: LintedRule;
  readonly by: readonly LintedRule[];
}

/** Everything that could go and nothing would change, whatever pods there are: each for itself, not all at once. */
export function redundanciesIn(context: LintContext): Redundancies {
  return context.keep('redundancies', () => {
    const found: Found = { policies: new Map(), rules: [], peers: [], ports: [] };
    // A policy in audit takes the place of none that is enforced.
    const homeOf = ({ policy: { namespace, audit } }: LintedPolicy): string => `${namespace} ${audit}`;
    const homes = Map.groupBy(context.policies, homeOf);
    for (const policy of context.asked) look(policy, homes.get(homeOf(policy))!, found);
    return found;
  });
}

/** The redundancies while they are gathered. */
interface Found {
  readonly policies: Map<LintedPolicy, readonly LintedPolicy[]>;
  readonly rules: Redundant[];
  readonly peers: (Redundant & { place: number })[];
  readonly ports: (Redundant & { place: number })[];
}

function look(policy: LintedPolicy, policies: readonly LintedPolicy[], found: Found): void {
  const rules = policy.rules();
  // A policy that only denies is the floor to stand on.
  if (rules.length === 0) return;
  const wider = policies.filter((other) => other !== policy && selectorCovers(other.policy.subject, policy.policy.subject));
  const by = redundantBy(policy, wider);
  if (by !== undefined) found.policies.set(policy, by);
  else
    for (const rule of rules) {
      const others = [...rules, ...wider.flatMap((other) => other.rules(rule.direction))].filter(
        (other) => other.direction === rule.direction && !isItself(other, rule) && !isTwinAfter(other, rule),
      );
      const byRule = coveredBy(rule.rule, others);
      if (byRule !== undefined) found.rules.push({ rule, by: byRule });
      else {
        found.peers.push(...redundantPeers(rule, others));
        found.ports.push(...redundantPorts(rule));
      }
    }
}

const isItself = (a: LintedRule, b: LintedRule): boolean => a.compiled === b.compiled;

/** Whether of two that say the same, this is the one to keep: the first by name, the wider one in any case. */
const isKept = (policy: LintedPolicy, other: LintedPolicy): boolean =>
  policy.policy.subject.key === other.policy.subject.key && policy.policy.name < other.policy.name;

/** The policies that isolate all that the policy isolates, and let through all that it does. */
function redundantBy(policy: LintedPolicy, wider: readonly LintedPolicy[]): readonly LintedPolicy[] | undefined {
  const others = wider.filter((other) => !isKept(policy, other) || redundantRules(other, [policy]) === undefined);
  const by = redundantRules(policy, others);
  return by === undefined ? undefined : [...by];
}

function redundantRules(policy: LintedPolicy, others: readonly LintedPolicy[]): ReadonlySet<LintedPolicy> | undefined {
  const by = new Set<LintedPolicy>();
  for (const direction of directions) {
    if (policy.policy[direction] === undefined) continue;
    const isolating = others.filter((other) => other.policy[direction] !== undefined);
    if (isolating.length === 0) return undefined;
    const rules = policy.policy[direction]!;
    const needed = fewestCovering(rules, isolating, (other) => other.policy[direction]!);
    if (needed === undefined) return undefined;
    for (const other of needed) by.add(other);
  }
  return by;
}

/** Of those whose rules cover the given ones together, so many that none could be left out, the first before later ones; undefined where they do not. */
function fewestCovering<T>(rules: readonly Rule[], all: readonly T[], rulesOf: (each: T) => readonly Rule[]): readonly T[] | undefined {
  const isEnough = (some: readonly T[]): boolean => {
    const by = some.flatMap(rulesOf);
    return rules.every((rule) => isRuleCovered(rule, by));
  };
  if (!isEnough(all)) return undefined;
  const single = all.find((each) => isEnough([each]));
  if (single !== undefined) return [single];
  let kept = all;
  // Most can be left out: half of them at once, then a quarter.
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = Math.floor(size / 2))
    for (let end = kept.length; end > 0; end -= size) {
      const others = kept.toSpliced(Math.max(0, end - size), Math.min(size, end));
      if (isEnough(others)) kept = others;
    }
  return kept;
}

function redundantPeers(rule: LintedRule, others: readonly LintedRule[]): (Redundant & { place: number })[] {
  const { peers = [], ports } = rule.rule;
  if (peers.length < 2) return [];
  return peers.flatMap((peer, place) => {
    const rest = { ...rule.rule, peers: peers.filter((each, index) => index !== place && !(index > place && isSame(each, peer))) };
    const isDoubled = rest.peers.length > 0 && isCovered(peer, ports, [rest]);
    const by = isDoubled ? [rule] : coveredBy({ ...rule.rule, peers: [peer] }, others);
    return by === undefined ? [] : [{ rule, place, by }];
  });
}

function redundantPorts(rule: LintedRule): (Redundant & { place: number })[] {
  const { ports = [] } = rule.rule;
  return ports.flatMap((port, place) => {
    const rest = ports.filter((each, index) => index !== place && !(index > place && isSame(each, port)));
    const isHeld = rest.length > 0 && isRuleCovered({ ...rule.rule, ports: [port] }, [{ ...rule.rule, ports: rest }]);
    return isHeld ? [{ rule, place, by: [rule] }] : [];
  });
}

const isSame = (a: unknown, b: unknown): boolean => textOf(a) === textOf(b);

/** What a rule or a part of it says, without where it stands. */
const textOf = (part: unknown): string =>
  JSON.stringify(part, (key, value) => (key === 'source' ? undefined : typeof value === 'bigint' ? String(value) : value)) ?? '';

/** Of two rules that cover each other the first stays: the first in its policy, or that of the first policy by name. */
function isTwinAfter(other: LintedRule, rule: LintedRule): boolean {
  const isAfter =
    other.policy === rule.policy
      ? other.index > rule.index
      : other.policy.policy.subject.key === rule.policy.policy.subject.key && other.policy.policy.name > rule.policy.policy.name;
  return isAfter && isRuleCovered(other.rule, [rule.rule]);
}

const coveredBy = (rule: Rule, others: readonly LintedRule[]): readonly LintedRule[] | undefined =>
  fewestCovering([rule], others, (other) => [other.rule]);
