/** The arithmetic an interval needs of its points: numbers for ports, bigints for addresses. */
export interface Domain<T> {
  next(point: T): T;
  previous(point: T): T;
}

/** A closed range `[first, last]`, `first <= last`. */
export type Interval<T> = readonly [first: T, last: T];

/**
 * A set of points as a canonical list of intervals.
 * INVARIANT: ordered, disjoint and non-touching, so that equal sets are equal lists.
 */
export type Intervals<T> = readonly Interval<T>[];

export const numbers: Domain<number> = { next: (n) => n + 1, previous: (n) => n - 1 };
export const bigints: Domain<bigint> = { next: (n) => n + 1n, previous: (n) => n - 1n };

/** The canonical set of intervals given in any order, overlapping or touching. */
export function normalize<T>(domain: Domain<T>, intervals: readonly Interval<T>[]): Intervals<T> {
  const sorted = intervals.filter(([first, last]) => first <= last).sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  const result: [T, T][] = [];
  for (const [first, last] of sorted) {
    const top = result.at(-1);
    if (top !== undefined && first <= domain.next(top[1])) {
      if (last > top[1]) top[1] = last;
    } else result.push([first, last]);
  }
  return result;
}

/** Every point of either set. */
export function union<T>(domain: Domain<T>, a: Intervals<T>, b: Intervals<T>): Intervals<T> {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  return normalize(domain, [...a, ...b]);
}

/** The points of both sets. */
export function intersect<T>(a: Intervals<T>, b: Intervals<T>): Intervals<T> {
  const result: Interval<T>[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const [aFirst, aLast] = a[i]!;
    const [bFirst, bLast] = b[j]!;
    const first = aFirst > bFirst ? aFirst : bFirst;
    const last = aLast < bLast ? aLast : bLast;
    if (first <= last) result.push([first, last]);
    if (aLast < bLast) i++;
    else j++;
  }
  return result;
}

/** The points of `a` that are not in `b`. */
export function subtract<T>(domain: Domain<T>, a: Intervals<T>, b: Intervals<T>): Intervals<T> {
  const result: Interval<T>[] = [];
  let j = 0;
  for (const [first, last] of a) {
    let from = first;
    let open = true;
    while (j < b.length && b[j]![1] < from) j++;
    for (let k = j; k < b.length && b[k]![0] <= last; k++) {
      const [holeFirst, holeLast] = b[k]!;
      if (holeFirst > from) result.push([from, domain.previous(holeFirst)]);
      if (holeLast >= last) {
        open = false;
        break;
      }
      from = domain.next(holeLast);
    }
    if (open) result.push([from, last]);
  }
  return result;
}

/** The index of the interval that holds `point`, or -1. */
export function find<T>(intervals: Intervals<T>, point: T): number {
  let low = 0;
  let high = intervals.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [first, last] = intervals[middle]!;
    if (point < first) high = middle - 1;
    else if (point > last) low = middle + 1;
    else return middle;
  }
  return -1;
}

/** Whether `point` is in the set. */
export function has<T>(intervals: Intervals<T>, point: T): boolean {
  return find(intervals, point) >= 0;
}

/** Whether the two sets hold the same points. */
export function equal<T>(a: Intervals<T>, b: Intervals<T>): boolean {
  return a.length === b.length && a.every(([first, last], index) => first === b[index]![0] && last === b[index]![1]);
}

/**
 * The coarsest partition of `whole` such that each given set is a union of its parts: the points where any set begins or
 * ends cut `whole` into atoms.
 */
export function atoms<T>(domain: Domain<T>, whole: Interval<T>, sets: readonly Intervals<T>[]): readonly Interval<T>[] {
  const cuts = new Set<T>([whole[0]]);
  for (const set of sets)
    for (const [first, last] of set) {
      if (first > whole[0] && first <= whole[1]) cuts.add(first);
      if (last >= whole[0] && last < whole[1]) cuts.add(domain.next(last));
    }
  const starts = [...cuts].sort((a, b) => (a < b ? -1 : 1));
  return starts.map((start, index) => [start, index + 1 < starts.length ? domain.previous(starts[index + 1]!) : whole[1]]);
}
