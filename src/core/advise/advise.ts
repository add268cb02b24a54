import { directions, type NetworkPolicy } from '../api/types.ts';
import type { ClusterChange } from '../cluster/cluster.ts';
import type { ConnectionAnswer, TrafficAnswer } from '../connectivity/answers.ts';
import type { Difference, MemberChange } from '../connectivity/difference.ts';
import { WhatIf } from '../connectivity/what-if.ts';
import type { Analysis } from '../verdict/analysis.ts';
import { type Flow, type FlowVerdict, judgeFlow, withEnds } from '../verdict/check.ts';
import type { Reason } from '../verdict/gate.ts';
import { isUnanswerable, type Unanswerable } from '../verdict/unanswerable.ts';
import { gateQuestions } from '../verdict/verdict.ts';
import { isNamedByRules, waysToAllow } from './allowing.ts';
import { waysToDeny } from './denying.ts';
import type { Candidate, Edit } from './edit.ts';

/** A pair of endpoints whose connections the edits change. */
export interface SideEffect {
  readonly from: string;
  readonly to: string;
  readonly before: Pick<ConnectionAnswer, 'traffic' | 'partial'>;
  readonly after: Pick<ConnectionAnswer, 'traffic' | 'partial'>;
  /** Where what every pair and what some pair may do is the same before and after: the members for which it is not. */
  readonly results?: readonly MemberChange[];
}

/** The smallest edits that make a connection what it is not, tried on the whole cluster. */
export interface Advice {
  readonly goal: 'allow' | 'deny';
  /** Together they do it. None: no NetworkPolicy can. */
  readonly edits: readonly Edit[];
  /** All pairs whose connections they change, the asked one among them. */
  readonly changes: readonly SideEffect[];
  /** Why there are no edits: what decides at a gate that no NetworkPolicy changes, or that it takes too many edits. */
  readonly obstacle?: Reason | 'many-edits';
}

/** Advice with the policies as they would be. */
export interface TriedAdvice {
  readonly advice: Advice;
  readonly policies: readonly NetworkPolicy[];
}

/** A connection that needs more edits than this had better be thought through. */
const mostEdits = 8;

/** The edits that would allow a denied flow, or deny an allowed one: those that change least of everything else, then the shortest. */
export function adviseOn(analysis: Analysis, flow: Flow): TriedAdvice | Unanswerable {
  const extended = withEnds(analysis, flow);
  const verdict = judgeFlow(extended, flow);
  return isUnanswerable(verdict) ? verdict : new Search(extended, flow, verdict.allowed ? 'deny' : 'allow').run(verdict);
}

/** Tries edits one after the other until the flow is what it should be. */
class Search {
  readonly #flow: Flow;
  readonly #goal: Advice['goal'];
  readonly #whatIf: WhatIf;
  /** The policies as edited so far, by identity. */
  readonly #results = new Map<string, NetworkPolicy>();
  #analysis: Analysis;

  constructor(analysis: Analysis, flow: Flow, goal: Advice['goal']) {
    this.#analysis = analysis;
    this.#flow = flow;
    this.#goal = goal;
    this.#whatIf = new WhatIf(analysis);
  }

