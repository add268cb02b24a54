import { allTraffic, equalTraffic, intersectTraffic, isAllTraffic, isEmptyTraffic, type Traffic } from '#core/net/port-set.ts';
import { allowanceOf } from '#core/render/allowance.ts';
import type { Matrix, Outcome } from './matrix.ts';

/** What a cell shows of a pair. */
export interface CellState {
  readonly kind: 'denied' | 'rule' | 'open';
  /** Less than all that was asked about. */
  readonly isLimited: boolean;
  /** Only between some of the members. */
  readonly isPartial: boolean;
  /** Something else with another network plugin. */
  readonly isDependent: boolean;
}

/** What each outcome is when only some traffic is asked about. */
export class TrafficFilter {
  readonly states: readonly CellState[];
  /** What is asked about. */
  readonly asked: Traffic;

  constructor({ outcomes }: Matrix, asked: Traffic = allTraffic) {
    this.asked = asked;
    this.states = outcomes.map((outcome) => this.#stateOf(outcome));
  }

  /** What of a traffic was asked about. */
  of(traffic: Traffic): Traffic {
    return intersectTraffic(traffic, this.asked);
  }

  /** Only some traffic is asked about. */
  get isNarrow(): boolean {
    return !isAllTraffic(this.asked);
  }

  #stateOf({ traffic, partial, every, some, egress, ingress, dependsOn }: Outcome): CellState {
    const [all, any] = [this.of(every), this.of(some)];
    const reason = { egress: egress.reason, ingress: ingress.reason };
    const isDependent = dependsOn !== undefined;
    if (isEmptyTraffic(any)) return { kind: 'denied', isLimited: false, isPartial: false, isDependent };
    return {
      kind: allowanceOf({ traffic, partial, reason }) ?? 'denied',
      isLimited: !equalTraffic(any, this.asked),
      isPartial: !equalTraffic(all, any),
      isDependent,
    };
  }
}
