import { expect, test } from 'vitest';
import { PlantedHouse } from './planted-house.ts';

const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');

/** A function whose declaration, all lines counted, has the given length. */
const functionOf = (length: number): string =>
  `export function sum(values: number[]): number {\n  let total = 0;\n${lines(length - 4, () => '  total += values.length;')}\n  return total;\n}\n`;

test('files, functions and branches stay small; tables of data in tests may be long', () => {
  using house = new PlantedHouse([]);
  const fileOf = (length: number): string => `${lines(length, (index) => `export const value${index} = ${index};`)}\n`;
  house.plant('src/core/net/long-file.ts', fileOf(351));
  house.plant('src/core/net/full-file.ts', fileOf(349));
  house.plant('src/core/net/long-file.test.ts', fileOf(351));
  house.plant('src/lab/long-function.ts', functionOf(60));
  house.plant('src/lab/short-function.ts', functionOf(45));
  house.plant(
    'src/lab/tangle.ts',
    `export function tangle(a: number): number {\n${lines(6, (index) => `if (a > ${index}) { for (const b of [a]) { if (b) return b; } }`)}\n  return a;\n}\n`,
  );
  const findings = house.lint().map(({ file, rule }) => `${file} ${rule.split('/').at(-1)}`);
  expect(findings.sort()).toEqual([
    'src/core/net/long-file.ts noExcessiveLinesPerFile',
    'src/lab/long-function.ts noExcessiveLinesPerFunction',
    'src/lab/tangle.ts noExcessiveCognitiveComplexity',
  ]);
});
