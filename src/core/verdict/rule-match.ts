import type { Choices } from '../api/choices.ts';
import type { ContainerPort, PortMatch } from '../api/types.ts';
import type { AddressSet } from '../net/address-set.ts';
import type { Interval } from '../net/interval.ts';
import { everyPort } from '../net/port-set.ts';
import type { AddressOwner, CompiledRule } from '../policy/model.ts';
import type { Party } from './party.ts';

/** What a gate asks of a rule: is this the peer, and is this the port? */
export interface RuleQuestion {
  readonly remote: Party;
  /** Whether the remote's address is in a block; apart from `remote` so that an assumed address can be put to the test. */
  readonly isWithin: (addresses: AddressSet) => boolean;
  readonly protocol: string;
  /** The destination port, after translation. */
  readonly port: number;
  /** The ports that the destination declares. */
  readonly declared: readonly ContainerPort[];
  readonly choices: Choices;
}

/** Which halves of a rule hold, and by which of its items; an index is absent where the rule lists none. */
export interface RuleMatch {
  readonly rule: CompiledRule;
  readonly peerMatches: boolean;
  readonly portMatches: boolean;
  /** The first peer that matches, from 0. */
  readonly peer?: number;
  /** The first port item that matches, from 0. */
  readonly port?: number;
}

/** Tries a rule. Source: `peersMatch` and `portsMatch` in semantics.md section 7. */
export function matchRule(rule: CompiledRule, question: RuleQuestion): RuleMatch {
  const peer = rule.peers === undefined ? undefined : firstPeer(rule, rule.peers, question);
  const peerMatches = peer !== -1;
  const isBlockOnly = peer !== undefined && peer >= 0 && rule.peers![peer]!.kind === 'addresses';
  const names = isBlockOnly && question.choices['named-port-with-ipblock'] === 'never' ? [] : question.declared;
  const port = rule.ports?.findIndex((match) => match.protocol === question.protocol && holds(portsMeant(match, names), question.port));
  return {
    rule,
    peerMatches,
    portMatches: port !== -1,
    ...(peer !== undefined && peerMatches && { peer }),
    ...(port !== undefined && port >= 0 && { port }),
  };
}

/** The first pod peer that matches, else the first block: what a named port means may depend on which of them it was. */
function firstPeer(rule: CompiledRule, peers: NonNullable<CompiledRule['peers']>, { remote, isWithin, choices }: RuleQuestion): number {
  const { owner } = remote;
  const byPod = owner.kind === 'Pod' ? peers.findIndex((peer) => peer.kind === 'pods' && peer.set.classes.has(owner.class)) : -1;
  if (byPod >= 0 || !seesInBlocks(rule, owner.kind, choices)) return byPod;
  return peers.findIndex((peer) => peer.kind === 'addresses' && isWithin(peer.addresses));
}

/** Whether the blocks of a rule match addresses of such an owner. Networks of a cluster-wide policy match every address. */
export function seesInBlocks({ policy }: CompiledRule, owner: AddressOwner['kind'], choices: Choices): boolean {
  if (policy.tier !== 'NetworkPolicy' || owner === 'External') return true;
  return choices[owner === 'Pod' ? 'ipblock-pods' : 'ipblock-nodes'] === 'match';
}

/** The port numbers that a port item means at a destination that declares the given ports. Source: semantics.md section 3.3. */
export function portsMeant(match: PortMatch, declared: readonly ContainerPort[]): readonly Interval<number>[] {
  switch (match.kind) {
    case 'every':
      return [everyPort];
    case 'range':
      return [[match.first, match.last]];
    case 'named':
      return declared.filter((port) => port.name === match.name && port.protocol === match.protocol).map(({ port }) => [port, port]);
  }
}

const holds = (ports: readonly Interval<number>[], port: number): boolean => ports.some(([first, last]) => first <= port && port <= last);
