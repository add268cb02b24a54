import type { Choices } from '../api/choices.ts';
import type { Direction, PortMatch } from '../api/types.ts';
import { type AddressSet, formatRanges, noAddresses, uniteAddresses } from '../net/address-set.ts';
import { bigints, type Interval, normalize } from '../net/interval.ts';
import { everyPort } from '../net/port-set.ts';
import { type Protocol, protocols } from '../net/protocol.ts';
import type { CompiledPeer, CompiledPolicy, CompiledRule, PodClass, PodSet } from '../policy/model.ts';

/** Who may pass: anyone, or pods of some sets and addresses of some blocks. */
export type Allowed = 'anyone' | { readonly sets: readonly PodSet[]; readonly blocks: AddressSet };

/** A range of destination ports and who may pass to them. */
export interface PortEntry {
  readonly ports: Interval<number>;
  readonly allowed: Allowed;
}

/** Pods that may be reached on the port that each of them declares under a name. */
export interface NamedPort {
  readonly name: string;
  readonly protocol: Protocol;
  /** Which pods: anyone is every pod of the cluster. */
  readonly allowed: Allowed;
}

/**
 * What one gate lets through, canonical: for each protocol disjoint port ranges with everyone who may pass there, and who may pass with any
 * traffic. `ports` entries include those who may pass with any traffic, so that one lookup decides.
 */
export interface Gate {
  readonly direction: Direction;
  /** The policies that isolate, for counters and comments. */
  readonly policies: readonly string[];
  readonly ports: Readonly<Record<Protocol, readonly PortEntry[]>>;
  /** Egress only: named ports are the destination's, so they are looked up as pairs of address and port. */
  readonly named: readonly NamedPort[];
  readonly any: Allowed;
}

/** A rule's parts, resolved for one subject. */
interface Part {
  readonly allowed: Allowed;
  readonly protocol: Protocol;
  readonly ports: Interval<number>;
}

const nobody: Allowed = { sets: [], blocks: noAddresses };

/** The gate of a class: the union of the rules of all policies that isolate it. */
export function gateOf(policies: readonly CompiledPolicy[], direction: Direction, podClass: PodClass, choices: Choices): Gate {
  const rules = policies.flatMap((policy) => policy[direction] ?? []);
  // A gate is a union of what rules accept. Tiers with denies need chains in order: until these are built, nothing else may come here.
  if (policies.some(({ tier }) => tier !== 'NetworkPolicy')) throw new Error('only the NetworkPolicy tier can be enforced');
  const any = rules.filter((rule) => rule.ports === undefined).map((rule) => allowedBy(rule.peers));
  const parts: Part[] = [];
  const named: NamedPort[] = [];
  for (const rule of rules) for (const port of rule.ports ?? []) addPort(rule, port, podClass, choices, parts, named);
  const everyTraffic = unite(any);
  return {
    direction,
    policies: policies.map(({ name }) => name),
    ports: {
      TCP: entriesOf(parts, 'TCP', everyTraffic),
      UDP: entriesOf(parts, 'UDP', everyTraffic),
      SCTP: entriesOf(parts, 'SCTP', everyTraffic),
    },
    named: everyTraffic === 'anyone' ? [] : mergeNamed(named),
    any: everyTraffic,
  };
}

/** A gate that lets nothing through, for subjects of a policy that could not be programmed. */
export function closedGate(policies: readonly CompiledPolicy[], direction: Direction): Gate {
  return { direction, policies: policies.map(({ name }) => name), ports: { TCP: [], UDP: [], SCTP: [] }, named: [], any: nobody };
}

function addPort(rule: CompiledRule, port: PortMatch, podClass: PodClass, choices: Choices, parts: Part[], named: NamedPort[]): void {
  const { protocol } = port;
  if (port.kind === 'named') {
    const peers = choices['named-port-with-ipblock'] === 'never' ? rule.peers?.filter((peer) => peer.kind === 'pods') : rule.peers;
    const allowed = allowedBy(peers);
    if (rule.direction === 'egress') named.push({ name: port.name, protocol, allowed });
    else for (const number of portsNamed(podClass, port)) parts.push({ allowed, protocol, ports: [number, number] });
  } else parts.push({ allowed: allowedBy(rule.peers), protocol, ports: port.kind === 'every' ? everyPort : [port.first, port.last] });
}

