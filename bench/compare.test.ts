import { describe, expect, test } from 'vitest';
import { comparePairs, estimateQuantile, judgeEstimate } from './compare.ts';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('estimateQuantile', () => {
  test('the interval of a median has the ranks of the tables of the sign test', () => {
    // Conover, Practical Nonparametric Statistics, table A3: for 15 samples the 4th and 12th, for 25 the 8th and 18th.
    expect(estimateQuantile(upTo(15))).toEqual({ value: 8, low: 4, high: 12, samples: 15 });
    expect(estimateQuantile(upTo(25))).toEqual({ value: 13, low: 8, high: 18, samples: 25 });
  });

  test('few samples leave a side open, and order does not matter', () => {
    expect(estimateQuantile([2, 1, 3])).toEqual({ value: 2, low: -Infinity, high: Infinity, samples: 3 });
    expect(estimateQuantile(upTo(100).reverse(), 0.99)).toMatchObject({ high: Infinity });
    expect(estimateQuantile(upTo(1000), 0.99).high).toBeLessThanOrEqual(1000);
  });

  test('the interval holds the true median about as often as it says', () => {
    // Linear congruential numbers, so that the test is the same every time.
    let state = 1;
    const next = (): number => {
      state = (state * 1664525 + 1013904223) % 2 ** 32;
      return state / 2 ** 32;
    };
    const held = upTo(2000).filter(() => {
      const { low, high } = estimateQuantile(Array.from({ length: 15 }, next));
      return low <= 0.5 && 0.5 <= high;
    });
    expect(held.length / 2000).toBeGreaterThan(0.95);
    expect(held.length / 2000).toBeLessThan(0.98);
  });

  test('what was not measured is no estimate', () => {
    expect(() => estimateQuantile([])).toThrow('no samples');
    expect(() => estimateQuantile([1, Number.NaN])).toThrow('no samples');
  });
});

test('pairs are interleaved, and who goes first alternates', async () => {
  const calls: string[] = [];
  const ratio = await comparePairs(
    () => calls.push('subject') && 3,
    async () => calls.push('baseline') && 2,
  );
  expect(ratio).toEqual({ value: 1.5, low: 1.5, high: 1.5, samples: 15 });
  expect(calls.slice(0, 4)).toEqual(['subject', 'baseline', 'baseline', 'subject']);
  await expect(
    comparePairs(
      () => 1,
      () => 1,
      14,
    ),
  ).rejects.toThrow('at least 15');
});

test('a bar is missed or met only when the whole interval says so', () => {
  const estimate = { value: 0.96, low: 0.94, high: 0.98, samples: 15 };
  expect(judgeEstimate(estimate, { atLeast: 0.9 })).toBe('met');
  expect(judgeEstimate(estimate, { atLeast: 0.95 })).toBe('not distinguishable');
  expect(judgeEstimate(estimate, { atLeast: 0.99 })).toBe('missed');
  expect(judgeEstimate(estimate, { atMost: 0.9 })).toBe('missed');
  expect(judgeEstimate(estimate, { atMost: 1 })).toBe('met');
});
