import { describe, expect, test } from 'vitest';
import type { Denials } from '#core/ruleset/types.ts';
import { DropTotals } from './drop-totals.ts';

/** Totals, with their sums by policy. */
function totals(most = 10) {
  const sums: Record<string, number> = {};
  const drops = new DropTotals(most, (policy = 'other', direction, packets) => {
    sums[`${direction} ${policy}`] = (sums[`${direction} ${policy}`] ?? 0) + packets;
  });
  return { drops, sums };
}
const ingress = (...policies: string[]): Denials => ({ direction: 'ingress', policies });

describe('what policies have dropped', () => {
  test('is counted for every policy that isolates', () => {
    const { drops, sums } = totals();
    const denials = new Map([
      ['one', ingress('a/x')],
      ['two', ingress('a/x', 'a/y')],
    ]);
    drops.take(new Map([['one', 3]]), denials);
    drops.take(
      new Map([
        ['one', 5],
        ['two', 10],
      ]),
      denials,
    );
    expect(sums).toEqual({ 'ingress a/x': 15, 'ingress a/y': 10 });
  });

  test('never goes back when a counter goes and comes again', () => {
    const { drops, sums } = totals();
    const denials = new Map([['one', ingress('a/x')]]);
    for (const reading of [new Map([['one', 100]]), new Map(), new Map([['one', 4]]), new Map([['one', 2]]), new Map([['one', 3]])])
      drops.take(reading, denials);
    expect(sums).toEqual({ 'ingress a/x': 107 });
  });

  test('counts on for a counter that the ruleset has given up and the kernel still has', () => {
    const { drops, sums } = totals();
    drops.take(new Map([['one', 1]]), new Map([['one', ingress('a/x')]]));
    drops.take(new Map([['one', 5]]), new Map());
    expect(sums).toEqual({ 'ingress a/x': 5 });
  });

  test('is that of others for policies beyond the limit, until a name is free', () => {
    const { drops, sums } = totals(1);
    const denials = new Map([
      ['one', ingress('a/x')],
      ['two', ingress('a/y')],
    ]);
    const read = (one: number, two: number): void =>
      drops.take(
        new Map([
          ['one', one],
          ['two', two],
        ]),
        denials,
      );
    read(1, 1);
    read(1, 5);
    expect(sums).toEqual({ 'ingress a/x': 1, 'ingress other': 5 });
    expect(drops.forget((policy) => policy === 'a/y')).toEqual(['a/x']);
    read(1, 7);
    expect(sums).toEqual({ 'ingress a/x': 1, 'ingress other': 5, 'ingress a/y': 2 });
  });
});
