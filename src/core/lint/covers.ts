import type { Peer, PortMatch, Rule } from '../api/types.ts';
import type { Requirement, Selector } from '../label/selector.ts';
import { isEmptyAddresses, subtractAddresses } from '../net/address-set.ts';
import {
  allTraffic,
  everyPort,
  isEmptyTraffic,
  noTraffic,
  subtractTraffic,
  type Traffic,
  trafficOf,
  uniteTraffic,
} from '../net/port-set.ts';

// What is said here holds for all pods that could ever be, not only for those that are there: sure, and not complete.

/** Whether labels that satisfy `narrow` satisfy `wide` as well, whatever they are. */
export const selectorCovers = (wide: Selector, narrow: Selector): boolean =>
  wide.key === narrow.key || wide.requirements.every((demand) => narrow.requirements.some((given) => implies(given, demand)));

function implies(given: Requirement, demand: Requirement): boolean {
  if (given.key !== demand.key) return false;
  switch (demand.operator) {
    case 'Exists':
      return given.operator === 'Exists' || given.operator === 'In';
    case 'DoesNotExist':
      return given.operator === 'DoesNotExist';
    case 'In':
      return given.operator === 'In' && given.values.every((value) => demand.values.includes(value));
    case 'NotIn':
      if (given.operator === 'DoesNotExist') return true;
      if (given.operator === 'In') return given.values.every((value) => !demand.values.includes(value));
      return given.operator === 'NotIn' && demand.values.every((value) => given.values.includes(value));
  }
}

/** Whether `wide` takes every peer that `narrow` takes; both of policies of one namespace. Undefined is anybody. */
function peerCovers(wide: Peer | undefined, narrow: Peer | undefined): boolean {
  if (wide === undefined) return true;
  if (narrow === undefined || wide.kind !== narrow.kind) return false;
  if (wide.kind === 'block') return narrow.kind === 'block' && isEmptyAddresses(subtractAddresses(narrow.addresses, wide.addresses));
  if (narrow.kind !== 'pods' || !selectorCovers(wide.pods, narrow.pods)) return false;
  if (wide.namespaces === undefined) return narrow.namespaces === undefined;
  // The own namespace has labels that a selector may not know; the empty one needs none.
  return narrow.namespaces === undefined ? wide.namespaces.requirements.length === 0 : selectorCovers(wide.namespaces, narrow.namespaces);
}

/** The ports of a rule: numbers by protocol, and names, which mean what each pod says. */
interface PortsMeant {
  readonly traffic: Traffic;
  readonly names: ReadonlySet<string>;
}

const nameOf = (port: PortMatch & { readonly kind: 'named' }): string => `${port.protocol}/${port.name}`;

function portsOf(ports: readonly PortMatch[] | undefined): PortsMeant {
  if (ports === undefined) return { traffic: allTraffic, names: new Set() };
  const numbers = ports.flatMap((port) =>
    port.kind === 'named' ? [] : [trafficOf(port.protocol, [port.kind === 'every' ? everyPort : [port.first, port.last]])],
  );
  const names = ports.flatMap((port) => (port.kind === 'named' ? [nameOf(port)] : []));
  return { traffic: numbers.reduce(uniteTraffic, noTraffic), names: new Set(names) };
}

const isWhole = ({ traffic }: PortsMeant, protocol: PortMatch['protocol']): boolean =>
  isEmptyTraffic(subtractTraffic(trafficOf(protocol, [everyPort]), traffic));

/** Whether the rules, taken together, let through all that the peer is let through by `ports`. */
export function isCovered(peer: Peer | undefined, ports: readonly PortMatch[] | undefined, by: readonly Rule[]): boolean {
  const helping = by.filter((rule) => (rule.peers ?? [undefined]).some((each) => peerCovers(each, peer)));
  if (helping.length === 0) return false;
  // Undefined ports let other protocols through as well, which no list of ports can name.
  if (ports === undefined) return helping.some((rule) => rule.ports === undefined);
  const all = helping.map((rule) => portsOf(rule.ports));
  const together: PortsMeant = {
    traffic: all.map(({ traffic }) => traffic).reduce(uniteTraffic, noTraffic),
    names: new Set(all.flatMap(({ names }) => [...names])),
  };
  const wanted = portsOf(ports);
  const named = ports.flatMap((port) => (port.kind === 'named' ? [port] : []));
  return (
    isEmptyTraffic(subtractTraffic(wanted.traffic, together.traffic)) &&
    named.every((port) => together.names.has(nameOf(port)) || isWhole(together, port.protocol))
  );
}

/** Whether the rules, taken together, let through all that one rule does. */
export const isRuleCovered = (rule: Rule, by: readonly Rule[]): boolean =>
  (rule.peers ?? [undefined]).every((peer) => isCovered(peer, rule.ports, by));
