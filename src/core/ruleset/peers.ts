import { type AddressSet, formatRanges, noAddresses, uniteAddresses } from '../net/address-set.ts';
import { bigints, type Interval, normalize } from '../net/interval.ts';
import type { CompiledPeer, PodSet } from '../policy/model.ts';

/** Pods of some sets and addresses of some blocks. */
export interface Peers {
  readonly sets: readonly PodSet[];
  readonly blocks: AddressSet;
}

/** Who may pass: anyone, or some. */
export type Allowed = 'anyone' | Peers;

/** Who the peers of a rule are. */
export function peersOf(peers: readonly CompiledPeer[]): Peers {
  return {
    sets: peers.flatMap((peer) => (peer.kind === 'pods' ? [peer.set] : [])),
    blocks: peers.reduce((blocks, peer) => (peer.kind === 'addresses' ? uniteAddresses(blocks, peer.addresses) : blocks), noAddresses),
  };
}

/** Everyone of any of them. Sets are ordered by key, so that equal unions are equal values. */
export function unitePeers(all: readonly Peers[]): Peers {
  const sets = new Map<string, PodSet>();
  const ranges: { 4: Interval<bigint>[]; 6: Interval<bigint>[] } = { 4: [], 6: [] };
  for (const peers of all) {
    for (const set of peers.sets) sets.set(set.key, set);
    ranges[4].push(...peers.blocks[4]);
    ranges[6].push(...peers.blocks[6]);
  }
  return {
    sets: [...sets.keys()].sort().map((key) => sets.get(key)!),
    blocks: { 4: normalizeBlocks(ranges[4]), 6: normalizeBlocks(ranges[6]) },
  };
}

/** Everyone of any of them. */
export function unite(all: readonly Allowed[]): Allowed {
  const peers = all.filter((allowed) => allowed !== 'anyone');
  return peers.length < all.length ? 'anyone' : unitePeers(peers);
}

const normalizeBlocks = (ranges: Interval<bigint>[]): readonly Interval<bigint>[] =>
  ranges.length < 2 ? ranges : normalize(bigints, ranges);

/** The canonical text of some peers; equal for equal sets of peers. */
export const peersKey = ({ sets, blocks }: Peers): string =>
  `${sets.map(({ key }) => key).join(' + ')} | ${formatRanges(blocks).join(',')}`;

/** The canonical text of who may pass. */
export const allowedKey = (allowed: Allowed): string => (allowed === 'anyone' ? 'anyone' : peersKey(allowed));

/** Whether nobody at all may be meant, whatever pods there will be. */
export const isNobody = (allowed: Allowed): boolean =>
  allowed !== 'anyone' && allowed.sets.length === 0 && allowed.blocks[4].length + allowed.blocks[6].length === 0;