/** The numbers that the pods of a class declare under a name and protocol. */
export function portsNamed({ ports }: PodClass, { name, protocol }: { readonly name: string; readonly protocol: Protocol }): number[] {
  return ports.filter((declared) => declared.name === name && declared.protocol === protocol).map(({ port }) => port);
}

function allowedBy(peers: readonly CompiledPeer[] | undefined): Allowed {
  if (peers === undefined) return 'anyone';
  return {
    sets: peers.flatMap((peer) => (peer.kind === 'pods' ? [peer.set] : [])),
    blocks: peers.reduce((blocks, peer) => (peer.kind === 'addresses' ? uniteAddresses(blocks, peer.addresses) : blocks), noAddresses),
  };
}

/** Everyone of any of them. Sets are ordered by key, so that equal unions are equal values. */
function unite(all: readonly Allowed[]): Allowed {
  const sets = new Map<string, PodSet>();
  const ranges: { 4: Interval<bigint>[]; 6: Interval<bigint>[] } = { 4: [], 6: [] };
  for (const allowed of all) {
    if (allowed === 'anyone') return 'anyone';
    for (const set of allowed.sets) sets.set(set.key, set);
    ranges[4].push(...allowed.blocks[4]);
    ranges[6].push(...allowed.blocks[6]);
  }
  return {
    sets: [...sets.keys()].sort().map((key) => sets.get(key)!),
    blocks: { 4: normalizeBlocks(ranges[4]), 6: normalizeBlocks(ranges[6]) },
  };
}

const normalizeBlocks = (ranges: Interval<bigint>[]): readonly Interval<bigint>[] =>
  ranges.length < 2 ? ranges : normalize(bigints, ranges);

/** The canonical text of who may pass; equal for equal sets of peers. */
export function allowedKey(allowed: Allowed): string {
  if (allowed === 'anyone') return 'anyone';
  return `${allowed.sets.map(({ key }) => key).join(' + ')} | ${formatRanges(allowed.blocks).join(',')}`;
}

/** Whether nobody at all may pass, whatever pods there will be. */
export const isNobody = (allowed: Allowed): boolean =>
  allowed !== 'anyone' && allowed.sets.length === 0 && allowed.blocks[4].length + allowed.blocks[6].length === 0;

/** The disjoint port ranges of a protocol: a sweep over where parts begin and end. */
function entriesOf(parts: readonly Part[], protocol: Protocol, everyTraffic: Allowed): PortEntry[] {
  if (everyTraffic === 'anyone') return [];
  const mine = parts.filter((part) => part.protocol === protocol);
  const begins = new Map<number, Part[]>();
  const ends = new Map<number, Part[]>();
  for (const part of mine) {
    push(begins, part.ports[0], part);
    push(ends, part.ports[1] + 1, part);
  }
  const cuts = [...new Set([...begins.keys(), ...ends.keys()])].sort((a, b) => a - b);
  const active = new Set<Part>();
  const entries: { ports: [number, number]; allowed: Allowed; key: string }[] = [];
  for (const [index, cut] of cuts.entries()) {
    for (const part of ends.get(cut) ?? []) active.delete(part);
    for (const part of begins.get(cut) ?? []) active.add(part);
    if (active.size === 0) continue;
    const allowed = unite([everyTraffic, ...Array.from(active, (part) => part.allowed)]);
    const key = allowedKey(allowed);
    const last = cuts[index + 1]! - 1;
    const before = entries.at(-1);
    if (before !== undefined && before.key === key && before.ports[1] + 1 === cut) before.ports[1] = last;
    else entries.push({ ports: [cut, last], allowed, key });
  }
  return entries.map(({ ports, allowed }) => ({ ports, allowed }));
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** One entry for each name and protocol, with everyone who may be reached there. */
function mergeNamed(named: readonly NamedPort[]): NamedPort[] {
  const groups = new Map<string, NamedPort[]>();
  for (const item of named) push(groups, `${protocols.indexOf(item.protocol)} ${item.name}`, item);
  return [...groups.keys()].sort().map((key) => {
    const items = groups.get(key)!;
    return { name: items[0]!.name, protocol: items[0]!.protocol, allowed: unite(items.map(({ allowed }) => allowed)) };
  });
}
