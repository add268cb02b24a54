import type { Choices } from '../api/choices.ts';
import type { Direction, PortMatch } from '../api/types.ts';
import { type Protocol, protocols } from '../net/protocol.ts';
import type { CompiledPeer, CompiledPolicy, CompiledRule, PodClass } from '../policy/model.ts';
import { type Allowed, allowedKey, peersOf, unite } from './peers.ts';
import { append, type PortEntry, type PortPart, portEntries, portsNamed, rangeOf } from './ports.ts';
import { type TierRules, tierOf } from './tier-rules.ts';

/** Pods that may be reached on the port that each of them declares under a name. */
export interface NamedPort {
  readonly name: string;
  readonly protocol: Protocol;
  /** Which pods: anyone is every pod of the cluster. */
  readonly allowed: Allowed;
}

/**
 * What NetworkPolicies let through of an isolated pod, canonical: for each protocol disjoint port ranges with everyone who may pass there, and
 * who may pass with any traffic. `ports` entries include those who may pass with any traffic, so that one lookup decides.
 */
export interface Isolation {
  readonly ports: Readonly<Record<Protocol, readonly PortEntry<Allowed>[]>>;
  /** Egress only: named ports are the destination's, so they are looked up as pairs of address and port. */
  readonly named: readonly NamedPort[];
  readonly any: Allowed;
}

/** What one gate lets through: its tiers in the order of evaluation. */
export interface Gate {
  readonly direction: Direction;
  /** The policies that have a say, for counters and comments. */
  readonly policies: readonly string[];
  /** A policy of the gate could not be programmed: nothing passes. */
  readonly isClosed: boolean;
  readonly admin?: TierRules;
  /** Final where it is: the Baseline tier is for pods that no NetworkPolicy isolates. */
  readonly isolation?: Isolation;
  readonly baseline?: TierRules;
}

/** A rule's parts, resolved for one subject. */
interface Part extends PortPart {
  readonly allowed: Allowed;
}

/** The gate of a class that the policies, in the order of evaluation, have a say in. */
export function gateOf(policies: readonly CompiledPolicy[], direction: Direction, podClass: PodClass, choices: Choices): Gate {
  const ofTier = (tier: CompiledPolicy['tier']) => policies.filter((policy) => policy.tier === tier);
  const isolating = ofTier('NetworkPolicy');
  const isolation = isolating.length === 0 ? undefined : isolationOf(isolating, direction, podClass, choices);
  const admin = tierOf('Admin', ofTier('Admin'), direction, podClass);
  const baseline = isolation === undefined ? tierOf('Baseline', ofTier('Baseline'), direction, podClass) : undefined;
  return {
    direction,
    policies: policies.map(({ name }) => name),
    isClosed: false,
    ...(admin && { admin }),
    ...(isolation && { isolation }),
    ...(baseline && { baseline }),
  };
}

/** The union of the rules of all policies that isolate a class. */
function isolationOf(policies: readonly CompiledPolicy[], direction: Direction, podClass: PodClass, choices: Choices): Isolation {
  const rules = policies.flatMap((policy) => policy[direction] ?? []);
  const any = rules.filter((rule) => rule.ports === undefined).map((rule) => allowedBy(rule.peers));
  const parts: Part[] = [];
  const named: NamedPort[] = [];
  for (const rule of rules) for (const port of rule.ports ?? []) addPort(rule, port, podClass, choices, parts, named);
  const everyTraffic = unite(any);
  const entries = (protocol: Protocol): PortEntry<Allowed>[] => (everyTraffic === 'anyone' ? [] : entriesOf(parts, protocol, everyTraffic));
  return {
    ports: { TCP: entries('TCP'), UDP: entries('UDP'), SCTP: entries('SCTP') },
    named: everyTraffic === 'anyone' ? [] : mergeNamed(named),
    any: everyTraffic,
  };
}

/** A gate that lets nothing through, for subjects of a policy that could not be programmed. */
export function closedGate(gate: Gate): Gate {
  return { ...gate, isClosed: true };
}

function addPort(rule: CompiledRule, port: PortMatch, podClass: PodClass, choices: Choices, parts: Part[], named: NamedPort[]): void {
  const { protocol } = port;
  if (port.kind === 'named') {
    const peers = choices['named-port-with-ipblock'] === 'never' ? rule.peers?.filter((peer) => peer.kind === 'pods') : rule.peers;
    const allowed = allowedBy(peers);
    if (rule.direction === 'egress') named.push({ name: port.name, protocol, allowed });
    else for (const number of portsNamed(podClass, port)) parts.push({ allowed, protocol, ports: [number, number] });
  } else parts.push({ allowed: allowedBy(rule.peers), protocol, ports: rangeOf(port) });
}

const allowedBy = (peers: readonly CompiledPeer[] | undefined): Allowed => (peers === undefined ? 'anyone' : peersOf(peers));

function entriesOf(parts: readonly Part[], protocol: Protocol, everyTraffic: Allowed): PortEntry<Allowed>[] {
  return portEntries(parts, protocol, (active) => {
    const value = unite([everyTraffic, ...active.map(({ allowed }) => allowed)]);
    return { key: allowedKey(value), value };
  });
}

/** One entry for each name and protocol, with everyone who may be reached there. */
function mergeNamed(named: readonly NamedPort[]): NamedPort[] {
  const groups = new Map<string, NamedPort[]>();
  for (const item of named) append(groups, `${protocols.indexOf(item.protocol)} ${item.name}`, item);
  return [...groups.keys()].sort().map((key) => {
    const items = groups.get(key)!;
    return { name: items[0]!.name, protocol: items[0]!.protocol, allowed: unite(items.map(({ allowed }) => allowed)) };
  });
}
