import type { Choices } from '../api/choices.ts';
import type { Node } from '../api/types.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { AddressSet } from '../net/address-set.ts';
import { type Family, parseIp } from '../net/ip.ts';
import type { Analysis } from './analysis.ts';
import { type Endpoint, isOfFamily } from './endpoint.ts';
import type { End } from './ends.ts';
import { isSamePod } from './party.ts';
import { passagesOf } from './passage.ts';
import type { Way } from './service-backends.ts';
import { type Side, Sides, withinText } from './sides.ts';
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
  /** Of each with itself alone: both sides are the same pods, in the same order. Otherwise no pod is meant with itself. */
  readonly isSelf: boolean;
  /** The connection that was judged for all of them. */
  readonly connection: Connection;
  readonly verdict: Verdict;
}

/**
 * Judges every pair of the members of two endpoints, each kind of pair once. Empty when an end has no address of the family. Who asks again and again
 * gives the same `sides`, which are of the model.
 */
export function judgePair(
  { cluster, model }: Pick<Analysis, 'cluster' | 'model'>,
  pair: MembersPair,
  choices: Choices = model.choices,
  sides: Sides = new Sides(model),
): Outcome[] {
  const { protocol, port, family } = pair;
  const [from, to] = [sides.of(pair.from), sides.of(pair.to)];
  const way = to.members.kind === 'backends' ? to.members.backends.way : undefined;
  const ingressBlocks = to.blocks('ingress');
  const egressBlocks = from.blocks('egress');
  const froms = from.ends(family, ingressBlocks);
  const tos = to.ends(family, egressBlocks);
  const sources = from.groups(family, ingressBlocks, isNodeTold(pair, from, tos));
  const destinations = to.groups(family, egressBlocks, isNodeTold(pair, to, froms));
  const nodes = unlikeNodes(cluster, way, ingressBlocks, family);
  const outcomes: Outcome[] = [];
  const alone: Outcome[] = [];
  const add = (
    list: Outcome[],
    source: readonly End[],
    destination: readonly End[],
    [a, b]: readonly [End, End],
    isSelf: boolean,
  ): void => {
    const passages = way === undefined ? [{}] : passagesOf({ model, nodes, way, from: a.party, to: b.party, family });
    for (const passage of passages) {
      const connection = { from: a.party, to: b.party, protocol, port: b.port ?? port, isThroughService: way !== undefined, passage };
      list.push({ from: source, to: destination, isSelf, connection, verdict: judge(model, connection, choices) });
    }
  };
  for (const source of sources)
    for (const destination of destinations) {
      const others = differentPods(source, destination);
      if (others !== undefined) add(outcomes, source, destination, others, false);
      const [same, ...more] = samePods(source, destination);
      if (same === undefined) continue;
      // A pod that reaches itself at its own address says nothing about a workload, unless there is no other pair.
      const both = [same, ...more];
      add(
        way === undefined ? alone : outcomes,
        both.map(([from]) => from),
        both.map(([, to]) => to),
        same,
        true,
      );
    }
  return outcomes.length > 0 ? outcomes : alone;
}

/** The ports at which connections arrive, ascending. */
export const portsReached = (outcomes: readonly Outcome[]): number[] =>
  [...new Set(outcomes.map(({ connection }) => connection.port))].sort((a, b) => a - b);

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

/** Whether it matters which nodes pods run on: where it is asked for, to the way that a Service takes, and where some may meet their own. */
function isNodeTold({ to, mergesNodes = false }: MembersPair, { nodeAddresses }: Side, others: readonly End[]): boolean {
  if (!mergesNodes || to.members.kind === 'backends') return true;
  return nodeAddresses.size > 0 && others.some(({ party }) => nodeAddresses.has(party.address));
}

function differentPods(a: readonly End[], b: readonly End[]): [End, End] | undefined {
  for (const from of a.slice(0, 2)) for (const to of b.slice(0, 2)) if (!isSamePod(from.party, to.party)) return [from, to];
  return undefined;
}

/** The pods that are on both sides, with both their ends. */
function samePods(a: readonly End[], b: readonly End[]): (readonly [End, End])[] {
  const podOf = ({ party: { owner } }: End) => (owner.kind === 'Pod' ? owner.pod : undefined);
  const destinations = new Map(b.map((end) => [podOf(end), end]));
  return a.flatMap((from) => {
    const pod = podOf(from);
    const to = pod && destinations.get(pod);
    return to === undefined ? [] : [[from, to] as const];
  });
}
