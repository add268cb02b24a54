import type { Choices } from '../api/choices.ts';
import type { Direction } from '../api/types.ts';
import { allAddresses, equalAddresses, formatRange } from '../net/address-set.ts';
import { bigints, type Interval, intersect, normalize, subtract } from '../net/interval.ts';
import { type Family, families, greatestOf, parseIp } from '../net/ip.ts';
import { type Protocol, protocols } from '../net/protocol.ts';
import type { Denials } from './denials.ts';
import { type Draft, takeChain, takePorts } from './drafts.ts';
import type { Exits } from './exits.ts';
import { addressType, goto, peerKey, rule } from './frame.ts';
import type { Objects } from './objects.ts';
import type { Element, Following, PeerSets } from './peer-sets.ts';
import { commentText, printElement, printVerdict } from './print.ts';
import {
  type Decision,
  decideNamed,
  decideSteps,
  decisionKey,
  type NamedRules,
  numbersNamed,
  reachesByAddress,
  type Step,
  setsOf,
  stepsKey,
  type TierRules,
} from './tier-rules.ts';
import type { Verdict } from './types.ts';

/** The verdicts of some decisions, with the names that they refer to. */
interface Verdicts {
  readonly of: (decision: Decision) => Verdict;
  readonly isDeny: (verdict: Element | undefined) => boolean;
  readonly taken: readonly string[];
}

/** The rules of a tier with where packets go that it lets through. */
interface Leaving extends TierRules {
  readonly exits: Exits;
}

/** Goes on with what follows the tier. */
const leave: Verdict = { to: 'return' };

/**
 * Makes the chains of cluster-wide tiers. However many rules there are, a packet costs a lookup of its port and one or two of its peer: pods
 * have their verdict in a hash map that follows them, and the address space is cut into ranges of one verdict each. Being one lookup, it
 * is all old or all new to a packet in flight.
 */
export class TierChains {
  readonly #objects: Objects;
  readonly #peers: PeerSets;
  readonly #denials: Denials;
  readonly #choices: Choices;

  constructor(objects: Objects, peers: PeerSets, denials: Denials, choices: Choices) {
    this.#objects = objects;
    this.#peers = peers;
    this.#denials = denials;
    this.#choices = choices;
  }

  /** A reference to the chain of the tier, to be jumped to: it comes back with what the tier leaves to others. Returns its name. */
  take(rules: TierRules, exits: Exits): string {
    const tier: Leaving = { ...rules, exits };
    const draft: Draft = { rules: [], taken: [] };
    for (const protocol of protocols) {
      for (const named of tier.named.filter((each) => each.protocol === protocol)) this.#addNamed(draft, tier, named);
      this.#addPorts(draft, tier, protocol);
    }
    this.#addSteps(draft, tier, tier.any);
    const policies = commentText(tier.policies.slice(0, 20).join(', '));
    return takeChain(this.#objects, 't', draft, `${tier.tier} tier, ${tier.direction} of ${policies}`, true);
  }

  /** Ports that the destination declares by name: pairs of address and port, each with what all rules together say of it. */
  #addNamed(draft: Draft, { tier, direction, exits }: Leaving, named: NamedRules): void {
    const verdicts = this.#verdictsOf(direction, exits, named.rules);
    const elementsOf: Following['elementsOf'] = (address, podClass) => {
      const decisions = numbersNamed(named, podClass).map((port) => {
        return [`${address} . ${port}`, decideNamed(named, { ip: parseIp(address)!, podClass, port }, this.#choices)] as const;
      });
      return decisions.flatMap(([key, decision]) => (decision === undefined ? [] : [[key, verdicts.of(decision)] as const]));
    };
    for (const family of families) {
      const map = this.#peers.take({
        prefix: `pairs${family}`,
        content: `${tier} ${direction} ${named.key}${exits.key}`,
        types: [addressType(family), 'inet_service'],
        podSets: setsOf(named.rules),
        everyPod: reachesByAddress(named),
        shape: { kind: 'map', moves: 'first' },
        dependencies: this.#retainAll(verdicts),
        elementsOf,
        // What is asked where a pair is missing is another map's matter.
        restricts: (_, before, after) => !verdicts.isDeny(before) && !isOpen(after, exits),
      });
      draft.taken.push(map);
      draft.rules.push({
        expressions: [
          { match: 'protocol', protocol: named.protocol },
          { do: 'dispatch', key: `destination-and-port${family}`, map },
        ],
      });
    }
    this.#releaseAll(verdicts);
  }

