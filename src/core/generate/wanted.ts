import { isInPotentialNamespace } from '../advise/peer.ts';
import { type Family, families } from '../net/ip.ts';
import type { Analysis } from '../verdict/analysis.ts';
import { type Flow, type FlowVerdict, judgeFlow, withEnds } from '../verdict/check.ts';
import { type Endpoint, podsMeant } from '../verdict/endpoint.ts';
import { isUnanswerable, type Unanswerable } from '../verdict/unanswerable.ts';

/** A flow of a list that has no answer, and why. */
export interface UnanswerableFlow extends Unanswerable {
  /** Its place in the list, from 0. */
  readonly index: number;
}

/** A wanted flow, in each family that it is wanted in. */
export interface Wanted {
  readonly flow: Flow;
  readonly families: readonly Family[];
}

/** The flows with their families: that which a flow names, otherwise every one in which both ends have addresses. */
export function wantedOf(analysis: Analysis, flows: readonly Flow[]): Wanted[] | UnanswerableFlow {
  const wanted: Wanted[] = [];
  for (const [index, flow] of flows.entries()) {
    const asked = judgeFlow(withEnds(analysis, flow), flow);
    if (isUnanswerable(asked)) return { ...asked, index };
    const answered = families.filter((family) => !isUnanswerable(judgeFlow(withEnds(analysis, flow), { ...flow, family })));
    wanted.push({ flow, families: flow.family === undefined ? answered : [flow.family] });
  }
  return wanted;
}

/** The verdicts of a wanted flow, one for each of its families. */
export const verdictsOf = (analysis: Analysis, { flow, families: all }: Wanted): FlowVerdict[] =>
  all.flatMap((family) => {
    const verdict = judgeFlow(withEnds(analysis, flow), { ...flow, family });
    return isUnanswerable(verdict) ? [] : [verdict];
  });

/** The namespaces of the pods and Services that the flows name. */
export function namespacesIn(analysis: Analysis, wanted: readonly Wanted[]): string[] {
  const ends = wanted.flatMap((each) => verdictsOf(analysis, each).flatMap(({ from, to }) => [from, to]));
  return [...new Set(ends.flatMap(namespacesOf))].sort();
}

function namespacesOf(end: Endpoint): string[] {
  const { namespace } = end.identity;
  const pods = podsMeant(end).filter((pod) => !isInPotentialNamespace(pod));
  return [...(namespace === undefined ? [] : [namespace]), ...pods.map((pod) => pod.namespace)];
}

/** The flow as people write it. */
export const flowText = ({ from, to, protocol = 'TCP', port }: Flow): string => `${from} → ${to} ${protocol}/${port}`;
