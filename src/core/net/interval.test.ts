import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  atoms,
  bigints,
  equal,
  find,
  has,
  type Interval,
  type Intervals,
  intersect,
  normalize,
  numbers,
  subtract,
  union,
} from './interval.ts';

/** A universe small enough to try every point of. */
const last = 24;
const points = Array.from({ length: last + 1 }, (_, point) => point);
const written = fc.array(fc.tuple(fc.nat(last), fc.nat(last)), { maxLength: 6 });
const set = written.map((ranges) => normalize(numbers, ranges));

const holds = (ranges: readonly Interval<number>[], point: number): boolean =>
  ranges.some(([first, end]) => first <= point && point <= end);

/** The canonical set of the points that satisfy a condition. */
const where = (condition: (point: number) => boolean): Intervals<number> =>
  normalize(
    numbers,
    points.filter(condition).map((point): Interval<number> => [point, point]),
  );

test('a canonical set holds what was written, in order, without gaps of nothing', () => {
  fc.assert(
    fc.property(written, (ranges) => {
      const canonical = normalize(numbers, ranges);
      for (const point of points) expect(has(canonical, point)).toBe(holds(ranges, point));
      for (const [index, [first, end]] of canonical.entries()) {
        expect(first).toBeLessThanOrEqual(end);
        if (index > 0) expect(first).toBeGreaterThan(canonical[index - 1]![1] + 1);
      }
    }),
  );
});

describe('the algebra is that of points', () => {
  const operations: readonly [
    string,
    (a: Intervals<number>, b: Intervals<number>) => Intervals<number>,
    (a: boolean, b: boolean) => boolean,
  ][] = [
    ['union', (a, b) => union(numbers, a, b), (a, b) => a || b],
    ['intersect', intersect, (a, b) => a && b],
    ['subtract', (a, b) => subtract(numbers, a, b), (a, b) => a && !b],
  ];
  test.each(operations)('%s', (_, combine, expected) => {
    fc.assert(
      fc.property(set, set, (a, b) => {
        expect(combine(a, b)).toEqual(where((point) => expected(has(a, point), has(b, point))));
      }),
    );
  });

  test('also of addresses', () => {
    const wide = (intervals: Intervals<number>): Intervals<bigint> => intervals.map(([first, end]) => [BigInt(first), BigInt(end)]);
    fc.assert(
      fc.property(set, set, (a, b) => {
        expect(subtract(bigints, wide(a), wide(b))).toEqual(wide(subtract(numbers, a, b)));
        expect(union(bigints, wide(a), wide(b))).toEqual(wide(union(numbers, a, b)));
      }),
    );
  });
});

test('sets are equal when their points are', () => {
  fc.assert(
    fc.property(set, set, (a, b) => {
      expect(equal(a, b)).toBe(points.every((point) => has(a, point) === has(b, point)));
    }),
  );
});

test('the interval that is found holds the point', () => {
  fc.assert(
    fc.property(set, fc.nat(last), (intervals, point) => {
      const index = find(intervals, point);
      expect(index).toBe(intervals.findIndex(([first, end]) => first <= point && point <= end));
    }),
  );
});

test('atoms are the coarsest parts that every set is a union of', () => {
  fc.assert(
    fc.property(fc.array(set, { maxLength: 4 }), fc.nat(last), fc.nat(last), (sets, a, b) => {
      const whole: Interval<number> = [Math.min(a, b), Math.max(a, b)];
      const parts = atoms(numbers, whole, sets);
      const signature = (point: number): string => sets.map((each) => has(each, point)).join();
      expect(normalize(numbers, parts)).toEqual([whole]);
      for (const [index, [first, end]] of parts.entries()) {
        for (let point = first; point <= end; point++) expect(signature(point)).toBe(signature(first));
        const next = parts[index + 1];
        if (next === undefined) continue;
        expect(next[0]).toBe(end + 1);
        expect(signature(next[0])).not.toBe(signature(first));
      }
    }),
  );
});
