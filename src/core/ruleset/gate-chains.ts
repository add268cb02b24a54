import { formatRange } from '../net/address-set.ts';
import { families } from '../net/ip.ts';
import { formatPorts } from '../net/port-set.ts';
import { type Protocol, protocols } from '../net/protocol.ts';
import { frame, peerKey } from './frame.ts';
import { type Allowed, allowedKey, type Gate, isNobody, type NamedPort } from './gate.ts';
import type { Objects } from './objects.ts';
import type { PeerSets } from './peer-sets.ts';
import { commentText, printElement, printRule } from './print.ts';
import type { Expression, Rule, Verdict } from './types.ts';

/** What a chain is made of while it is built: its rules, and the names it took references to. */
interface Draft {
  readonly rules: Rule[];
  readonly taken: string[];
}

/** A gate while its chains are built. */
interface Building {
  readonly gate: Gate;
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

  constructor(objects: Objects, peers: PeerSets) {
    this.#objects = objects;
    this.#peers = peers;
  }

  /** A reference to the chain of the gate. Returns its name. */
  take(gate: Gate): string {
    const policies = commentText(gate.policies.slice(0, 20).join(', '));
    // The counter's name is the hash of all policies, so the chains that count with it are told apart by it.
    const counter = this.#objects.take('deny', `${gate.direction} of ${gate.policies.join(', ')}`, [], (name) => ({
      kind: 'counter',
      name,
      comment: `denied by ${gate.direction} of ${policies}`,
    }));
    const building: Building = { gate, counter, policies };
    const draft: Draft = { rules: [], taken: [counter] };
    for (const protocol of protocols) {
      this.#addNamed(draft, gate, protocol);
      this.#addPorts(draft, building, protocol);
    }
    this.#addAllowed(draft, gate, gate.any);
    draft.rules.push(denyRule(counter));
    return this.#takeChain(prefixes[gate.direction], draft, `${gate.direction} gate of ${policies}`);
  }

  #takeChain(prefix: string, { rules, taken }: Draft, comment: string): string {
    return this.#objects.take(prefix, rules.map(printRule).join('\n'), taken, (name) => ({ kind: 'chain', name, rules, comment }));
  }

  /** Egress to ports that the destination declares by name: pairs of address and port. */
  #addNamed(draft: Draft, gate: Gate, protocol: Protocol): void {
    const items = gate.named.filter((item) => item.protocol === protocol);
    if (items.length === 0) return;
    const names = this.#peers.takeNamed(items, namedKey(items));
    draft.taken.push(names[4], names[6]);
    for (const family of families) {
      const key = `destination-and-port${family}` as const;
      draft.rules.push(passRule(gate, { match: 'protocol', protocol }, { match: 'in', key, set: names[family] }));
    }
  }

  #addPorts(draft: Draft, building: Building, protocol: Protocol): void {
    const entries = building.gate.ports[protocol];
    if (entries.length === 0) return;
    const [only] = entries;
    if (entries.length === 1 && only!.ports[0] === 0 && only!.ports[1] === 65535) {
      const verdict = this.#target(draft.taken, building, only!.allowed);
      draft.rules.push({
        expressions: [
          { match: 'protocol', protocol },
          { do: 'verdict', verdict },
        ],
      });
      return;
    }
    const taken: string[] = [];
    const elements = new Map(
      entries.map(({ ports, allowed }) => [formatPorts([ports])[0]!, this.#target(taken, building, allowed)] as const),
    );
    const interval = entries.some(({ ports }) => ports[0] !== ports[1]);
    const content = Array.from(elements, ([ports, verdict]) => printElement(ports, verdict)).join(', ');
    const map = this.#objects.take('ports', content, taken, (name) => ({ kind: 'map', name, types: ['inet_service'], interval, elements }));
    draft.taken.push(map);
    draft.rules.push({
      expressions: [
        { match: 'protocol', protocol },
        { do: 'dispatch', key: 'destination-port', map },
      ],
    });
  }

  /** Where packets to a port go: on when anyone may pass, else to a chain that asks who it is and ends in the deny. */
  #target(taken: string[], { gate, counter, policies }: Building, allowed: Allowed): Verdict {
    if (allowed === 'anyone') return passed(gate);
    this.#objects.retain(counter);
    const leaf: Draft = { rules: [], taken: [counter] };
    this.#addAllowed(leaf, gate, allowed);
    leaf.rules.push(denyRule(counter));
    const chain = this.#takeChain('p', leaf, `${gate.direction} peers of ${policies}`);
    taken.push(chain);
    return { to: 'goto', chain };
  }

  /** Rules that let the peers pass. */
  #addAllowed(draft: Draft, gate: Gate, allowed: Allowed): void {
    if (allowed === 'anyone') {
      draft.rules.push(passRule(gate));
      return;
    }
    if (isNobody(allowed)) return;
    const pods = allowed.sets.length === 0 ? undefined : this.#peers.takePods(allowed.sets);
    if (pods !== undefined) draft.taken.push(pods[4], pods[6]);
    for (const family of families) {
      const key = peerKey(gate.direction, family);
      if (pods !== undefined) draft.rules.push(passRule(gate, { match: 'in', key, set: pods[family] }));
      const ranges = allowed.blocks[family];
      if (ranges.length === 0) continue;
      const elements = ranges.map((range) => formatRange(family, range));
      const blocks = this.#objects.take(`blocks${family}`, elements.join(','), [], (name) => ({
        kind: 'set',
        name,
        types: [family === 4 ? 'ipv4_addr' : 'ipv6_addr'],
        interval: true,
        elements: new Set(elements),
      }));
      draft.taken.push(blocks);
      draft.rules.push(passRule(gate, { match: 'in', key, set: blocks }));
    }
  }
}

/** Where a packet goes that this gate lets through: an egress gate leaves it to the ingress gate. */
const passed = ({ direction }: Gate): Verdict => ({ to: 'goto', chain: direction === 'egress' ? frame.ingress : frame.accepted });

const passRule = (gate: Gate, ...expressions: Expression[]): Rule => ({
  expressions: [...expressions, { do: 'verdict', verdict: passed(gate) }],
});

const denyRule = (counter: string): Rule => ({
  expressions: [
    { do: 'count', counter },
    { do: 'verdict', verdict: { to: 'goto', chain: frame.deny } },
  ],
});

const namedKey = (items: readonly NamedPort[]): string =>
  items.map(({ name, protocol, allowed }) => `${protocol}/${name} of ${allowedKey(allowed)}`).join('; ');
