import { type Family, families } from '../net/ip.ts';
import type { ConnectivityIndex } from './connectivity-index.ts';
import type { MemberChange } from './difference.ts';
import type { MatrixEntry } from './endpoints.ts';
import { noPair, type OutcomeId, type PairTable } from './pair-table.ts';
import { nothing, type TrafficId } from './traffic-table.ts';

/** An endpoint in both clusters. */
interface Both {
  readonly before: MatrixEntry;
  readonly after: MatrixEntry;
}

/** What some members of two endpoints may do in each cluster, over one family. */
export type MemberDifference = Pick<MemberChange, 'from' | 'to' | 'family'> & { readonly was: TrafficId; readonly is: TrafficId };

/**
 * Finds differences between members that those between endpoints do not show: of what every pair and what some pair may do, neither changes
 * when one member gains what another loses.
 */
export class MemberDifferences {
  readonly #before: ConnectivityIndex;
  readonly #after: ConnectivityIndex;
  readonly #parts = new Map<MatrixEntry, readonly Both[]>();

  /** Both indexes share their table of traffics. */
  constructor(before: ConnectivityIndex, after: ConnectivityIndex) {
    this.#before = before;
    this.#after = after;
  }

  /** The differences between the members of two endpoints; none where all members are alike, of one family. */
  between(from: Both, to: Both): MemberDifference[] {
    if ([from.before, from.after, to.before, to.after].every(({ uses }) => uses.length === 1)) return [];
    return this.#partsOf(from).flatMap((source) =>
      this.#partsOf(to).flatMap((destination) => this.#compare(source, destination, source.before === destination.before)),
    );
  }

  /** The parts of an endpoint whose members are there in both clusters and are alike in both. */
  #partsOf(both: Both): readonly Both[] {
    let parts = this.#parts.get(both.before);
    if (parts === undefined) {
      parts = this.#split(both);
      this.#parts.set(both.before, parts);
    }
    return parts;
  }

  #split({ before, after }: Both): readonly Both[] {
    if (before.located.length === 0 || after.located.length === 0) return [{ before, after }];
    const [old, now] = [this.#before.parts(before, this.#after, after), this.#after.parts(after, this.#before, before)];
    // The texts name what the own index sees first.
    const turned = new Map(Array.from(now, ([key, part]) => [key.split(' | ').reverse().join(' | '), part]));
    return [...old].flatMap(([key, part]) => (turned.has(key) ? [{ before: part, after: turned.get(key)! }] : []));
  }

  #compare(from: Both, to: Both, isSame: boolean): MemberDifference[] {
    if (isSame && from.before.located.length === 1) return [];
    const sides = [
      { index: this.#before, source: from.before, destination: to.before },
      { index: this.#after, source: from.after, destination: to.after },
    ] as const;
    return families.flatMap((family) => {
      const [policedBefore, policedAfter] = sides.map((side) => policedTraffic(side, family));
      // What only pods do that run on other nodes than before is no difference.
      if (policedBefore === policedAfter) return [];
      const [was, is] = sides.map((side) => traffic(side, family)) as [TrafficId, TrafficId];
      return was === is ? [] : [{ from: membersOf(from), to: membersOf(to), family, was, is }];
    });
  }
}

/** Alike members of two endpoints, in one of the clusters. */
interface Members {
  readonly index: ConnectivityIndex;
  readonly source: MatrixEntry;
  readonly destination: MatrixEntry;
}

/** What all pairs of the members may do over one family, by policy alone. */
const policedTraffic = ({ index: { whole }, source, destination }: Members, family: Family): TrafficId =>
  everyOf(whole, whole.between(whole.glancesOf(source), source, destination, family));

/** The same, with the exception for a pod's own node. */
const traffic = ({ index: { whole }, source, destination }: Members, family: Family): TrafficId =>
  everyOf(whole, whole.betweenNeighbours(whole.glancesOf(source), source, destination, family));

const everyOf = ({ outcomes }: PairTable, id: OutcomeId): TrafficId => (id === noPair ? nothing : outcomes[id]!.every);

const membersOf = ({ after }: Both): string[] => (after.located.length === 0 ? [after.id] : after.located.map(({ id }) => id));
