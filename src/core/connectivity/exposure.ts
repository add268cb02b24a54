import { type Direction, directions } from '../api/types.ts';
import { anyPod, potentialId } from '../cluster/potential-pods.ts';
import { intersectAddresses, isEmptyAddresses } from '../net/address-set.ts';
import { internetSpace } from '../verdict/address-space.ts';
import type { Answers, TrafficAnswer } from './connectivity.ts';
import type { ConnectivityIndex } from './connectivity-index.ts';
import type { MatrixEntry } from './endpoints.ts';
import type { PairOutcome } from './pair-table.ts';
import { everything, nothing, type TrafficId } from './traffic-table.ts';

/** What a workload or bare pod is exposed to in one direction, beyond the pods and nodes that exist. */
export interface Exposed {
  /** Whether some policy isolates all its pods for the direction. */
  readonly isolated: boolean;
  /** What every address of the internet may do (ingress), or may be asked for (egress). */
  readonly internet: TrafficAnswer;
  /** Where addresses differ: what at least one may. */
  readonly internetPartial?: TrafficAnswer;
  /** What a pod of any namespace may that no selector singles out. */
  readonly anyPod: TrafficAnswer;
  /** What pods may, should there be any, that a rule's selector would select; those that may no more than any pod are left out. */
  readonly pods: readonly { readonly id: string; readonly traffic: TrafficAnswer }[];
}

/** What a workload or bare pod is exposed to. */
export interface ExposureAnswer extends Readonly<Record<Direction, Exposed>> {
  /** The id of the endpoint. */
  readonly endpoint: string;
}

/** What one entry meets in one direction, while it is gathered. */
interface Draft {
  /** How many external endpoints of the internet have something with it, what all of them may, and what some may. */
  internets: number;
  every: TrafficId;
  some: TrafficId;
  /** What potential pods may, by id. */
  readonly pods: Map<string, TrafficId>;
}

const newDraft = (): Draft => ({ internets: 0, every: everything, some: nothing, pods: new Map() });

/** The exposure of workloads and bare pods, in the order of the entries, which are all of the index. */
export function exposureOf(index: ConnectivityIndex, entries: readonly MatrixEntry[], answers: Answers): ExposureAnswer[] {
  const drafts = { egress: entries.map(newDraft), ingress: entries.map(newDraft) };
  const isOutside = entries.map((entry) => entry.isPotential || isInternet(entry));
  const walk = index.walk(entries, {
    isShown: (entry) => entry.isPotential || isInternet(entry),
    direction: undefined,
    denied: false,
    isWanted: (traffic) => traffic !== nothing,
  });
  for (const [place, from] of entries.entries())
    for (const [other, outcome] of walk.row(place).cells) {
      const pair = index.pairs.outcomes[outcome]!;
      if (isOutside[place]) note(index, drafts.ingress[other]!, from, pair);
      else note(index, drafts.egress[place]!, entries[other]!, pair);
    }
  const internets = entries.filter(isInternet);
  return entries.flatMap((entry, place) => {
    if (entry.located.length === 0 || entry.isPotential) return [];
    const [egress, ingress] = directions.map((direction) =>
      exposed(index, entry, internets, drafts[direction][place]!, direction, answers),
    );
    return [{ endpoint: entry.id, egress: egress!, ingress: ingress! }];
  });
}

const isInternet = ({ addresses }: MatrixEntry): boolean =>
  addresses !== undefined && !isEmptyAddresses(intersectAddresses(addresses, internetSpace));

function note({ gates: { traffics } }: ConnectivityIndex, draft: Draft, other: MatrixEntry, { every, some }: PairOutcome): void {
  if (other.isPotential) {
    draft.pods.set(other.id, some);
    return;
  }
  draft.internets++;
  draft.every = traffics.intersect(draft.every, every);
  draft.some = traffics.unite(draft.some, some);
}

function exposed(
  index: ConnectivityIndex,
  entry: MatrixEntry,
  internets: readonly MatrixEntry[],
  { internets: met, every, some, pods }: Draft,
  direction: Direction,
  answers: Answers,
): Exposed {
  // An end that no policy can close has no pairs with what is outside.
  if (!entry.isPoliced) return { isolated: false, internet: 'all', anyPod: 'all', pods: [] };
  const { traffics } = index.gates;
  const common = internets.filter(({ uses }) => uses.some(({ family }) => entry.uses.some((use) => use.family === family)));
  const all = met === common.length ? every : nothing;
  const any = pods.get(potentialId(anyPod)) ?? nothing;
  return {
    isolated: entry.uses.every(({ unit }) => unit.profile === undefined || unit.profile.gates[direction].isIsolated),
    internet: answers.traffic(all),
    ...(all !== some && { internetPartial: answers.traffic(some) }),
    anyPod: answers.traffic(any),
    pods: [...pods]
      .filter(([, traffic]) => traffics.subtract(traffic, any) !== nothing)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([id, traffic]) => ({ id, traffic: answers.traffic(traffic) })),
  };
}
