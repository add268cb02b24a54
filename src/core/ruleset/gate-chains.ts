import type { Choices } from '../api/choices.ts';
import type { Direction } from '../api/types.ts';
import { formatRange } from '../net/address-set.ts';
import { families } from '../net/ip.ts';
import { type Protocol, protocols } from '../net/protocol.ts';
import { type Draft, takeChain, takePorts } from './drafts.ts';
import { addressType, frame, goto, peerKey, rule } from './frame.ts';
import type { Gate, Isolation, NamedPort } from './gate.ts';
import type { Objects } from './objects.ts';
import type { PeerSets } from './peer-sets.ts';
import { type Allowed, allowedKey, isNobody } from './peers.ts';
import { commentText } from './print.ts';
import { passed, TierChains } from './tier-chains.ts';
import { speaksOfAddresses, type TierRules } from './tier-rules.ts';
import type { Rule, Verdict } from './types.ts';

/** The gate of an isolated pod while its chains are built. */
interface Building {
  readonly direction: Direction;
  readonly isolation: Isolation;
  readonly counter: string;
  /** The policies for comments, as many as fit. */
  readonly policies: string;
}

const prefixes = { egress: 'e', ingress: 'i' } as const;

/**
 * Makes the chains of gates: content-addressed and immutable, so that pods with the same policies and ports share them and a change
 * of policy makes new ones.
 */
export class GateChains {
  readonly #objects: Objects;
  readonly #peers: PeerSets;
  readonly #tiers: TierChains;
  readonly #choices: Choices;

  constructor(objects: Objects, peers: PeerSets, choices: Choices) {
    this.#objects = objects;
    this.#peers = peers;
    this.#tiers = new TierChains(objects, peers, choices);
    this.#choices = choices;
  }

  /** A reference to the chain of the gate. Returns its name. */
  take(gate: Gate): string {
    const { direction, isClosed, admin, isolation, baseline } = gate;
    const draft: Draft = { rules: [], taken: [] };
    if (isClosed) this.#addDeny(draft, gate, frame.deny);
    else {
      if (admin) this.#addTier(draft, admin);
      if (isolation) this.#addIsolation(draft, gate, isolation);
      if (baseline) this.#addTier(draft, baseline);
      if (!isolation) draft.rules.push(rule(passed(direction)));
    }
    return this.#takeGate(draft, gate, '');
  }

  /**
   * A reference to the chain of the gate toward the pod's own node, which NetworkPolicies do not close. Undefined where no policy has a
   * say. Source: semantics.md section 4.3.
   */
  takeNear(gate: Gate): string | undefined {
    const { direction, isClosed, admin, isolation, baseline } = gate;
    const isExempt = direction === 'ingress' || this.#choices['own-node-egress'] === 'always-allow';
    const tiers = [admin, baseline].filter((tier) => tier !== undefined && speaksOfAddresses(tier));
    if (tiers.length === 0 && (isolation === undefined || isExempt)) return undefined;
    if (isClosed || !isExempt) return this.take(gate);
    const draft: Draft = { rules: [], taken: [] };
    for (const tier of tiers) this.#addTier(draft, tier!);
    draft.rules.push(rule({ to: 'accept' }));
    return this.#takeGate(draft, gate, ' toward the own node');
  }

  #takeGate(draft: Draft, { direction, policies }: Gate, where: string): string {
    const comment = `${direction} gate${where} of ${shown(policies)}`;
    return takeChain(this.#objects, prefixes[direction], draft, comment, true);
  }

