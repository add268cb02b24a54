import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { PlantedHouse } from './planted-house.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What core must not do, with who refuses it: the rule of the linter, and the compiler where it knows the thing at all. */
const impurities = [
  { name: 'process', text: 'export const use = process.pid;', rule: 'lint/style/noRestrictedGlobals', compiler: true },
  { name: 'console', text: 'export const use = () => console.log(1);', rule: 'lint/style/noRestrictedGlobals', compiler: true },
  { name: 'fetch', text: `export const use = fetch('x');`, rule: 'lint/style/noRestrictedGlobals', compiler: true },
  { name: 'timer', text: 'export const use = setTimeout(() => 0, 1);', rule: 'lint/style/noRestrictedGlobals', compiler: true },
  { name: 'document', text: 'export const use = document.title;', rule: 'lint/style/noRestrictedGlobals', compiler: true },
  { name: 'node', text: `export { readFileSync } from 'node:fs';`, rule: 'lint/correctness/noNodejsModules', compiler: true },
  { name: 'date', text: 'export const use = Date.now();', rule: 'lint/style/noRestrictedGlobals', compiler: false },
  { name: 'new-date', text: 'export const use = new Date();', rule: 'lint/style/noRestrictedGlobals', compiler: false },
  { name: 'global', text: 'export const use = globalThis;', rule: 'lint/style/noRestrictedGlobals', compiler: false },
  { name: 'random', text: 'export const use = Math.random();', rule: 'plugin', compiler: false },
  { name: 'type-import', text: `export type Use = import('../../anchor.ts').Use;`, rule: 'plugin', compiler: false },
] as const;

describe('core is pure', () => {
  test('what is not pure is refused by the linter, and by the compiler where it can', () => {
    using house = new PlantedHouse([]);
    for (const { name, text } of impurities) house.plant(`src/core/net/${name}.ts`, `${text}\n`);
    const refusedByLinter = new Set(house.lint().map(({ file, rule }) => `${file} ${rule}`));
    for (const { name, rule } of impurities) expect(refusedByLinter).toContain(`src/core/net/${name}.ts ${rule}`);
    const refusedByCompiler = new Set(house.compile().map(({ file }) => file));
    for (const { name, compiler } of impurities) if (compiler) expect(refusedByCompiler).toContain(`src/core/net/${name}.ts`);
  });

  test('what is pure passes', () => {
    using house = new PlantedHouse([]);
    house.plant('src/core/net/pure.ts', 'export const largest = (values: readonly number[]): number => Math.max(...values);\n');
    expect(house.compile()).toEqual([]);
    expect(house.lint()).toEqual([]);
  });

  test('nothing switches these rules off', () => {
    const files = globSync('src/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'));
    expect(files.length).toBeGreaterThan(10);
    const suppression = /biome-ignore.*(noRestricted|noNodejsModules|plugin|noExcessive|noImportCycles)|@ts-(ignore|nocheck|expect-error)/;
    expect(files.filter((file) => suppression.test(readFileSync(`${root}/${file}`, 'utf8')))).toEqual([]);
  });
});
