import { expect, test } from 'vitest';
import { parseTimeout } from './duration.ts';

test.each([
  ['0', 0],
  ['10', 10_000],
  ['300ms', 300],
  ['1s', 1000],
  ['1.5s', 1500],
  ['.5s', 500],
  ['1h2m3s', 3_723_000],
  ['2us', 0.002],
])('%s is %d milliseconds', (text, milliseconds) => expect(parseTimeout(text)).toBeCloseTo(milliseconds));

test.each(['', '-1', '1.5', 's', '1x', '1 s', '1s2', '.s'])('%j is no time', (text) => expect(parseTimeout(text)).toBeUndefined());
