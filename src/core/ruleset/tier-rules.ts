import type { Choices } from '../api/choices.ts';
import type { Action, Direction, PortMatch } from '../api/types.ts';
import { allAddresses, equalAddresses, hasAddress, noAddresses, uniteAddresses } from '../net/address-set.ts';
import type { Ip } from '../net/ip.ts';
import { formatPorts } from '../net/port-set.ts';
import { type Protocol, protocols } from '../net/protocol.ts';
import type { CompiledPolicy, CompiledRule, PodClass, PodSet, Tier } from '../policy/model.ts';
import { isNobody, type Peers, peersKey, peersOf, unitePeers } from './peers.ts';
import { type PortEntry, type PortPart, portEntries, portsNamed, rangeOf } from './ports.ts';

/** What happens to a connection that a rule matches. */
export interface Decision {
  readonly action: Action;
  /** Of a deny: the policy that has it counted. */
  readonly policy?: string;
}

/** A step of an ordered list: what happens to those peers that no step before it has taken. */
export interface Step extends Decision {
  readonly peers: Peers;
}

/** Rules of which some speak of ports by name: what they decide is a matter of each pod and port. */
export interface NamedRules {
  readonly protocol: Protocol;
  /** All rules of the tier, in order. */
  readonly rules: readonly (Step & { readonly ports?: readonly PortMatch[] })[];
  readonly key: string;
}

/**
 * What a cluster-wide tier does with the traffic of one gate, canonical: for each protocol disjoint port ranges with the steps that hold there
 * (all of them: one lookup of the port decides which list to walk), and the steps for everything else. Traffic that no step takes leaves the tier.
 */
export interface TierRules {
  readonly tier: 'Admin' | 'Baseline';
  readonly direction: Direction;
  readonly policies: readonly string[];
  readonly ports: Readonly<Record<Protocol, readonly PortEntry<readonly Step[]>[]>>;
  /** Egress only, for each protocol that a name may have. Asked first. */
  readonly named: readonly NamedRules[];
  readonly any: readonly Step[];
}

/** A rule, or a part of one, with its place in the order of evaluation. */
interface Placed {
  readonly place: number;
  readonly step: Step;
}

/** The rules of the tier's policies, which are in the order of evaluation; undefined when they decide nothing. */
export function tierOf(
  tier: Exclude<Tier, 'NetworkPolicy'>,
  policies: readonly CompiledPolicy[],
  direction: Direction,
  podClass: PodClass,
): TierRules | undefined {
  const rules = policies.flatMap((policy) => policy[direction] ?? []);
  const placed = rules.map((rule, place): Placed => ({ place, step: { ...decisionOf(rule, tier), peers: peersOf(rule.peers!) } }));
  const any = placed.filter(({ place }) => rules[place]!.ports === undefined);
  const parts = rules.flatMap((rule, place) => partsOf(rule, podClass).map((part) => ({ ...part, ...placed[place]! })));
  const anySteps = stepsOf(any, tier);
  const anyKey = stepsKey(anySteps);
  const entries = (protocol: Protocol): PortEntry<Step[]>[] =>
    portEntries(parts, protocol, (active) => {
      const value = stepsOf([...new Map([...any, ...active].map((each) => [each.place, each])).values()], tier);
      return { key: stepsKey(value), value };
    }).filter(({ value }) => stepsKey(value) !== anyKey);
  const ports = { TCP: entries('TCP'), UDP: entries('UDP'), SCTP: entries('SCTP') };
  const named = direction === 'egress' ? protocols.flatMap((protocol) => namedOf(rules, placed, protocol)) : [];
  const isEmpty = anySteps.length + named.length === 0 && protocols.every((protocol) => ports[protocol].length === 0);
  if (isEmpty) return undefined;
  return { tier, direction, policies: policies.map(({ name }) => name), ports, named, any: anySteps };
}

/** In the last tier, whoever is passed on has passed. */
function decisionOf({ action, policy }: CompiledRule, tier: TierRules['tier']): Decision {
  if (action === 'deny') return { action, policy: policy.name };
  return { action: tier === 'Baseline' ? 'accept' : action };
}

/** The port ranges of a rule for one subject. Egress to ports by name is not among them. */
function partsOf({ ports = [], direction }: CompiledRule, podClass: PodClass): PortPart[] {
  return ports.flatMap((port): PortPart[] => {
    const { protocol } = port;
    if (port.kind !== 'named') return [{ protocol, ports: rangeOf(port) }];
    return direction === 'egress' ? [] : portsNamed(podClass, port).map((number) => ({ protocol, ports: [number, number] }));
  });
}

