import type { Choices } from '../api/choices.ts';
import type { Direction } from '../api/types.ts';
import { formatRange } from '../net/address-set.ts';
import { families } from '../net/ip.ts';
import { type Protocol, protocols } from '../net/protocol.ts';
import { Denials, shown } from './denials.ts';
import { type Draft, takeChain, takePorts } from './drafts.ts';
import type { Exits } from './exits.ts';
import { addressType, goto, peerKey, type RulesetOptions, rule } from './frame.ts';
import type { Gate, Isolation, NamedPort } from './gate.ts';
import type { Objects } from './objects.ts';
import type { PeerSets } from './peer-sets.ts';
import { type Allowed, allowedKey, isNobody } from './peers.ts';
import { TierChains } from './tier-chains.ts';
import { speaksOfAddresses, type TierRules } from './tier-rules.ts';
import type { Verdict } from './types.ts';

/** The gate of an isolated pod while its chains are built. */
interface Building {
  readonly direction: Direction;
  readonly isolation: Isolation;
  readonly exits: Exits;
  /** The chain for what is let through by nobody. */
  readonly closed: string;
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
  readonly #denials: Denials;
  readonly #choices: Choices;

  constructor(objects: Objects, peers: PeerSets, options: Pick<RulesetOptions, 'choices' | 'dropLog'>) {
    const { choices } = options;
    this.#objects = objects;
    this.#peers = peers;
    this.#denials = new Denials(objects, options);
    this.#tiers = new TierChains(objects, peers, this.#denials, choices);
    this.#choices = choices;
  }

  /** A reference to the chain of the gate. The reference to a chain that its exits name is taken over. Returns its name. */
  take(gate: Gate, exits: Exits): string {
    const { isClosed, admin, isolation, baseline } = gate;
    const draft: Draft = { rules: [], taken: [...exits.taken] };
    if (isClosed) this.#addDeny(draft, gate, exits);
    else {
      if (admin) this.#addTier(draft, admin, exits);
      if (isolation) this.#addIsolation(draft, gate, isolation, exits);
      if (baseline) this.#addTier(draft, baseline, exits);
      if (!isolation) draft.rules.push(rule(exits.passed));
    }
    return this.#takeGate(draft, gate, exits, '');
  }

  /**
   * A reference to the chain of the gate toward the pod's own node, which NetworkPolicies do not close. Undefined where no policy has a
   * say. Source: semantics.md section 4.3.
   */
  takeNear(gate: Gate, exits: Exits): string | undefined {
    const { direction, isClosed, admin, isolation, baseline } = gate;
    const isExempt = direction === 'ingress' || this.#choices['own-node-egress'] === 'always-allow';
    const tiers = [admin, baseline].filter((tier) => tier !== undefined && speaksOfAddresses(tier));
    if (tiers.length === 0 && (isolation === undefined || isExempt)) return undefined;
    if (isClosed || !isExempt) return this.take(gate, exits);
    const draft: Draft = { rules: [], taken: [...exits.taken] };
    for (const tier of tiers) this.#addTier(draft, tier!, exits);
    draft.rules.push(rule(exits.passedNear));
    return this.#takeGate(draft, gate, exits, ' toward the own node');
  }

  #takeGate(draft: Draft, { direction, policies }: Gate, { counters }: Exits, where: string): string {
    const comment = `${direction} gate${where}${counters === 'audit' ? ', in audit,' : ''} of ${shown(policies)}`;
    return takeChain(this.#objects, prefixes[direction], draft, comment, true);
  }

  #addTier(draft: Draft, tier: TierRules, exits: Exits): void {
    const chain = this.#tiers.take(tier, exits);
    draft.taken.push(chain);
    draft.rules.push(rule({ to: 'jump', chain }));
  }

  /** What NetworkPolicies let through, and the deny of all else. */
  #addIsolation(draft: Draft, { direction, policies }: Gate, isolation: Isolation, exits: Exits): void {
    const closed = this.#denials.takeClosed(direction, policies, exits);
    draft.taken.push(closed);
    const building: Building = { direction, isolation, exits, closed, policies: shown(policies) };
    if (this.#choices['other-l4'] === 'deny') draft.rules.push(rule(goto(closed), { match: 'other-protocol' }));
    for (const protocol of protocols) {
      this.#addNamed(draft, building, protocol);
      this.#addPorts(draft, building, protocol);
    }
    this.#addAllowed(draft, building, isolation.any);
    draft.rules.push(rule(goto(closed)));
  }

  #addDeny(draft: Draft, { direction, policies }: Gate, exits: Exits): void {
    const denied = this.#denials.takeUnprogrammed(direction, policies, exits);
    draft.taken.push(denied);
    draft.rules.push(rule(goto(denied)));
  }

  /** Egress to ports that the destination declares by name: pairs of address and port. */
  #addNamed(draft: Draft, { isolation, exits }: Building, protocol: Protocol): void {
    const items = isolation.named.filter((item) => item.protocol === protocol);
    if (items.length === 0) return;
    const names = this.#peers.takeNamed(items, namedKey(items));
    draft.taken.push(names[4], names[6]);
    for (const family of families) {
      const key = `destination-and-port${family}` as const;
      draft.rules.push(rule(exits.passed, { match: 'protocol', protocol }, { match: 'in', key, set: names[family] }));
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
  #target(taken: string[], building: Building, allowed: Allowed): Verdict {
    const { direction, exits, closed, policies } = building;
    if (allowed === 'anyone') return exits.passed;
    this.#objects.retain(closed);
    const leaf: Draft = { rules: [], taken: [closed] };
    this.#addAllowed(leaf, building, allowed);
    leaf.rules.push(rule(goto(closed)));
    const chain = takeChain(this.#objects, 'p', leaf, `${direction} peers of ${policies}`);
    taken.push(chain);
    return goto(chain);
  }

  /** Rules that let the peers pass. */
  #addAllowed(draft: Draft, { direction, exits: { passed } }: Building, allowed: Allowed): void {
    if (allowed === 'anyone') {
      draft.rules.push(rule(passed));
      return;
    }
    if (isNobody(allowed)) return;
    const pods = allowed.sets.length === 0 ? undefined : this.#peers.takePods(allowed.sets);
    if (pods !== undefined) draft.taken.push(pods[4], pods[6]);
    for (const family of families) {
      const key = peerKey(direction, family);
      if (pods !== undefined) draft.rules.push(rule(passed, { match: 'in', key, set: pods[family] }));
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
      draft.rules.push(rule(passed, { match: 'in', key, set: blocks }));
    }
  }
}

const namedKey = (items: readonly NamedPort[]): string =>
  items.map(({ name, protocol, allowed }) => `${protocol}/${name} of ${allowedKey(allowed)}`).join('; ');