  #addTier(draft: Draft, tier: TierRules): void {
    const chain = this.#tiers.take(tier);
    draft.taken.push(chain);
    draft.rules.push(rule({ to: 'jump', chain }));
  }

  /** What NetworkPolicies let through, and the deny of all else. */
  #addIsolation(draft: Draft, { direction, policies }: Gate, isolation: Isolation): void {
    const counter = this.#takeCounter(direction, policies);
    draft.taken.push(counter);
    const building: Building = { direction, isolation, counter, policies: shown(policies) };
    const deny = denyRule(counter, frame.closed(direction));
    if (this.#choices['other-l4'] === 'deny') draft.rules.push({ expressions: [{ match: 'other-protocol' }, ...deny.expressions] });
    for (const protocol of protocols) {
      this.#addNamed(draft, building, protocol);
      this.#addPorts(draft, building, protocol);
    }
    this.#addAllowed(draft, direction, isolation.any);
    draft.rules.push(deny);
  }

  #addDeny(draft: Draft, { direction, policies }: Gate, target: string): void {
    const counter = this.#takeCounter(direction, policies);
    draft.taken.push(counter);
    draft.rules.push(denyRule(counter, target));
  }

  /** Its name is the hash of all policies, so the chains that count with it are told apart by it. */
  #takeCounter(direction: Direction, policies: readonly string[]): string {
    const comment = `denied by ${direction} of ${shown(policies)}`;
    // Of what the middle tier closes, policies of the others are no cause.
    const isolating = policies.filter((name) => name.includes('/'));
    const denials = { direction, policies: isolating.length > 0 ? isolating : policies };
    return this.#objects.take('deny', `${direction} of ${policies.join(', ')}`, [], (name) => ({
      kind: 'counter',
      name,
      comment,
      denials,
    }));
  }

  /** Egress to ports that the destination declares by name: pairs of address and port. */
  #addNamed(draft: Draft, { direction, isolation }: Building, protocol: Protocol): void {
    const items = isolation.named.filter((item) => item.protocol === protocol);
    if (items.length === 0) return;
    const names = this.#peers.takeNamed(items, namedKey(items));
    draft.taken.push(names[4], names[6]);
    for (const family of families) {
      const key = `destination-and-port${family}` as const;
      draft.rules.push(rule(passed(direction), { match: 'protocol', protocol }, { match: 'in', key, set: names[family] }));
    }
  }

  #addPorts(draft: Draft, building: Building, protocol: Protocol): void {
    const entries = building.isolation.ports[protocol];
    if (entries.length === 0) return;
    const [only] = entries;
    if (entries.length === 1 && only!.ports[0] === 0 && only!.ports[1] === 65535) {
      draft.rules.push(rule(this.#target(draft.taken, building, only!.value), { match: 'protocol', protocol }));
      return;
    }
    const taken: string[] = [];
    const targets = entries.map(({ ports, value }) => ({ ports, value: this.#target(taken, building, value) }));
    const map = takePorts(this.#objects, targets, taken);
    draft.taken.push(map);
    draft.rules.push({
      expressions: [
        { match: 'protocol', protocol },
        { do: 'dispatch', key: 'destination-port', map },
      ],
    });
  }

  /** Where packets to a port go: on when anyone may pass, else to a chain that asks who it is and ends in the deny. */
  #target(taken: string[], { direction, counter, policies }: Building, allowed: Allowed): Verdict {
    if (allowed === 'anyone') return passed(direction);
    this.#objects.retain(counter);
    const leaf: Draft = { rules: [], taken: [counter] };
    this.#addAllowed(leaf, direction, allowed);
    leaf.rules.push(denyRule(counter, frame.closed(direction)));
    const chain = takeChain(this.#objects, 'p', leaf, `${direction} peers of ${policies}`);
    taken.push(chain);
    return goto(chain);
  }

  /** Rules that let the peers pass. */
  #addAllowed(draft: Draft, direction: Direction, allowed: Allowed): void {
    if (allowed === 'anyone') {
      draft.rules.push(rule(passed(direction)));
      return;
    }
    if (isNobody(allowed)) return;
    const pods = allowed.sets.length === 0 ? undefined : this.#peers.takePods(allowed.sets);
    if (pods !== undefined) draft.taken.push(pods[4], pods[6]);
    for (const family of families) {
      const key = peerKey(direction, family);
      if (pods !== undefined) draft.rules.push(rule(passed(direction), { match: 'in', key, set: pods[family] }));
      const ranges = allowed.blocks[family];
      if (ranges.length === 0) continue;
      const elements = ranges.map((range) => formatRange(family, range));
      const blocks = this.#objects.take(`blocks${family}`, elements.join(','), [], (name) => ({
        kind: 'set',
        name,
        types: [addressType(family)],
        interval: true,
        elements: new Set(elements),
      }));
      draft.taken.push(blocks);
      draft.rules.push(rule(passed(direction), { match: 'in', key, set: blocks }));
    }
  }
}

const denyRule = (counter: string, target: string): Rule => rule(goto(target), { do: 'count', counter });

/** As many names as a comment takes. */
const shown = (policies: readonly string[]): string => commentText(policies.slice(0, 20).join(', '));

const namedKey = (items: readonly NamedPort[]): string =>
  items.map(({ name, protocol, allowed }) => `${protocol}/${name} of ${allowedKey(allowed)}`).join('; ');
