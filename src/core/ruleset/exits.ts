import type { Direction } from '../api/types.ts';
import { frame, goto } from './frame.ts';
import { printVerdict } from './print.ts';
import type { Verdict } from './types.ts';

/** Where a packet goes that a direction lets through: the egress gate leaves it to the ingress gate. */
const passed = (direction: Direction): Verdict => goto(direction === 'egress' ? frame.ingress : frame.accepted);

/** Where packets leave a gate. */
export interface Exits {
  /** A gate in audit counts what it would deny by counters of another name. */
  readonly counters: 'deny' | 'audit';
  readonly passed: Verdict;
  readonly denied: Verdict;
  /** Where packets between a pod and its own node go that no tier stops. */
  readonly passedNear: Verdict;
  /** Names of chains that the exits refer to. */
  readonly taken: readonly string[];
  /** Tells apart what holds such exits; empty for the usual ones. */
  readonly key: string;
}

/** A gate that is enforced. `audit` is the chain of the gate in audit that is asked about all that this one lets through. */
export function enforcing(direction: Direction, audit?: string): Exits {
  const next = audit === undefined ? passed(direction) : goto(audit);
  return {
    counters: 'deny',
    passed: next,
    denied: goto(frame.deny),
    passedNear: audit === undefined ? { to: 'accept' } : next,
    taken: audit === undefined ? [] : [audit],
    key: audit === undefined ? '' : `, then ${printVerdict(next)}`,
  };
}

/** A gate that only tells: what it would deny goes on like what it would let through. */
export const auditing = (direction: Direction): Exits => ({
  counters: 'audit',
  passed: passed(direction),
  denied: passed(direction),
  passedNear: { to: 'accept' },
  taken: [],
  key: ', in audit',
});