/** The fewest steps that decide as the rules do in their order. */
function stepsOf(placed: readonly Placed[], tier: TierRules['tier']): Step[] {
  const steps: Step[] = [];
  let taken = noAddresses;
  for (const { step } of [...placed].sort((a, b) => a.place - b.place)) {
    if (isNobody(step.peers)) continue;
    const last = steps.at(-1);
    if (last !== undefined && isSame(last, step)) steps[steps.length - 1] = { ...last, peers: unitePeers([last.peers, step.peers]) };
    else steps.push({ ...step, peers: unitePeers([step.peers]) });
    taken = uniteAddresses(taken, step.peers.blocks);
    // Nobody is left for later steps.
    if (equalAddresses(taken, allAddresses)) break;
  }
  const leaves: Action = tier === 'Admin' ? 'pass' : 'accept';
  while (steps.at(-1)?.action === leaves) steps.pop();
  return steps;
}

const isSame = (a: Decision, b: Decision): boolean => a.action === b.action && a.policy === b.policy;

/** The canonical text of some steps. */
export const stepsKey = (steps: readonly Step[]): string => steps.map((step) => `${decisionKey(step)} ${peersKey(step.peers)}`).join('; ');

/** The text of a decision. */
export const decisionKey = ({ action, policy }: Decision): string => (policy === undefined ? action : `${action} by ${policy}`);

function namedOf(rules: readonly CompiledRule[], placed: readonly Placed[], protocol: Protocol): NamedRules[] {
  const all = rules.map(({ ports }, place) => {
    const ofProtocol = ports?.filter((port) => port.protocol === protocol);
    return { ...placed[place]!.step, ...(ofProtocol && { ports: ofProtocol }) };
  });
  if (!all.some(isNamed)) return [];
  const texts = all.map((rule) => {
    const ports = rule.ports?.map(portText).sort().join(',') ?? 'any port';
    return `${decisionKey(rule)} ${peersKey(unitePeers([rule.peers]))} on ${ports}`;
  });
  return [{ protocol, rules: all, key: `${protocol}: ${texts.join('; ')}` }];
}

const isNamed = ({ ports = [] }: { readonly ports?: readonly PortMatch[] }): boolean => ports.some(({ kind }) => kind === 'named');
const portText = (port: PortMatch): string => (port.kind === 'named' ? `port named ${port.name}` : formatPorts([rangeOf(port)]).join());

/** What the steps decide about an address, given the sets that hold its pod. */
export function decideSteps(steps: readonly Step[], ip: Ip, podClass: PodClass | undefined): Decision | undefined {
  return steps.find(({ peers }) => isAmong(peers, ip, podClass));
}

const isAmong = ({ sets, blocks }: Peers, ip: Ip, podClass: PodClass | undefined): boolean =>
  (podClass !== undefined && sets.some((set) => set.classes.has(podClass))) || hasAddress(blocks, ip);

/** All sets that the steps speak of, each once, in the order in which they do. */
export const setsOf = (steps: readonly Step[]): PodSet[] => [...new Set(steps.flatMap(({ peers }) => peers.sets))];

/** Whether a rule that speaks of a port by name reaches pods by their address. */
export const reachesByAddress = ({ rules }: NamedRules): boolean =>
  rules.some((rule) => isNamed(rule) && rule.peers.blocks[4].length + rule.peers.blocks[6].length > 0);

/** The numbers that pods of a class declare under names that the rules speak of. */
export function numbersNamed({ rules }: NamedRules, podClass: PodClass): number[] {
  const items = rules.flatMap(({ ports = [] }) => ports.filter((port) => port.kind === 'named'));
  return [...new Set(items.flatMap((item) => portsNamed(podClass, item)))];
}

/** What the rules decide about a connection to a port of a pod. */
export function decideNamed(
  { rules }: NamedRules,
  { ip, podClass, port }: { readonly ip: Ip; readonly podClass: PodClass; readonly port: number },
  choices: Choices,
): Decision | undefined {
  return rules.find(({ peers, ports }) => {
    if (!isAmong(peers, ip, podClass)) return false;
    const countsNames = choices['named-port-with-ipblock'] !== 'never' || isAmong({ ...peers, blocks: noAddresses }, ip, podClass);
    const holds = (item: PortMatch): boolean => {
      if (item.kind === 'named') return countsNames && portsNamed(podClass, item).includes(port);
      const [first, last] = rangeOf(item);
      return first <= port && port <= last;
    };
    return ports === undefined || ports.some(holds);
  });
}

/** Whether a tier may have a say about an address that no pod has. */
export const speaksOfAddresses = ({ any, ports }: TierRules): boolean =>
  [any, ...protocols.flatMap((protocol) => ports[protocol].map(({ value }) => value))].some((steps) =>
    steps.some(({ peers: { blocks } }) => blocks[4].length + blocks[6].length > 0),
  );
