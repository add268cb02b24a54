import { ruleMeant } from '../advise/edit.ts';
import { blocksOf } from '../advise/peer.ts';
import { type Direction, directions, type NetworkPolicy, type Peer, type PortMatch, type Rule } from '../api/types.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { type AddressSet, formatRanges, noAddresses, uniteAddresses } from '../net/address-set.ts';
import { normalize, numbers } from '../net/interval.ts';
import { families } from '../net/ip.ts';
import { protocols } from '../net/protocol.ts';
import { isCovered, isRuleCovered } from '../policy/covers.ts';

// What is said here holds for all pods that could ever be: nothing is dropped because nobody uses it now.

/** A rule with those that it was made of, by their places in the policy, from 0. */
export interface SimplerRule {
  readonly rule: Rule;
  readonly from: readonly number[];
}

/** A policy that can be written with less. */
export interface Simplification {
  readonly policy: NetworkPolicy;
  /** The rules of the directions that change. */
  readonly rules: { readonly [Way in Direction]?: readonly SimplerRule[] };
  /** The policy that says all that this one says, for the same pods, so that this one can go. */
  readonly coveredBy?: NetworkPolicy;
}

/** The policies that can be written with less and mean the same in every cluster, by namespace and name. */
export function simplify(cluster: Cluster): Simplification[] {
  return [...cluster.namespaces.keys()].sort().flatMap((namespace) => {
    const { policies } = cluster.namespaces.get(namespace)!;
    const sorted = [...policies.keys()].sort().map((name) => policies.get(name)!);
    const gone = new Set<NetworkPolicy>();
    return sorted.flatMap((policy): Simplification[] => {
      const coveredBy = sorted.find((other) => other !== policy && !gone.has(other) && saysAll(other, policy));
      if (coveredBy !== undefined) gone.add(policy);
      const rules = coveredBy === undefined ? simplerDirections(policy) : {};
      return coveredBy === undefined && Object.keys(rules).length === 0 ? [] : [{ policy, rules, ...(coveredBy && { coveredBy }) }];
    });
  });
}

/** The policy as it would be. */
export const simplified = ({ policy, rules }: Simplification): NetworkPolicy => ({
  ...policy,
  ...Object.fromEntries(Object.entries(rules).map(([direction, list]) => [direction, list.map(({ rule }) => rule)])),
});

/** Whether a policy for the same pods says all of another, which is more than a deny: a deny by itself is the floor that people stand on. */
function saysAll(other: NetworkPolicy, policy: NetworkPolicy): boolean {
  const ways = directions.filter((direction) => policy[direction] !== undefined);
  return (
    other.subject.key === policy.subject.key &&
    other.audit === policy.audit &&
    ways.some((direction) => policy[direction]!.length > 0) &&
    ways.every((direction) => other[direction] !== undefined && policy[direction]!.every((rule) => isRuleCovered(rule, other[direction]!)))
  );
}

function simplerDirections(policy: NetworkPolicy): Simplification['rules'] {
  const changed = directions.flatMap((direction) => {
    const rules = (policy[direction] ?? []).map((rule, index): SimplerRule => ({ rule, from: [index] }));
    const simpler = simplerRules(rules);
    return textOf(simpler) === textOf(rules) ? [] : [[direction, simpler] as const];
  });
  return Object.fromEntries(changed);
}

/** Fewer and shorter rules, until nothing is left to do. */
function simplerRules(rules: readonly SimplerRule[]): readonly SimplerRule[] {
  const now = merged(withoutCovered(rules.map(({ rule, from }) => ({ rule: tidy(rule), from }))));
  return textOf(now) === textOf(rules) ? rules : simplerRules(now);
}

const textOf = (rules: readonly SimplerRule[]): string =>
  JSON.stringify(rules.map(({ rule: { peers, ports } }) => [peers?.map(peerKey), ports?.map(portKey)]));

const peerKey = (peer: Peer): string =>
  peer.kind === 'block'
    ? formatRanges(peer.addresses).join()
    : `${peer.namespaces === undefined ? '' : `{${peer.namespaces.key}}`}/${peer.pods.key}`;

const portKey = (port: PortMatch): string => Object.values(port).join(' ');

/** The rule without peers and ports that others in it hold, and with fewer blocks and ranges where they touch. */
function tidy(rule: Rule): Rule {
  const { peers: allPeers, ports: allPorts } = rule;
  const peers = allPeers && withFewerBlocks(without(allPeers, (peer, others) => isCovered(peer, allPorts, [{ ...rule, peers: others }])));
  const ports = allPorts && withFewerRanges(without(allPorts, (port, others) => isCovered(undefined, [port], [{ ports: others }])));
  return { ...rule, ...(peers && { peers }), ...(ports && { ports }) };
}

