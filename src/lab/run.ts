import type { EndpointIdentity } from '#core/verdict/endpoint.ts';
import { addressesIn, type PlannedFlow } from './flows.ts';
import type { Lab } from './lab.ts';
import type { Observation } from './observer.ts';

/** One flow of a run: an object of `lab run -o json`. Source: design.md section 7. */
export interface FlowResult {
  readonly from: EndpointIdentity;
  readonly to: EndpointIdentity;
  readonly protocol: string;
  readonly port: number;
  readonly family: 4 | 6;
  readonly verdict: 'allow' | 'deny';
  readonly observed: Observation['observed'];
  readonly detail?: string;
  /** False when packets did something else than the verdict says, or nothing that tells; true for what was skipped. */
  readonly match: boolean;
}

/** The answer of `lab run`. */
export interface LabReport {
  readonly flows: readonly FlowResult[];
  /** Flows that do not match, errors included. */
  readonly mismatches: number;
  readonly errors: number;
  readonly skipped: number;
}

/** What is known of the paths of flows without policy: the flows whose path is broken, and why. */
export type BrokenPaths = ReadonlyMap<PlannedFlow, Observation>;

/** Tries the flows while there is no policy: what does not pass now will say nothing about policy later. */
export async function provePaths(lab: Lab, flows: readonly PlannedFlow[]): Promise<BrokenPaths> {
  const observed = await tryAll(lab, flows);
  const broken = new Map<PlannedFlow, Observation>();
  for (const [flow, observations] of observed) {
    const fault = observations.find((each) => each.observed !== 'allow');
    if (fault !== undefined) broken.set(flow, fault);
  }
  return broken;
}

/** Tries the flows and compares with their verdicts. */
export async function observeFlows(lab: Lab, flows: readonly PlannedFlow[], broken: BrokenPaths = new Map()): Promise<LabReport> {
  const observed = await tryAll(
    lab,
    flows.filter((flow) => !broken.has(flow)),
  );
  const results = flows.map((flow) => {
    const fault = broken.get(flow);
    return fault === undefined ? compare(flow, observed.get(flow)!) : withoutPath(flow, fault);
  });
  return {
    flows: results,
    mismatches: results.filter(({ match }) => !match).length,
    errors: results.filter((result) => result.observed === 'error').length,
    skipped: results.filter((result) => result.observed === 'skipped').length,
  };
}

async function tryAll(lab: Lab, flows: readonly PlannedFlow[]): Promise<Map<PlannedFlow, Observation[]>> {
  await lab.addExternals(addressesIn(flows));
  const observations = await lab.observe(flows.flatMap(({ trials }) => trials));
  let next = 0;
  return new Map(flows.map((flow) => [flow, flow.trials.map(() => observations[next++]!)]));
}

/** The flow, for the result: nothing but what the contract names. */
const rowOf = ({ from, to, protocol, port, family, verdict }: PlannedFlow) => ({ from, to, protocol, port, family, verdict });

function withoutPath(flow: PlannedFlow, { observed, detail }: Observation): FlowResult {
  if (observed === 'skipped') return { ...rowOf(flow), observed, ...(detail !== undefined && { detail }), match: true };
  return { ...rowOf(flow), observed: 'error', detail: `without any policy already: ${detail}`, match: false };
}

/** What the connections of one flow together say: it is allowed when all are. */
export function compare(flow: PlannedFlow, observations: readonly Observation[]): FlowResult {
  const unclear = observations.find(({ observed }) => observed === 'error') ?? observations.find(({ observed }) => observed === 'skipped');
  if (unclear !== undefined) {
    const { observed, detail } = unclear;
    return { ...rowOf(flow), observed, ...(detail !== undefined && { detail }), match: observed === 'skipped' };
  }
  const observed = observations.some((each) => each.observed === 'deny') ? 'deny' : 'allow';
  const wrong = flow.trials.findIndex(({ expected }, index) => expected !== 'any' && expected !== observations[index]!.observed);
  if (wrong < 0) return { ...rowOf(flow), observed, match: observed === flow.verdict };
  const { from, to, port, expected } = flow.trials[wrong]!;
  const detail = `${from} to ${to} port ${port}: ${observations[wrong]!.observed}, not ${expected}`;
  return { ...rowOf(flow), observed, ...(flow.trials.length > 1 && { detail }), match: false };
}
