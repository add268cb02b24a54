import { type Family, parseIp } from '../net/ip.ts';
import type { CompiledPolicy } from '../policy/model.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import type { Analysis } from './analysis.ts';
import { dependsOnAssumedAddress } from './assumption.ts';
import { type Certainty, certaintyOf } from './certainty.ts';
import type { Endpoint } from './endpoint.ts';
import { parseEndpoint } from './endpoint-name.ts';
import { findEndpoint } from './find-endpoint.ts';
import { type EndpointPair, judgePair, type Outcome } from './outcome.ts';
import { Sides } from './sides.ts';
import { tiedPolicies } from './ties.ts';
import { isUnanswerable, type Unanswerable } from './unanswerable.ts';

/** One connection that somebody asks about, in the words of the command line. */
export interface Flow {
  /** An endpoint: design.md section 7. */
  readonly from: string;
  readonly to: string;
  /** TCP when absent. */
  readonly protocol?: string;
  /** The destination port; of a Service its own port. */
  readonly port: number;
  /** Absent: that of an end which is an address, else of the destination's first address. */
  readonly family?: Family;
}

/** The answer to a flow, before it is written down. */
export interface FlowVerdict extends EndpointPair, Certainty {
  /** Whether every pair of the endpoints' members may connect. */
  readonly allowed: boolean;
  /** Every kind of pair, at least one. */
  readonly outcomes: readonly Outcome[];
  /** The cluster-wide policies of one tier and priority on whose order the verdict hangs. */
  readonly tied: readonly CompiledPolicy[];
  /** Another address of an end whose address is assumed could change the verdict. */
  readonly assumedAddress: boolean;
}

/** Judges a flow between endpoints, or says why that can't be done. */
export function checkFlow(analysis: Analysis, flow: Flow): FlowVerdict | Unanswerable {
  return judgeFlow(withEnds(analysis, flow), flow);
}

/** The same, with the ends that only could exist already in the analysis. */
export function judgeFlow(analysis: Analysis, flow: Flow): FlowVerdict | Unanswerable {
  const { cluster, model } = analysis;
  const { protocol = 'TCP', port } = flow;
  const loopback = [flow.from, flow.to].find(isLoopback);
  if (loopback !== undefined)
    return { error: `\`${loopback}\` is a loopback address: whoever uses it means itself, and no policy has a say there` };
  const from = findEndpoint(cluster, model, flow.from);
  if (isUnanswerable(from)) return from;
  const to = findEndpoint(cluster, model, flow.to, { protocol, port });
  if (isUnanswerable(to)) return to;
  const sides = new Sides(model);
  const family = flow.family ?? familyOf(sides, from, to);
  if (typeof family === 'object') return family;
  const missing = [from, to].find((end) => !sides.of(end).families.has(family));
  if (missing !== undefined) return { error: `${missing.identity.id} has no IPv${family} address` };
  const pair: EndpointPair = { from, to, protocol, port, family };
  const outcomes = judgePair(analysis, pair, model.choices, sides);
  if (outcomes.length === 0 && to.members.kind === 'backends')
    return {
      error: `${to.identity.id} leads nowhere from ${from.identity.id}: its traffic policy is Local, and no endpoint runs on the node`,
    };
  if (outcomes.length === 0)
    return { error: `no address of ${from.identity.id} or of ${to.identity.id} is left once those of pods and nodes are taken out` };
  const allowed = outcomes.every(({ verdict }) => verdict.allowed);
  const tied = tiedPolicies(model, outcomes);
  const { certainty, ...doubts } = certaintyOf(analysis, pair, allowed);
  return {
    ...pair,
    allowed,
    outcomes,
    assumedAddress: isAssumed(model, pair, outcomes),
    certainty: tied.length > 0 ? 'undefined' : certainty,
    ...doubts,
    tied,
  };
}

/** Whether it is an address by which everybody means itself. Source: semantics.md section 4.3; RFC 6890. */
function isLoopback(text: string): boolean {
  const ip = parseIp(text);
  return ip !== undefined && (ip.family === 4 ? ip.value >> 24n === 127n : ip.value === 1n);
}

/** The analysis with those ends of the flow that only could exist. */
export function withEnds(analysis: Analysis, { from, to }: Pick<Flow, 'from' | 'to'>): Analysis {
  const potential = [from, to].map(parseEndpoint).flatMap((name) => (name?.kind === 'potential' ? [name.pods] : []));
  return potential.length === 0 ? analysis : analysis.withPotential(potential);
}

/** The family of an end that is an address, else of the destination's first address; where the destination has no say, of the source's. */
function familyOf(sides: Sides, from: Endpoint, to: Endpoint): Family | Unanswerable {
  const ends = [to, from];
  const given = ends.filter(isAddress).map((end) => [...sides.of(end).families]);
  const [family, other] = new Set(given.flatMap((found) => (found.length === 1 ? found : [])));
  if (other !== undefined) return { error: `${from.identity.id} and ${to.identity.id} are addresses of different families` };
  if (family !== undefined) return family;
  const [first] = ends.filter((end) => !isAddress(end)).flatMap((end) => [...sides.of(end).families]);
  return first ?? 4;
}

const isAddress = ({ identity: { kind, ip } }: Endpoint): boolean => kind === 'External' || kind === 'Internet' || ip !== undefined;

const isNamedByAddress = ({ members }: Endpoint): boolean => members.kind === 'addresses' || members.kind === 'space';

/** Where an end was named by addresses, it is already an assumption who has them. */
function isAssumed(model: PolicyModel, { from, to }: EndpointPair, outcomes: readonly Outcome[]): boolean {
  return outcomes.some(
    ({ connection, verdict }) =>
      (isNamedByAddress(from) && connection.from.assumed) ||
      (isNamedByAddress(to) && connection.to.assumed) ||
      dependsOnAssumedAddress(model, connection, verdict),
  );
}