/** The list without items that are not needed beside the rest, each looked at once; the last of equal ones goes. */
function without<T>(items: readonly T[], isNeedless: (item: T, others: readonly T[]) => boolean): readonly T[] {
  let left = items;
  for (let index = items.length - 1; index >= 0; index--) {
    const others = left.toSpliced(index, 1);
    if (others.length > 0 && isNeedless(items[index]!, others)) left = others;
  }
  return left;
}

/** Blocks of one family as fewer CIDRs, where there are fewer. */
function withFewerBlocks(peers: readonly Peer[]): readonly Peer[] {
  return families.reduce((list, family) => {
    const blocks = list.filter((peer) => peer.kind === 'block' && peer.addresses[family].length > 0) as (Peer & { kind: 'block' })[];
    if (blocks.length === 0) return list;
    const all = blocks.map(({ addresses }) => addresses).reduce<AddressSet>(uniteAddresses, noAddresses);
    const { peers: fewer = [] } = ruleMeant('ingress', { from: blocksOf(all) });
    return cidrsIn(fewer) < cidrsIn(blocks)
      ? list.flatMap((peer) => (peer === blocks[0] ? fewer : blocks.some((block) => block === peer) ? [] : [peer]))
      : list;
  }, peers);
}

const cidrsIn = (peers: readonly Peer[]): number =>
  peers.reduce((sum, peer) => sum + (peer.kind === 'block' ? 1 + peer.except.length : 0), 0);

/** Ranges that touch as one; two single ports stay as they are read best. */
function withFewerRanges(ports: readonly PortMatch[]): readonly PortMatch[] {
  return protocols.reduce((list, protocol) => {
    const ranges = list.filter((port) => port.kind === 'range' && port.protocol === protocol) as (PortMatch & { kind: 'range' })[];
    const joined = normalize(
      numbers,
      ranges.map(({ first, last }) => [first, last] as const),
    );
    const parts = joined.map(([first, last]) => ({
      range: { kind: 'range', protocol, first, last } as const,
      of: ranges.filter((port) => port.first >= first && port.last <= last),
    }));
    const longer = parts.filter(({ of }) => of.length > 2 || (of.length === 2 && of.some(({ first, last }) => last > first)));
    return list.flatMap((port) => {
      const part = longer.find(({ of }) => of.some((each) => each === port));
      return part === undefined ? [port] : part.of[0] === port ? [part.range] : [];
    });
  }, ports);
}

/** Rules without what the other rules let through as well. */
function withoutCovered(rules: readonly SimplerRule[]): readonly SimplerRule[] {
  let left = rules;
  for (const each of rules.toReversed()) {
    const others = left.filter((other) => other !== each).map(({ rule }) => rule);
    const shorter = shortened(each.rule, others);
    left = left.flatMap((other) => (other !== each ? [other] : shorter === undefined ? [] : [{ ...each, rule: shorter }]));
  }
  return left;
}

/** What of the rule the others do not let through; undefined when they let through all. A list that became empty would mean everything. */
function shortened(rule: Rule, others: readonly Rule[]): Rule | undefined {
  const peers = rule.peers?.filter((peer) => !isCovered(peer, rule.ports, others));
  if (peers?.length === 0 || (peers === undefined && isCovered(undefined, rule.ports, others))) return undefined;
  const everyone = peers ?? [undefined];
  const ports = rule.ports?.filter((port) => !everyone.every((peer) => isCovered(peer, [port], others)));
  return { ...rule, ...(peers && { peers }), ...(ports && { ports }) };
}

/** Rules with the same peers are one with the ports of all; those with the same ports one with the peers of all. */
function merged(rules: readonly SimplerRule[]): readonly SimplerRule[] {
  const result: SimplerRule[] = [];
  for (const each of rules) {
    const place = result.findIndex(({ rule }) => unionOf(rule, each.rule) !== undefined);
    const other = result[place];
    if (other === undefined) result.push(each);
    else result[place] = { rule: unionOf(other.rule, each.rule)!, from: [...other.from, ...each.from].sort((a, b) => a - b) };
  }
  return result;
}

/** One rule for both, if they are the same in one half. */
function unionOf(a: Rule, b: Rule): Rule | undefined {
  const { source } = a;
  const united = (peers: Rule['peers'], ports: Rule['ports']): Rule => ({
    ...(peers && { peers }),
    ...(ports && { ports }),
    ...(source && { source }),
  });
  if (keysOf(a.peers, peerKey) === keysOf(b.peers, peerKey)) return united(a.peers, both(a.ports, b.ports));
  if (keysOf(a.ports, portKey) === keysOf(b.ports, portKey)) return united(both(a.peers, b.peers), a.ports);
  return undefined;
}

/** Of a list that is absent everything is meant. */
const both = <T>(a: readonly T[] | undefined, b: readonly T[] | undefined): readonly T[] | undefined => a && b && [...a, ...b];

const keysOf = <T>(items: readonly T[] | undefined, keyOf: (item: T) => string): string | undefined =>
  items && [...new Set(items.map(keyOf))].sort().join('\n');
