import { type Direction, directions, type PolicyId, qualifiedName } from '../api/types.ts';
import type { Said, TrafficAnswer } from '../connectivity/answers.ts';
import type { Connectivity } from '../connectivity/connectivity.ts';
import type { Reason } from '../verdict/gate.ts';

/** Others with whom an endpoint may talk alike and for the same reason. */
export interface Talk {
  /** The ids of the others, in no order. */
  readonly others: ReadonlySet<string>;
  /** What every pair of members may do; where they differ, what some pair may. */
  readonly traffic: TrafficAnswer;
  readonly partial?: TrafficAnswer;
  /** Why the endpoint's own gate lets it through, and the policies that do. */
  readonly reason: Reason;
  readonly by: readonly PolicyId[];
  /** The policies that let it through at the gates of the others; none where nothing isolates any of these. */
  readonly elsewhere: readonly PolicyId[];
}

interface Draft extends Pick<Talk, 'traffic' | 'partial' | 'reason' | 'by'> {
  readonly others: Set<string>;
  readonly elsewhere: Map<string, PolicyId>;
}

/** Who may talk to whom, by one end. */
export class Talks {
  readonly #drafts = new Map<string, Record<Direction, Map<string, Draft>>>();
  readonly #keys = new WeakMap<Said, Readonly<Record<Direction, string>>>();

  /** Takes in the connections of which these are an end. That pods and their own nodes talk, no policy decides. */
  constructor(reach: Connectivity['reach'], isDocumented: (id: string) => boolean) {
    for (const { from, to, said } of reach) {
      if (said.reason.egress === 'own-node' || said.reason.ingress === 'own-node') continue;
      if (isDocumented(from)) for (const other of to) this.#add(from, 'egress', other, said);
      for (const id of to) if (isDocumented(id)) this.#add(id, 'ingress', from, said);
    }
  }

  /** What may come in to the endpoint, or go out. */
  of(id: string, direction: Direction): Talk[] {
    const drafts = this.#drafts.get(id)?.[direction] ?? new Map<string, Draft>();
    const sorted = [...drafts].sort(([a], [b]) => (a < b ? -1 : 1));
    return sorted.map(([, draft]) => ({ ...draft, elsewhere: byName(draft.elsewhere.values()) }));
  }

  #add(id: string, direction: Direction, other: string, said: Said): void {
    const key = this.#keysOf(said)[direction];
    let gates = this.#drafts.get(id);
    if (gates === undefined) {
      gates = { egress: new Map(), ingress: new Map() };
      this.#drafts.set(id, gates);
    }
    let draft = gates[direction].get(key);
    if (draft === undefined) {
      const { traffic, partial, reason, by } = said;
      draft = {
        others: new Set(),
        traffic,
        ...(partial && { partial }),
        reason: reason[direction],
        by: byName(by[direction]),
        elsewhere: new Map(),
      };
      gates[direction].set(key, draft);
    }
    draft.others.add(other);
    for (const policy of said.by[otherOf[direction]]) draft.elsewhere.set(qualifiedName(policy), policy);
  }

  /** Equal for what is the same seen from one end. */
  #keysOf(said: Said): Readonly<Record<Direction, string>> {
    let keys = this.#keys.get(said);
    if (keys === undefined) {
      const { traffic, partial, reason, by } = said;
      const [egress, ingress] = directions.map((direction) =>
        JSON.stringify([traffic, partial, reason[direction], by[direction].map(qualifiedName), by[otherOf[direction]].length > 0]),
      ) as [string, string];
      keys = { egress, ingress };
      this.#keys.set(said, keys);
    }
    return keys;
  }
}

const otherOf: Readonly<Record<Direction, Direction>> = { egress: 'ingress', ingress: 'egress' };

const byName = (policies: Iterable<PolicyId>): PolicyId[] => [...policies].sort((a, b) => (qualifiedName(a) < qualifiedName(b) ? -1 : 1));
