import type { ObjectChange } from '../cluster/object-changes.ts';
import type { Family } from '../net/ip.ts';
import type { Traffic } from '../net/port-set.ts';
import type { ConnectionAnswer, TrafficAnswer } from './answers.ts';
import type { Cause } from './cause.ts';
import type { MatrixEndpoint } from './endpoints.ts';
import type { Witness } from './witness.ts';

/** Why two clusters differ in a connection. */
export interface Explanation {
  /** A flow that one of the clusters allows and the other does not. */
  readonly witness?: Witness;
  /** What was changed that makes it so. */
  readonly because: readonly Cause[];
}

/** Two endpoints that may do something in one of the clusters only; in that cluster's terms. */
export type OneSidedAnswer = ConnectionAnswer & Explanation;

/** What some members of two endpoints may do before and after. */
export interface MemberChange {
  /** Ids of the members. */
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly family: Family;
  readonly before: TrafficAnswer;
  readonly after: TrafficAnswer;
}

/** Two endpoints that may do something in both clusters, but not the same. */
export interface ChangedAnswer extends Explanation {
  readonly from: string;
  readonly to: string;
  /** What every pair of members may do. */
  readonly before: TrafficAnswer;
  readonly after: TrafficAnswer;
  /** Where members, or their two address families, differ: what at least one pair of addresses may do. */
  readonly partialBefore?: TrafficAnswer;
  readonly partialAfter?: TrafficAnswer;
  /** Where what every pair and what some pair may do is the same before and after: the members for which it is not. */
  readonly results?: readonly MemberChange[];
}

/** An endpoint of a difference. */
export interface DifferenceEndpoint extends MatrixEndpoint {
  /** It is there after the change only, or before it. */
  readonly change?: 'added' | 'removed';
}

/** What the change from one cluster to another opens and closes. */
export interface Difference {
  /** The endpoints that are named below. */
  readonly endpoints: readonly DifferenceEndpoint[];
  /** Pairs that may do something only after the change, or only before it; and those that may do something else. By source, then destination. */
  readonly added: readonly OneSidedAnswer[];
  readonly removed: readonly OneSidedAnswer[];
  readonly changed: readonly ChangedAnswer[];
  /** The objects that are not the same in both. */
  readonly objects: readonly ObjectChange[];
}

/** A difference of two clusters as it is reported. */
export interface FullDifference extends Difference {
  /** What changes for pods that do not exist but could, where it is asked for; the lists above are then of those that do. */
  readonly exposure?: Pick<Difference, 'added' | 'removed' | 'changed'>;
  /**
   * All endpoints of both clusters, whether something changes for them or not.
   *
   * @internal
   */
  readonly everyone: readonly DifferenceEndpoint[];
}

/** Whether no connection is another. */
export const changesNothing = ({ added, removed, changed }: Pick<Difference, 'added' | 'removed' | 'changed'>): boolean =>
  added.length + removed.length + changed.length === 0;

/** Is told how many of all things are done. */
export type Progress = (done: number, all: number) => void;

/** What of a difference is wanted; what is left out is not limited. */
export interface DifferenceOptions {
  /** Pairs of which neither end is shown are left out. */
  readonly isShown?: (endpoint: MatrixEndpoint) => boolean;
  /** Only this traffic. */
  readonly traffic?: Traffic;
  /**
   * Also pods that do not exist but that some rule of either cluster would select. Where no pod exists in either, those that a policy would
   * isolate, too, and how they may talk to each other.
   */
  readonly exposure?: boolean;
  /** `false`: without witnesses and causes, which cost more than the rest. */
  readonly explain?: boolean;
  /**
   * Told before each endpoint as a source, for whoever shows how far the work has come.
   *
   * @internal
   */
  readonly onSource?: Progress;
}
