import type { Choices } from '../api/choices.ts';
import type { Direction, Node } from '../api/types.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { type AddressSet, hasAddress } from '../net/address-set.ts';
import { type Family, type Ip, parseIp } from '../net/ip.ts';
import type { PodClass } from '../policy/model.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import type { Analysis } from './analysis.ts';
import { type Endpoint, isOfFamily } from './endpoint.ts';
import { addressesMeant, addressesOfPod, type End, endsOf } from './ends.ts';
import { isSamePod, type Party, partyAt, partyOf } from './party.ts';
import { passagesOf } from './passage.ts';
import type { Way } from './service-backends.ts';
import { type Connection, judge, type Verdict } from './verdict.ts';

/** A connection between two sides that may each stand for many. */
export interface MembersPair {
  readonly from: Pick<Endpoint, 'members'>;
  readonly to: Pick<Endpoint, 'members'>;
  readonly protocol: string;
  readonly port: number;
  readonly family: Family;
  /** Pods that only differ in their nodes are one where no rule asks for nodes; packets, which go through their kernels, are tried for each. */
  readonly mergesNodes?: boolean;
}

/** The same between two endpoints that are named. */
export interface EndpointPair extends MembersPair {
  readonly from: Endpoint;
  readonly to: Endpoint;
}

/** What holds between every part of one side and every part of the other. */
export interface Outcome {
  readonly from: readonly End[];
  readonly to: readonly End[];
  /** The connection that was judged for all of them. */
  readonly connection: Connection;
  readonly verdict: Verdict;
}

/** Judges every pair of the members of two endpoints, each kind of pair once. Empty when an end has no address of the family. */
export function judgePair(
  { cluster, model }: Pick<Analysis, 'cluster' | 'model'>,
  pair: MembersPair,
  choices: Choices = model.choices,
): Outcome[] {
  const { from, to, protocol, port, family } = pair;
  const way = to.members.kind === 'backends' ? to.members.backends.way : undefined;
  const ingressBlocks = blocksOf(model, to, 'ingress');
  const egressBlocks = blocksOf(model, from, 'egress');
  const froms = endsOf(model, from, family, port, ingressBlocks);
  const tos = endsOf(model, to, family, port, egressBlocks);
  const sources = groupsOf(froms, ingressBlocks, isNodeTold(model, pair, froms, tos));
  const destinations = groupsOf(tos, egressBlocks, isNodeTold(model, pair, tos, froms));
  const nodes = unlikeNodes(cluster, way, ingressBlocks, family);
  const outcomes: Outcome[] = [];
  const alone: Outcome[] = [];
  const add = (list: Outcome[], source: readonly End[], destination: readonly End[], a: End, b: End): void => {
    const passages = way === undefined ? [{}] : passagesOf({ model, nodes, way, from: a.party, to: b.party, family });
    for (const passage of passages) {
      const connection = { from: a.party, to: b.party, protocol, port: b.port, isThroughService: way !== undefined, passage };
      list.push({ from: source, to: destination, connection, verdict: judge(model, connection, choices) });
    }
  };
  for (const source of sources)
    for (const destination of destinations) {
      const others = differentPods(source, destination);
      if (others !== undefined) add(outcomes, source, destination, ...others);
      const same = samePod(source, destination);
      // A pod that reaches itself at its own address says nothing about a workload, unless there is no other pair.
      if (same !== undefined) add(way === undefined ? alone : outcomes, [same[0]], [same[1]], ...same);
    }
  return outcomes.length > 0 ? outcomes : alone;
}

/** Two nodes of each kind that the blocks tell apart, so that one is left when the other is the backend's own. They matter on the way to a Service. */
function unlikeNodes({ nodes }: Cluster, way: Way | undefined, blocks: readonly AddressSet[], family: Family): Node[] {
  if (way === undefined) return [];
  const kinds = new Map<string, Node[]>();
  for (const node of nodes.values()) {
    const address = node.addresses.find((each) => isOfFamily(each, family));
    if (address === undefined) continue;
    const within = withinText(blocks, parseIp(address)!);
    const kind = kinds.get(within) ?? [];
    if (kind.length < 2) kinds.set(within, [...kind, node]);
  }
  return [...kinds.values()].flat();
}

const withinText = (blocks: readonly AddressSet[], ip: Ip): string => blocks.map((block) => (hasAddress(block, ip) ? 1 : 0)).join('');

/** The blocks by which the gates of an endpoint's pods tell addresses apart, each once. */
function blocksOf(model: PolicyModel, endpoint: Pick<Endpoint, 'members'>, direction: Direction): AddressSet[] {
  const blocks = new Map<string, AddressSet>();
  for (const podClass of classesOf(model, endpoint))
    for (const policy of model.policiesSpeaking(podClass, direction))
      for (const { peers = [] } of policy[direction]!)
        for (const peer of peers) if (peer.kind === 'addresses') blocks.set(peer.key, peer.addresses);
  return [...blocks.values()];
}

/** The classes of the pods that an endpoint stands for. */
export const classesOf = (model: PolicyModel, endpoint: Pick<Endpoint, 'members'>): Set<PodClass> =>
  new Set(partiesOf(model, endpoint).flatMap(({ owner }) => (owner.kind === 'Pod' ? [owner.class] : [])));

function partiesOf(model: PolicyModel, endpoint: Pick<Endpoint, 'members'>): Party[] {
  const { members } = endpoint;
  if (members.kind === 'pods')
    return members.pods.flatMap((pod) => addressesOfPod(model, pod).map((address) => partyOf(model, pod, address)));
  return addressesMeant(model, endpoint).map((address) => partyAt(model, address));
}

/** Whether it matters which nodes pods run on: where it is asked for, to the way that a Service takes, and where some may meet their own. */
function isNodeTold(model: PolicyModel, { to, mergesNodes = false }: MembersPair, ends: readonly End[], others: readonly End[]): boolean {
  if (!mergesNodes || to.members.kind === 'backends') return true;
  const nodes = new Set(
    ends.flatMap(({ party: { owner } }) => (owner.kind === 'Pod' && owner.pod.node !== undefined ? [owner.pod.node] : [])),
  );
  const addresses = new Set([...nodes].flatMap((name) => model.nodeOf(name)?.addresses ?? []));
  return addresses.size > 0 && others.some(({ party }) => addresses.has(party.address));
}

/** The ends that no gate of the other side can tell apart, together. */
function groupsOf(ends: readonly End[], blocks: readonly AddressSet[], byNode: boolean): End[][] {
  const groups = new Map<string, End[]>();
  for (const end of ends) {
    const { owner, ip, address, assumed } = end.party;
    const within = withinText(blocks, ip);
    const who = owner.kind === 'Pod' && !owner.pod.hostNetwork ? `${owner.class.key} ${byNode ? (owner.pod.node ?? '') : ''}` : address;
    const key = `${who} ${end.port} ${assumed} ${within}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [end]);
    else group.push(end);
  }
  return [...groups.values()];
}

function differentPods(a: readonly End[], b: readonly End[]): [End, End] | undefined {
  for (const from of a.slice(0, 2)) for (const to of b.slice(0, 2)) if (!isSamePod(from.party, to.party)) return [from, to];
  return undefined;
}

function samePod(a: readonly End[], b: readonly End[]): [End, End] | undefined {
  const podOf = ({ party: { owner } }: End) => (owner.kind === 'Pod' ? owner.pod : undefined);
  const destinations = new Map(b.map((end) => [podOf(end), end]));
  for (const from of a) {
    const pod = podOf(from);
    const to = pod && destinations.get(pod);
    if (to !== undefined) return [from, to];
  }
  return undefined;
}