  #addPorts(draft: Draft, tier: Leaving, protocol: Protocol): void {
    const entries = tier.ports[protocol];
    if (entries.length === 0) return;
    const taken: string[] = [];
    const targets = entries.map(({ ports, value }) => ({ ports, value: this.#target(taken, tier, value) }));
    const map = takePorts(this.#objects, targets, taken);
    draft.taken.push(map);
    draft.rules.push({
      expressions: [
        { match: 'protocol', protocol },
        { do: 'dispatch', key: 'destination-port', map },
      ],
    });
  }

  /** Where packets to a port go: a chain that asks who it is. */
  #target(taken: string[], tier: Leaving, steps: readonly Step[]): Verdict {
    if (steps.length === 0) return leave;
    const leaf: Draft = { rules: [], taken: [] };
    this.#addSteps(leaf, tier, steps);
    const chain = takeChain(this.#objects, 'q', leaf, `${tier.tier} tier, ${tier.direction} to some ports`, true);
    taken.push(chain);
    return goto(chain);
  }

  /** Rules that decide by who the peer is, and fall through where no step takes it. */
  #addSteps(draft: Draft, tier: Leaving, steps: readonly Step[]): void {
    const [first] = steps;
    if (first === undefined) return;
    if (equalAddresses(first.peers.blocks, allAddresses)) {
      const verdicts = this.#verdictsOf(tier.direction, tier.exits, [first]);
      draft.taken.push(...verdicts.taken);
      draft.rules.push(rule(verdicts.of(first)));
      return;
    }
    for (const family of families) {
      const key = peerKey(tier.direction, family);
      for (const map of [...this.#takePods(tier, steps, family), ...this.#takeRanges(tier, steps, family)]) {
        draft.taken.push(map);
        draft.rules.push({ expressions: [{ do: 'dispatch', key, map }] });
      }
    }
  }

  /** The map from pods that some step selects to what happens to them, where that is not what happens to their addresses anyway. */
  #takePods(tier: Leaving, steps: readonly Step[], family: Family): string[] {
    const podSets = setsOf(steps);
    if (podSets.length === 0) return [];
    const verdicts = this.#verdictsOf(tier.direction, tier.exits, steps);
    const verdictOf = (decision: Decision | undefined): Verdict | undefined => decision && verdicts.of(decision);
    const fallback = (address: string): Verdict | undefined => verdictOf(decideSteps(steps, parseIp(address)!, undefined));
    const leaving = tier.tier === 'Admin' ? leave : tier.exits.passed;
    const map = this.#peers.take({
      prefix: `who${family}`,
      content: `${tier.tier} ${tier.direction} ${stepsKey(steps)}${tier.exits.key}`,
      types: [addressType(family)],
      podSets,
      everyPod: false,
      shape: { kind: 'map' },
      dependencies: verdicts.taken,
      elementsOf: (address, podClass) => {
        const verdict = verdictOf(decideSteps(steps, parseIp(address)!, podClass)) ?? leaving;
        return printVerdict(verdict) === printVerdict(fallback(address) ?? leaving) ? [] : [[address, verdict]];
      },
      restricts: (address, before, after) =>
        !verdicts.isDeny(before ?? fallback(address)) && !isOpen(after ?? fallback(address) ?? leaving, tier.exits),
    });
    return [map];
  }

  /** The map from ranges of addresses to what happens to them, whoever has them. */
  #takeRanges(tier: Leaving, steps: readonly Step[], family: Family): string[] {
    let free: readonly Interval<bigint>[] = [[0n, greatestOf(family)]];
    const ranges: { range: Interval<bigint>; decision: Decision }[] = [];
    for (const step of steps) {
      const block = step.peers.blocks[family];
      ranges.push(...intersect(free, block).map((range) => ({ range, decision: step })));
      free = subtract(bigints, free, block);
    }
    if (ranges.length === 0) return [];
    const verdicts = this.#verdictsOf(
      tier.direction,
      tier.exits,
      ranges.map(({ decision }) => decision),
    );
    const elements = new Map(joined(ranges).map(({ range, decision }) => [formatRange(family, range), verdicts.of(decision)] as const));
    const content = Array.from(elements, ([range, verdict]) => printElement(range, verdict)).join(', ');
    const map = this.#objects.take(`ranges${family}`, content, verdicts.taken, (name) => ({
      kind: 'map',
      name,
      types: [addressType(family)],
      interval: true,
      elements,
    }));
    return [map];
  }

  /** References to what the verdicts of some decisions need. */
  #verdictsOf(direction: Direction, exits: Exits, decisions: readonly Decision[]): Verdicts {
    const denies = new Map<string, string>();
    for (const { action, policy } of decisions)
      if (action === 'deny' && !denies.has(policy!)) denies.set(policy!, this.#denials.takeDenied(direction, policy!, exits));
    const taken = [...denies.values()];
    return {
      of: ({ action, policy }) => (action === 'deny' ? goto(denies.get(policy!)!) : action === 'pass' ? leave : exits.passed),
      isDeny: (verdict) => typeof verdict === 'object' && 'chain' in verdict && taken.includes(verdict.chain),
      taken,
    };
  }

  /** One more reference to each name. */
  #retainAll({ taken }: Verdicts): readonly string[] {
    for (const name of taken) this.#objects.retain(name);
    return taken;
  }

  #releaseAll({ taken }: Verdicts): void {
    for (const name of taken) this.#objects.release(name);
  }
}

const isOpen = (verdict: Element | undefined, { passed }: Exits): boolean =>
  typeof verdict === 'object' && printVerdict(verdict) === printVerdict(passed);

/** The ranges in order, neighbours with one decision as one. */
function joined(ranges: readonly { range: Interval<bigint>; decision: Decision }[]): { range: Interval<bigint>; decision: Decision }[] {
  const byDecision = new Map<string, { decision: Decision; all: Interval<bigint>[] }>();
  for (const { range, decision } of ranges) {
    const known = byDecision.get(decisionKey(decision));
    if (known === undefined) byDecision.set(decisionKey(decision), { decision, all: [range] });
    else known.all.push(range);
  }
  const united = [...byDecision.values()].flatMap(({ decision, all }) => normalize(bigints, all).map((range) => ({ range, decision })));
  return united.sort((a, b) => (a.range[0] < b.range[0] ? -1 : 1));
}