  run(verdict: FlowVerdict): TriedAdvice | Unanswerable {
    const edits: Edit[] = [];
    for (let now = verdict; ; ) {
      const { candidates, reason } = this.#ways(now);
      if (candidates.length === 0) return this.#none(reason);
      if (edits.length === mostEdits) return this.#none('many-edits');
      const { candidate, changes } = this.#best(candidates);
      edits.push(candidate.edit);
      this.#results.set(keyOf(candidate), candidate.result);
      this.#analysis = this.#whatIf.analysisAfter(changesTo(this.#results));
      const next = judgeFlow(this.#analysis, this.#flow);
      if (isUnanswerable(next)) return next;
      if (next.allowed === (this.#goal === 'allow'))
        return { advice: { goal: this.#goal, edits, changes: changes() }, policies: [...this.#results.values()] };
      now = next;
    }
  }

  #none(obstacle: NonNullable<Advice['obstacle']>): TriedAdvice {
    return { advice: { goal: this.#goal, edits: [], changes: [], obstacle }, policies: [] };
  }

  /** The edits that take one step, and what stands in the way of those that are missing. */
  #ways({ outcomes, from, to }: FlowVerdict): { readonly candidates: Candidate[]; readonly reason: Reason } {
    const isAllowing = this.#goal === 'allow';
    const { connection, verdict } = outcomes.find((outcome) => outcome.verdict.allowed !== isAllowing)!;
    const [egress, ingress] = gateQuestions(connection);
    const asked = { egress: { ...egress, asked: to }, ingress: { ...ingress, asked: from } };
    const { cluster, model } = this.#analysis;
    if (isAllowing) {
      if (!isNamedByRules(connection.protocol) && model.choices['other-l4'] === 'deny')
        return { candidates: [], reason: 'no-rule-matched' };
      const closed = directions.filter((direction) => !verdict[direction].allowed);
      const ways = closed.map((direction) => waysToAllow(cluster, asked[direction], verdict[direction]));
      const stuck = ways.findIndex((found) => found.length === 0);
      // A gate that nothing opens makes the other one's edits pointless.
      return { candidates: stuck === -1 ? ways[0]! : [], reason: verdict[closed[Math.max(stuck, 0)]!].reason };
    }
    const candidates = directions.flatMap((direction) => waysToDeny(cluster, asked[direction], verdict[direction]));
    const decisive = directions.find((direction) => !unpoliced.has(verdict[direction].reason)) ?? 'ingress';
    return { candidates, reason: verdict[decisive].reason };
  }

  /** The edit that changes least of everything. */
  #best(candidates: readonly Candidate[]): Rated {
    const rated = candidates.map((candidate) => this.#rate(candidate));
    // The only one needs no comparison.
    if (rated.length === 1) return rated[0]!;
    const costs = new Map(rated.map((each) => [each, costOf(each.changes())]));
    return rated.toSorted((a, b) => costs.get(a)! - costs.get(b)! || rank(a.candidate) - rank(b.candidate))[0]!;
  }

  /** The edit with what it and those so far change. */
  #rate(candidate: Candidate): Rated {
    const results = new Map(this.#results).set(keyOf(candidate), candidate.result);
    let changes: readonly SideEffect[] | undefined;
    return {
      candidate,
      changes: () => {
        changes ??= changesOf(this.#whatIf.difference(changesTo(results), { explain: false }));
        return changes;
      },
    };
  }
}

/** An edit with what would be changed, worked out when it is asked for. */
interface Rated {
  readonly candidate: Candidate;
  readonly changes: () => readonly SideEffect[];
}

/** How much changes, in ports of pairs of endpoints. */
const costOf = (changes: readonly SideEffect[]): number => changes.reduce((sum, change) => sum + portsChanged(change), 0);

/** What changes for some members only counts half. */
const portsChanged = ({ before, after, results = [] }: SideEffect): number =>
  results.reduce(
    (most, part) => Math.max(most, Math.abs(portsIn(part.after) - portsIn(part.before)) / 2),
    Math.abs(portsOf(after) - portsOf(before)),
  );

/** Gates at which no policy is asked. */
const unpoliced: ReadonlySet<Reason> = new Set(['unpoliced-endpoint', 'own-node', 'self', 'hairpin']);

const keyOf = ({ result: { namespace, name } }: Candidate): string => `${namespace}/${name}`;

const changesTo = (results: ReadonlyMap<string, NetworkPolicy>): ClusterChange[] =>
  Array.from(results.values(), (object) => ({ type: 'put', object }));

const order: readonly Edit['action'][] = ['remove-port', 'remove-peer', 'add-port', 'add-peer', 'remove-rule', 'add-rule', 'add-policy'];
const rank = ({ edit }: Candidate): number => order.indexOf(edit.action);

function changesOf({ added, removed, changed }: Difference): SideEffect[] {
  const side = (traffic: TrafficAnswer, partial: TrafficAnswer | undefined): SideEffect['before'] => ({
    traffic,
    ...(partial && { partial }),
  });
  return [
    ...added.map(({ from, to, traffic, partial }) => ({ from, to, before: side([], undefined), after: side(traffic, partial) })),
    ...removed.map(({ from, to, traffic, partial }) => ({ from, to, before: side(traffic, partial), after: side([], undefined) })),
    ...changed.map(({ from, to, before, after, partialBefore, partialAfter, results }) => ({
      from,
      to,
      before: side(before, partialBefore),
      after: side(after, partialAfter),
      ...(results && { results }),
    })),
  ];
}

/** How many ports of all protocols a pair may use; what only some members may counts half. */
const portsOf = ({ traffic, partial }: SideEffect['before']): number =>
  partial === undefined ? portsIn(traffic) : (portsIn(traffic) + portsIn(partial)) / 2;

/** How many ports of all protocols the traffic has. */
function portsIn(traffic: TrafficAnswer): number {
  if (traffic === 'all') return 3 * 65_536;
  const widthOf = (range: string): number => {
    const [first, last = first] = range.split('-').map(Number) as [number, number?];
    return last! - first + 1;
  };
  return traffic.reduce((sum, { ports }) => sum + ports.reduce((width, range) => width + widthOf(range), 0), 0);
}
