/**
 * How this project compares: two things measured in turn on the same machine in the same minute, the ratio of each pair, and the
 * median of the ratios with its 95 % interval. Absolute times depend on the machine; ratios of neighbours hardly do.
 */

/** A median (or another quantile) with the 95 % interval in which the true one lies. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** How many samples, or pairs, it rests on. */
  readonly samples: number;
}

/** What a result must reach. */
export type Bar = { readonly atLeast: number } | { readonly atMost: number };

/** A bar is missed when the whole interval is beyond it, and met when the whole interval is within; between, the samples can't tell. */
export type Judgement = 'met' | 'missed' | 'not distinguishable';

const fewestPairs = 15;

/** Measures both in turn, at least 15 times, and which goes first alternates. The ratio is `subject` over `baseline`, of whatever both return. */
export async function comparePairs(
  subject: () => number | Promise<number>,
  baseline: () => number | Promise<number>,
  pairs = fewestPairs,
): Promise<Estimate> {
  if (pairs < fewestPairs) throw new Error(`a ratio needs at least ${fewestPairs} pairs, not ${pairs}`);
  const ratios: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const subjectFirst = pair % 2 === 0;
    const first = await (subjectFirst ? subject : baseline)();
    const second = await (subjectFirst ? baseline : subject)();
    ratios.push(subjectFirst ? first / second : second / first);
  }
  return estimateQuantile(ratios);
}

/** Calls the function again and again and estimates the quantile of what it returns. */
export async function sampleQuantile(measure: () => number | Promise<number>, samples = fewestPairs, quantile = 0.5): Promise<Estimate> {
  const values: number[] = [];
  for (let sample = 0; sample < samples; sample++) values.push(await measure());
  return estimateQuantile(values, quantile);
}

/**
 * The quantile of the samples with its 95 % interval by order statistics, which assume nothing about the distribution. Where there are
 * too few samples for the interval on one side, that side is infinite.
 */
export function estimateQuantile(samples: readonly number[], quantile = 0.5): Estimate {
  if (samples.length === 0 || samples.some((sample) => !Number.isFinite(sample)))
    throw new Error(`no samples to judge: ${samples.join(', ')}`);
  const sorted = [...samples].sort((a, b) => a - b);
  const count = sorted.length;
  const below = binomialTail(count, quantile);
  // The true quantile lies below the sample of rank r (from 0) with the probability that at most r samples are smaller than it.
  let lowRank = -1;
  while (lowRank + 1 < count && below(lowRank + 1) <= 0.025) lowRank++;
  let highRank = count;
  while (highRank - 1 >= 0 && 1 - below(highRank - 1) <= 0.025) highRank--;
  return {
    value: valueAt(sorted, quantile * (count - 1)),
    low: lowRank < 0 ? Number.NEGATIVE_INFINITY : sorted[lowRank]!,
    high: highRank >= count ? Number.POSITIVE_INFINITY : sorted[highRank]!,
    samples: count,
  };
}

/** Whether the estimate reaches the bar. */
export function judgeEstimate({ low, high }: Estimate, bar: Bar): Judgement {
  if ('atLeast' in bar) return high < bar.atLeast ? 'missed' : low >= bar.atLeast ? 'met' : 'not distinguishable';
  return low > bar.atMost ? 'missed' : high <= bar.atMost ? 'met' : 'not distinguishable';
}

/** For a rank: the probability that at most that many of `count` samples lie below the quantile. */
function binomialTail(count: number, probability: number): (rank: number) => number {
  const cumulative: number[] = [];
  // By logarithms, because the first terms of many samples are too small for a number.
  let term = count * Math.log(1 - probability);
  let sum = Math.exp(term);
  for (let successes = 0; successes < count; successes++) {
    cumulative.push(sum);
    term += Math.log(((count - successes) / (successes + 1)) * (probability / (1 - probability)));
    sum += Math.exp(term);
  }
  return (rank) => cumulative[rank]!;
}

function valueAt(sorted: readonly number[], position: number): number {
  const lower = sorted[Math.floor(position)]!;
  const upper = sorted[Math.ceil(position)]!;
  return lower + (upper - lower) * (position - Math.floor(position));
}
