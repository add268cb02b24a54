import type { ContainerPort, Node, Pod } from '#core/api/types.ts';
import type { Family } from '#core/net/ip.ts';
import type { Analysis } from '#core/verdict/analysis.ts';
import { identityOf } from '#core/verdict/answer.ts';
import { checkFlow, type Flow, type FlowVerdict } from '#core/verdict/check.ts';
import { type EndpointIdentity, isOfFamily, podId } from '#core/verdict/endpoint.ts';
import { parseEndpoint } from '#core/verdict/endpoint-name.ts';
import type { End } from '#core/verdict/ends.ts';
import type { Way } from '#core/verdict/service-backends.ts';
import { isUnanswerable } from '#core/verdict/unanswerable.ts';
import { firstUsable, unusableReason } from './addresses.ts';
import { nodePlace } from './links.ts';
import type { Trial } from './observer.ts';
import type { Topology } from './topology.ts';

/** A flow that can be tried: what is expected of it, and with which connections. */
export interface PlannedFlow {
  readonly from: EndpointIdentity;
  readonly to: EndpointIdentity;
  readonly protocol: string;
  readonly port: number;
  readonly family: Family;
  readonly verdict: 'allow' | 'deny';
  /** One for each kind of pair of the endpoints' members; for a Service as many as it takes to meet every pod behind it. */
  readonly trials: readonly (Trial & { readonly expected: 'allow' | 'deny' | 'any' })[];
}

/** An entry of a list of flows that nobody can answer, and why. */
export interface FlowFault {
  /** From 0. */
  readonly index: number;
  readonly error: string;
}

interface Party {
  readonly id: string;
  readonly addresses: readonly string[];
  readonly ports: readonly ContainerPort[];
}

/** Every ordered pair of pods, nodes and hosts outside, on every port that the destination declares. Pairs without a common family are left out. */
export function everyPair(topology: Pick<Topology, 'pods' | 'nodes' | 'externals'>): Flow[] {
  const parties = [
    ...[...topology.pods.values()].map((pod: Pod): Party => ({ id: podId(pod), addresses: pod.addresses, ports: pod.ports })),
    ...[...topology.nodes.values()].map(({ name, addresses }: Node): Party => ({ id: nodePlace(name), addresses, ports: [] })),
    ...topology.externals.map((address): Party => ({ id: address, addresses: [address], ports: [] })),
  ];
  return parties.flatMap((from) => parties.filter((to) => to !== from).flatMap((to) => flowsOf(from, to)));
}

function flowsOf(from: Party, to: Party): Flow[] {
  const address = to.addresses.find((candidate) => from.addresses.some((own) => isOfFamily(own, 6) === isOfFamily(candidate, 6)));
  if (address === undefined) return [];
  const family = isOfFamily(address, 6) ? 6 : 4;
  return to.ports.map(({ protocol, port }) => ({ from: from.id, to: to.id, protocol, port, family }));
}

/** Judges the flows and says how to try them, or which of them has no answer. */
export function planFlows(analysis: Analysis, flows: readonly Flow[]): PlannedFlow[] | FlowFault {
  const planned: PlannedFlow[] = [];
  for (const [index, flow] of flows.entries()) {
    const verdict = checkFlow(analysis, flow);
    if (isUnanswerable(verdict)) return { index, error: verdict.error };
    planned.push(planFlow(analysis, verdict));
  }
  return planned;
}

function planFlow(analysis: Analysis, verdict: FlowVerdict): PlannedFlow {
  const { from, to, protocol, port, family, allowed } = verdict;
  return {
    from: identityOf(analysis, from, family),
    to: identityOf(analysis, to, family),
    protocol,
    port,
    family,
    verdict: allowed ? 'allow' : 'deny',
    trials: to.members.kind === 'backends' ? throughService(analysis, to.members.backends.way, verdict) : direct(verdict),
  };
}

function direct({ outcomes, protocol }: FlowVerdict): PlannedFlow['trials'] {
  return outcomes.map(({ from, to, connection, verdict }) => ({
    from: addressOf(from, connection.from.address),
    to: addressOf(to, connection.to.address),
    protocol,
    port: connection.port,
    expected: verdict.allowed ? 'allow' : 'deny',
  }));
}

/** Which endpoint a Service leads to is not for the client to choose; proxies take them in turn, so two rounds meet all of them. */
function throughService({ cluster }: Analysis, way: Way, { to, outcomes, protocol, port, family }: FlowVerdict): PlannedFlow['trials'] {
  const sources = [...new Set(outcomes.map(({ from, connection }) => addressOf(from, connection.from.address)))];
  const isOutside = outcomes.some(({ connection }) => connection.from.owner.kind === 'External');
  const dialed = dialedBy(way, to.identity.ip, isOutside ? [...cluster.nodes.values()] : [], family, port);
  const members = new Set(outcomes.flatMap((outcome) => outcome.to.map(({ party }) => party.address))).size;
  const rounds = members === 1 ? 1 : 2 * members;
  return sources.flatMap((from) =>
    dialed.flatMap((destination) =>
      Array.from({ length: rounds }, () => ({ from, to: destination.address, protocol, port: destination.port, expected: 'any' as const })),
    ),
  );
}

/** What a client dials: an address that was named, a port of the node, of every node from outside, or else the cluster address. */
function dialedBy(
  { kind, service, port, entry }: Way,
  named: string | undefined,
  nodes: readonly Node[],
  family: Family,
  asked: number,
): { readonly address: string; readonly port: number }[] {
  const first = (addresses: readonly string[]): string | undefined => addresses.find((candidate) => isOfFamily(candidate, family));
  const { nodePort } = port;
  if (kind === 'name' && nodePort !== undefined && nodes.length > 0)
    return nodes.flatMap(({ addresses }) => {
      const address = first(addresses);
      return address === undefined ? [] : [{ address, port: nodePort }];
    });
  return [{ address: named ?? first(entry?.addresses ?? service.clusterIps) ?? '', port: asked }];
}

/** An address of the part that a machine can have: the one that was judged, unless it is one like 0.0.0.0 that speaks for a range. */
function addressOf(ends: readonly End[], judged: string): string {
  if (unusableReason(judged) === undefined) return judged;
  const ranges = ends.flatMap(({ id }) => {
    const name = parseEndpoint(id);
    return name?.kind === 'ranges' || name?.kind === 'block' ? [name.addresses] : [];
  });
  return ranges.map(firstUsable).find((address) => address !== undefined) ?? judged;
}

/** The addresses of the flows that may be hosts outside. */
export function addressesIn(flows: readonly PlannedFlow[]): string[] {
  return [...new Set(flows.flatMap(({ trials }) => trials.flatMap(({ from, to }) => [from, to])))];
}
