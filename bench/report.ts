import { type Bar, type Estimate, judgeEstimate } from './compare.ts';

/** What a number counts. A `ratio` is of two things measured in turn. */
export type Unit = 'ratio' | 'ms' | 's' | 'MiB' | 'a second';

/** One line of the report. */
export interface Result {
  readonly name: string;
  readonly unit: Unit;
  readonly estimate: Estimate;
  /** What the design asks for. */
  readonly bar?: Bar;
}

/** A part of `make bench` that can run by itself. */
export interface Section {
  /** What stands above its results. */
  readonly title: string;
  /** Measures, and hands each result over as soon as it is there. Throws `Skipped` where this machine can't measure it. */
  readonly measure: (report: (result: Result) => void) => Promise<void>;
}

/** A section can't run on this machine; the message says why. */
export class Skipped extends Error {}

/** `pod event, p50                     0.031 ms  [0.030, 0.033] of 500   at most 15 ms: met` */
export function formatResult({ name, unit, estimate, bar }: Result): string {
  const { value, low, high, samples } = estimate;
  const measured = `${format(value, unit).padStart(18)}  [${number(low)}, ${number(high)}] of ${samples}`;
  if (bar === undefined) return `${name.padEnd(64)}${measured}`;
  const asked = 'atLeast' in bar ? `at least ${format(bar.atLeast, unit)}` : `at most ${format(bar.atMost, unit)}`;
  return `${name.padEnd(64)}${measured.padEnd(52)}  ${asked}: ${judgement(estimate, bar)}`;
}

function judgement(estimate: Estimate, bar: Bar): string {
  const judged = judgeEstimate(estimate, bar);
  if (judged !== 'missed') return judged;
  const asked = 'atLeast' in bar ? bar.atLeast : bar.atMost;
  return `missed by ${Math.abs(100 * (estimate.value / asked - 1)).toFixed(0)} %`;
}

const format = (value: number, unit: Unit): string => (unit === 'ratio' ? `x ${number(value)}` : `${number(value)} ${unit}`);

function number(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return value >= 1000 ? value.toFixed(0) : value.toPrecision(3);
}
