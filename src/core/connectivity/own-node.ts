import type { Traffic } from '../net/port-set.ts';
import type { ConnectivityIndex } from './connectivity-index.ts';
import type { MatrixEntry } from './endpoints.ts';
import type { Change, Tell } from './outcome-changes.ts';
import { noPair, type Outlooks, type PairOutcome, PairTable } from './pair-table.ts';
import { everything, nothing, type TrafficTable } from './traffic-table.ts';
import { append } from './units.ts';

/** Two endpoints in one cluster. */
interface Pair {
  readonly index: ConnectivityIndex;
  readonly from: MatrixEntry;
  readonly to: MatrixEntry;
}

/**
 * Whether two endpoints may do other things in the one cluster than in the other only because their pods run on other nodes: what policy says
 * of them, without the exception for a pod's own node, is the same.
 */
export function isOnlyMoved(before: Pair, after: Pair, isSame: (was: PairOutcome, is: PairOutcome) => boolean): boolean {
  if (![before, after].some(({ from, to }) => runsOn(from, to) || runsOn(to, from))) return false;
  const [was, is] = [before, after].map(({ index: { pairs }, from, to }) => {
    const look = pairs.glancesOf(from);
    return { exemptions: pairs.exemptionsOf(look, from, to), policed: pairs.outcomes[pairs.between(look, from, to)] };
  });
  return was!.exemptions !== is!.exemptions && was!.policed !== undefined && is!.policed !== undefined && isSame(was!.policed, is!.policed);
}

const runsOn = ({ on }: MatrixEntry, { at }: MatrixEntry): boolean => [...at].some((node) => on.has(node));

/** Tells of the pairs of pods with nodes they run on, and with whoever has the addresses of these, that another choice of `own-node-egress` would change. */
export function visitOwnNodeChanges(index: ConnectivityIndex, traffic: Traffic | undefined, tell: Tell): void {
  const { gates, pairs, isOwnNodeOpen } = index;
  const otherwise = new PairTable(gates, !isOwnNodeOpen);
  const said = answering(gates.traffics, traffic);
  const entries = index.entries();
  const at = new Map<string, MatrixEntry[]>();
  for (const entry of entries) for (const node of entry.at) append(at, node, entry);
  for (const from of entries.filter(isIsolated)) {
    const look = pairs.glancesOf(from);
    for (const to of new Set([...from.on].flatMap((node) => at.get(node) ?? []))) {
      const change = changeFrom(said(pairs, look, from, to), said(otherwise, look, from, to));
      if (change !== undefined) tell(from, to, change);
    }
  }
}

function changeFrom(now: string | undefined, then: string | undefined): Change | undefined {
  if (now === undefined || then === undefined || now === then) return undefined;
  return now === '' ? 'opened' : then === '' ? 'closed' : 'changed';
}

/** Whether there is an exception to make. */
const isIsolated = ({ uses }: MatrixEntry): boolean => uses.some(({ unit }) => unit.profile?.gates.egress.isIsolated);

type Said = (table: PairTable, look: Outlooks, from: MatrixEntry, to: MatrixEntry) => string | undefined;

/** What a table answers of a pair, as a text; empty when the pair may do nothing. A pair of which only members on the node may is none of the matrix. */
function answering(traffics: TrafficTable, traffic: Traffic | undefined): Said {
  const wanted = traffic === undefined ? everything : traffics.idOf(traffic);
  return (table, look, from, to) => {
    const id = table.betweenNeighbours(look, from, to);
    if (id === noPair) return undefined;
    const { every, some } = table.outcomes[id]!;
    const [all, any] = [traffics.intersect(every, wanted), traffics.intersect(some, wanted)];
    const isListed = all !== nothing || (any !== nothing && ![from, to].some(({ uses }) => uses.every(({ isAllAt }) => isAllAt)));
    return isListed ? `${all} ${any}` : '';
  };
}
