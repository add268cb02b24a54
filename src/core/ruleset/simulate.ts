import { type Family, type Ip, parseIp } from '../net/ip.ts';
import type { Protocol } from '../net/protocol.ts';
import type { Chain, ConnectionState, Expression, Key, RulesetObject, Verdict } from './types.ts';

/** A packet as the ruleset sees it: the ends of its connection after DNAT and before SNAT, and what conntrack says of it. */
export interface Packet {
  readonly hook: 'forward' | 'input' | 'output';
  readonly source: string;
  readonly destination: string;
  readonly protocol: Protocol | 'icmp' | 'icmpv6' | 'other';
  /** The destination port after DNAT. */
  readonly port: number;
  readonly state: ConnectionState;
  /** Whether the packet goes the way in which the connection was opened. */
  readonly original: boolean;
  readonly syn: boolean;
  readonly mark: number;
}

/** What became of a packet, with the chains it walked, the counters that counted it and the mark it left on its connection. */
export interface Walk {
  readonly verdict: 'accept' | 'drop' | 'reset';
  readonly chains: readonly string[];
  readonly counters: readonly string[];
  /** The prefixes under which it was logged. */
  readonly logs: readonly string[];
  readonly mark: number;
}

/** The table as the walk needs it: objects by name, interval lookups prepared. */
export interface SimulatedTable {
  readonly objects: ReadonlyMap<string, RulesetObject>;
}

/** Prepares a table for walks. */
export function tableOf(objects: Iterable<RulesetObject>): SimulatedTable {
  return { objects: new Map(Array.from(objects, (object) => [object.name, object])) };
}

/** Sends a packet through the base chain of its hook. A packet for which there is no hook is accepted, as the kernel does. */
export function walk(table: SimulatedTable, packet: Packet): Walk {
  const walker = new Walker(table, packet);
  const base = table.objects.get(packet.hook);
  const verdict = base?.kind === 'chain' ? walker.run(base) : undefined;
  return { verdict: verdict ?? 'accept', chains: walker.chains, counters: walker.counters, logs: walker.logs, mark: walker.mark };
}

type Outcome = 'accept' | 'drop' | 'reset';

/** What an expression does to the walk: the rule goes on, the rule ends, the chain is left, or the packet has its verdict. */
type Step = 'matched' | 'unmatched' | Verdict | { readonly outcome: Outcome };

class Walker {
  readonly chains: string[] = [];
  readonly counters: string[] = [];
  readonly logs: string[] = [];
  mark: number;
  readonly #table: SimulatedTable;
  readonly #packet: Packet;

  constructor(table: SimulatedTable, packet: Packet) {
    this.#table = table;
    this.#packet = packet;
    this.mark = packet.mark;
  }

  /** Walks a chain. Undefined: it fell off the end, or a chain that it went to did. */
  run(chain: Chain): Outcome | undefined {
    this.chains.push(chain.name);
    for (const rule of chain.rules) {
      const step = this.#runRule(rule.expressions);
      if (step === 'matched' || step === 'unmatched') continue;
      if ('outcome' in step) return step.outcome;
      if (step.to === 'return') return undefined;
      if (step.to === 'accept' || step.to === 'drop') return step.to;
      const outcome = this.run(this.#chain((step as { chain: string }).chain));
      if (outcome !== undefined || step.to === 'goto') return outcome;
    }
    return undefined;
  }

  #runRule(expressions: readonly Expression[]): Step {
    for (const expression of expressions) {
      const step = 'match' in expression ? this.#matches(expression) : this.#do(expression);
      if (step !== 'matched') return step;
    }
    return 'matched';
  }

  #matches(expression: Extract<Expression, { match: string }>): 'matched' | 'unmatched' {
    const packet = this.#packet;
    const is = (condition: boolean): 'matched' | 'unmatched' => (condition ? 'matched' : 'unmatched');
    switch (expression.match) {
      case 'protocol':
        return is(packet.protocol === expression.protocol);
      case 'in':
      case 'not-in': {
        const key = this.#key(expression.key);
        return is(key !== undefined && (this.#lookup(expression.set, key) !== undefined) === (expression.match === 'in'));
      }
      case 'icmp':
        return is(packet.protocol === 'icmp' || packet.protocol === 'icmpv6');
      case 'other-protocol':
        return is(!hasPorts(packet.protocol));
      case 'not-syn':
        return is(!packet.syn);
      case 'mark':
        return is((this.mark & expression.mask) >>> 0 === expression.value);
      case 'established':
        return is(packet.state === 'established');
      case 'original-direction':
        return is(packet.original);
      case 'neighbour-discovery': // no packet of a connection is one
      case 'over-rate': // one packet is never too many
      case 'interface': // links are the lab's to judge
      case 'spoofed':
        return 'unmatched';
    }
  }

  #do(expression: Extract<Expression, { do: string }>): Step {
    switch (expression.do) {
      case 'set-mark':
        this.mark = ((this.mark & ~expression.mask) | expression.value) >>> 0;
        return 'matched';
      case 'count':
        this.counters.push(expression.counter);
        return 'matched';
      case 'log':
        this.logs.push(expression.prefix);
        return 'matched';
      case 'witness':
        return 'matched';
      case 'reset':
        return { outcome: 'reset' };
      case 'dispatch': {
        const key = this.#key(expression.key);
        return (key === undefined ? undefined : (this.#lookup(expression.map, key) as Verdict | undefined)) ?? 'unmatched';
      }
      case 'by-state':
        return expression.chains[this.#packet.state];
      case 'verdict':
        return expression.verdict;
    }
  }

  #chain(name: string): Chain {
    const object = this.#table.objects.get(name);
    if (object?.kind !== 'chain') throw new Error(`no chain ${name}`);
    return object;
  }

  /** nft's text of a lookup key, or undefined when the packet is of the other family or has no ports. */
  #key(key: Key): string | undefined {
    const { source, destination, port, protocol, original } = this.#packet;
    const family: Family = source.includes(':') ? 6 : 4;
    if (key !== 'destination-port' && !key.endsWith(String(family))) return undefined;
    const ported = hasPorts(protocol);
    switch (key.replace(/[46]$/, '')) {
      case 'source':
        return source;
      case 'destination':
        return destination;
      case 'ends':
        return `${source} . ${destination}`;
      case 'packet-source':
        return original ? source : destination;
      case 'packet-destination':
        return original ? destination : source;
      case 'destination-port':
        return ported ? String(port) : undefined;
      default:
        return ported ? `${destination} . ${port}` : undefined;
    }
  }

  #lookup(name: string, key: string): Verdict | true | undefined {
    const object = this.#table.objects.get(name);
    if (object?.kind === 'set') return (object.interval ? findInterval(object.elements, key) : object.elements.has(key)) ? true : undefined;
    if (object?.kind !== 'map') throw new Error(`no set or map ${name}`);
    if (!object.interval) return object.elements.get(key);
    const element = findInterval(object.elements.keys(), key);
    return element === undefined ? undefined : object.elements.get(element);
  }
}

const hasPorts = (protocol: Packet['protocol']): boolean => protocol === 'TCP' || protocol === 'UDP' || protocol === 'SCTP';

/** The interval element that holds the key: addresses or port numbers. */
function findInterval(elements: Iterable<string>, key: string): string | undefined {
  const point = pointOf(key);
  for (const element of elements) {
    const [first, last = first] = element.split('-') as [string, string?];
    if (pointOf(first) <= point && point <= pointOf(last)) return element;
  }
  return undefined;
}

function pointOf(text: string): bigint {
  return /^\d+$/.test(text) ? BigInt(text) : (parseIp(text) as Ip).value;
}
