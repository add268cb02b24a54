import { networkPolicy, typeOf } from '../advise/edit.ts';
import { selectorOf } from '../advise/peer.ts';
import { type Direction, directions, type NetworkPolicy, type Peer, type PortMatch, type Rule } from '../api/types.ts';
import type { Selector } from '../label/selector.ts';

/** The policy as a manifest has it: what it means, not how it was written. */
export const writtenPolicy = (policy: NetworkPolicy): object =>
  networkPolicy({ name: policy.name, namespace: policy.namespace }, writtenSpec(policy));

/** Its `spec`. */
export function writtenSpec(policy: NetworkPolicy): object {
  const isolated = (['ingress', 'egress'] as const).filter((direction) => policy[direction] !== undefined);
  const rules = directions.flatMap((direction) => {
    const list = policy[direction] ?? [];
    return list.length === 0 ? [] : [[direction, list.map((rule) => writtenRule(direction, rule))] as const];
  });
  return {
    podSelector: writtenSelector(policy.subject),
    policyTypes: isolated.map((direction) => typeOf[direction]),
    ...Object.fromEntries(rules.toReversed()),
  };
}

/** How the two directions call their peers. */
export const peerField: Readonly<Record<Direction, 'from' | 'to'>> = { ingress: 'from', egress: 'to' };

/** A rule as a manifest has it. */
const writtenRule = (direction: Direction, { peers, ports }: Rule): object => ({
  ...(peers && { [peerField[direction]]: peers.map(writtenPeer) }),
  ...(ports && { ports: ports.map(writtenPort) }),
});

/** A peer as a manifest has it. */
export function writtenPeer(peer: Peer): object {
  if (peer.kind === 'block') return { ipBlock: { cidr: peer.cidr, ...(peer.except.length > 0 && { except: peer.except }) } };
  const { namespaces, pods } = peer;
  return {
    ...(namespaces && { namespaceSelector: writtenSelector(namespaces) }),
    ...((namespaces === undefined || pods.requirements.length > 0) && { podSelector: writtenSelector(pods) }),
  };
}

/** A port as a manifest has it. */
export function writtenPort(port: PortMatch): object {
  const { protocol } = port;
  if (port.kind === 'every') return { protocol };
  if (port.kind === 'named') return { protocol, port: port.name };
  return { protocol, port: port.first, ...(port.last > port.first && { endPort: port.last }) };
}

/** A selector as a manifest has it: of requirements of one value on a label that no other speaks of, the short form. */
function writtenSelector({ requirements }: Selector): object {
  const isShort = (key: string): boolean => requirements.filter((each) => each.key === key).length === 1;
  const labels: Record<string, string> = {};
  const expressions = requirements.filter((each) => {
    if (each.operator !== 'In' || each.values.length > 1 || !isShort(each.key)) return true;
    labels[each.key] = each.values[0]!;
    return false;
  });
  return { ...selectorOf(labels), ...(expressions.length > 0 && { matchExpressions: expressions }) };
}
