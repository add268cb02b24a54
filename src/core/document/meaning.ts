import { namespaceNameLabel } from '../api/namespace.ts';
import type { ClusterPeer, ClusterRule, Direction, Peer, PodSelection, PortMatch, Rule } from '../api/types.ts';
import type { Requirement, Selector } from '../label/selector.ts';
import { everyPort } from '../net/port-set.ts';
import { protocols } from '../net/protocol.ts';

// Policies in plain words: what is written, whoever is there. Names stand in backquotes, which no name can hold.

const code = (text: string | number): string => `\`${text}\``;

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[], last = 'and'): string {
  if (items.length < 2) return items.join();
  return `${items.slice(0, -1).join(', ')} ${last} ${items.at(-1)}`;
}

/** What a selector asks for, after `with`. */
const labelsMeaning = ({ requirements }: Selector): string => listed(requirements.map(requirementMeaning));

function requirementMeaning(requirement: Requirement): string {
  const { key } = requirement;
  if (!('values' in requirement)) return `${requirement.operator === 'Exists' ? 'a' : 'no'} label ${code(key)}`;
  const values = requirement.values.map((value) => (value === '' ? 'empty' : code(value)));
  if (requirement.operator === 'NotIn') return `${code(key)} not being ${listed(values, 'or')}`;
  return values.length === 1 ? code(`${key}=${requirement.values[0]}`) : `${code(key)} being ${listed(values, 'or')}`;
}

/** The names that a selector of namespaces asks for, if that is all it asks for. */
export function namesIn({ requirements }: Selector): readonly string[] | undefined {
  const [only, ...others] = requirements;
  const isName = only?.key === namespaceNameLabel && only.operator === 'In' && others.length === 0;
  return isName ? only.values : undefined;
}

/** `of namespace `shop``, `of any namespace`, `of namespaces with `team=red``; undefined is the policy's own. */
function homeMeaning(namespaces: Selector | undefined): string {
  if (namespaces === undefined) return 'of this namespace';
  const names = namesIn(namespaces);
  if (names !== undefined) return names.length === 1 ? `of namespace ${code(names[0]!)}` : `of namespaces ${listed(names.map(code), 'or')}`;
  return namespaces.requirements.length === 0 ? 'of any namespace' : `of namespaces with ${labelsMeaning(namespaces)}`;
}

/** The pods that a peer or a subject means. */
export function podsMeaning(pods: Selector, namespaces: Selector | undefined): string {
  const home = homeMeaning(namespaces);
  if (pods.requirements.length === 0) return home === 'of any namespace' ? 'every pod of the cluster' : `every pod ${home}`;
  return `pods ${home} with ${labelsMeaning(pods)}`;
}

/** The pods that a cluster-wide policy is about. */
export const selectionMeaning = ({ namespaces, pods }: PodSelection): string => podsMeaning(pods, namespaces);

const wholeFamilies: Readonly<Record<string, string>> = { '0.0.0.0/0': 'every IPv4 address', '::/0': 'every IPv6 address' };

function blockMeaning(cidr: string, except: readonly string[] = []): string {
  const whole = wholeFamilies[cidr] ?? (/\/(?:32|128)$/.test(cidr) ? `the address ${code(cidr)}` : `the addresses of ${code(cidr)}`);
  return except.length === 0 ? whole : `${whole} but ${listed(except.map(code))}`;
}

function peerMeaning(peer: Peer | ClusterPeer): string {
  if (peer.kind === 'pods') return podsMeaning(peer.pods, peer.namespaces);
  if (peer.kind === 'block') return blockMeaning(peer.cidr, peer.except);
  if (peer.kind === 'networks') return listed(peer.cidrs.map((cidr) => blockMeaning(cidr)));
  return peer.nodes.requirements.length === 0 ? 'every node' : `nodes with ${labelsMeaning(peer.nodes)}`;
}

function peersMeaning(peers: readonly (Peer | ClusterPeer)[] | undefined): string {
  if (peers === undefined) return 'anybody, inside the cluster or outside';
  return peers.length === 0 ? 'nobody' : listed([...new Set(peers.map(peerMeaning))]);
}

/** `on TCP/80 and 8000-8999, and on the TCP port named `http``. */
function portsMeaning(ports: readonly PortMatch[] | undefined): string {
  if (ports === undefined) return 'on every port';
  const parts = protocols.flatMap((protocol) => {
    const own = ports.filter((port) => port.protocol === protocol);
    if (own.some((port) => port.kind === 'every' || isEveryPort(port))) return [`every ${protocol} port`];
    const numbers = own.flatMap((port) => (port.kind === 'range' ? [rangeText(port)] : []));
    const names = own.flatMap((port) => (port.kind === 'named' ? [code(port.name)] : []));
    return [
      ...(numbers.length > 0 ? [code(`${protocol}/${[...new Set(numbers)].join()}`)] : []),
      ...(names.length > 0 ? [`the ${protocol} ${names.length > 1 ? 'ports' : 'port'} named ${listed(names)}`] : []),
    ];
  });
  return `on ${listed(parts)}`;
}

const rangeText = ({ first, last }: Extract<PortMatch, { kind: 'range' }>): string => (first === last ? `${first}` : `${first}-${last}`);

const isEveryPort = (port: PortMatch): boolean => port.kind === 'range' && port.first <= 1 && port.last === everyPort[1];

const ways: Readonly<Record<Direction, string>> = { ingress: 'in from', egress: 'out to' };

/** What a rule lets through: `in from pods of this namespace with `app=web` on `TCP/80``. */
export const ruleMeaning = (direction: Direction, { peers, ports }: Rule | ClusterRule): string =>
  `${ways[direction]} ${peersMeaning(peers)} ${portsMeaning(ports)}`;
