import { families, formatIp } from '../net/ip.ts';
import { type Protocol, protocols } from '../net/protocol.ts';
import { frame, peerKey } from './frame.ts';
import { type Allowed, allowedKey, type Gate, isNobody, type NamedPort, type PortEntry } from './gate.ts';
import type { Objects } from './objects.ts';
import type { PeerSets } from './peer-sets.ts';
import { printRule, printVerdict } from './print.ts';
import type { Expression, Rule, Verdict } from './types.ts';

/** What a gate's chain is made of while it is built: its rules, and the names it took references to. */
interface Draft {
  readonly rules: Rule[];
  readonly taken: string[];
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
    const policies = gate.policies.join(', ');
    const counter = this.#takeCounter(gate);
    const draft: Draft = { rules: [], taken: [counter] };
    for (const protocol of protocols) {
      this.#addNamed(draft, gate, protocol);
      this.#addPorts(draft, gate, protocol, counter);
    }
    this.#addAllowed(draft, gate, gate.any);
    draft.rules.push(denyRule(counter));
    return this.#takeChain(prefixes[gate.direction], draft, `${gate.direction} gate of ${policies}`);
  }

  #takeCounter(gate: Gate): string {
    const text = `${gate.direction} of ${gate.policies.join(', ')}`;
    return this.#objects.take('deny', text, [], (name) => ({ kind: 'counter', name, comment: `denied by ${text}` }));
  }

  #takeChain(prefix: string, { rules, taken }: Draft, comment: string): string {
    const content = `${comment}\n${rules.map(printRule).join('\n')}`;
    return this.#objects.take(prefix, content, taken, (name) => ({ kind: 'chain', name, rules, comment }));
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

  #addPorts(draft: Draft, gate: Gate, protocol: Protocol, counter: string): void {
    const entries = gate.ports[protocol];
    if (entries.length === 0) return;
    const only = entries.length === 1 ? entries[0]! : undefined;
    if (only !== undefined && only.ports[0] === 0 && only.ports[1] === 65535) {
      draft.rules.push({ expressions: [{ match: 'protocol', protocol }, this.#sendTo(draft, gate, only, counter)] });
      return;
    }
    const elements = new Map<string, Verdict>();
    const taken: string[] = [];
    for (const { ports, allowed } of entries) {
      elements.set(ports[0] === ports[1] ? String(ports[0]) : `${ports[0]}-${ports[1]}`, this.#target({ taken }, gate, allowed, counter));
    }
    const interval = entries.some(({ ports }) => ports[0] !== ports[1]);
    const content = Array.from(elements, ([ports, verdict]) => `${ports} : ${printVerdict(verdict)}`).join(', ');
    const map = this.#objects.take('ports', content, taken, (name) => ({ kind: 'map', name, types: ['inet_service'], interval, elements }));
    draft.taken.push(map);
    draft.rules.push({
      expressions: [
        { match: 'protocol', protocol },
        { do: 'dispatch', key: 'destination-port', map },
      ],
    });
  }

  #sendTo(draft: Draft, gate: Gate, { allowed }: PortEntry, counter: string): Expression {
    return { do: 'verdict', verdict: this.#target(draft, gate, allowed, counter) };
  }

  /** Where packets to a port go: on when anyone may pass, else to a chain that asks who it is and ends in the deny. */
  #target(draft: Pick<Draft, 'taken'>, gate: Gate, allowed: Allowed, counter: string): Verdict {
    if (allowed === 'anyone') return passed(gate);
    const leaf: Draft = { rules: [], taken: [this.#takeCounter(gate)] };
    this.#addAllowed(leaf, gate, allowed);
    leaf.rules.push(denyRule(counter));
    const chain = this.#takeChain('p', leaf, `${gate.direction} peers of ${gate.policies.join(', ')}`);
    draft.taken.push(chain);
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
      const elements = ranges.map(([first, last]) => {
        const start = formatIp({ family, value: first });
        return first === last ? start : `${start}-${formatIp({ family, value: last })}`;
      });
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
