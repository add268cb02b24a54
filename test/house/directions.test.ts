import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { compiledRooms, type Finding, PlantedHouse } from './planted-house.ts';

const src = fileURLToPath(new URL('../../src', import.meta.url));

/** For each room of core, the rooms that it may import. */
const mayImportInCore: Record<string, readonly string[]> = {
  net: [],
  label: [],
  api: ['net', 'label'],
  cluster: ['net', 'label', 'api'],
  policy: ['net', 'label', 'api', 'cluster'],
  verdict: ['net', 'label', 'api', 'cluster', 'policy'],
  ruleset: ['net', 'label', 'api', 'cluster', 'policy'],
  connectivity: ['net', 'label', 'api', 'cluster', 'policy', 'verdict'],
  advise: ['net', 'label', 'api', 'cluster', 'policy', 'verdict', 'connectivity'],
  generate: ['net', 'label', 'api', 'cluster', 'policy', 'verdict', 'connectivity', 'advise'],
  lint: ['net', 'label', 'api', 'cluster', 'policy', 'verdict', 'connectivity'],
  expect: ['net', 'label', 'api', 'cluster', 'policy', 'verdict', 'connectivity'],
  document: ['net', 'label', 'api', 'cluster', 'policy', 'verdict', 'connectivity', 'advise', 'expect'],
  enforcement: ['net', 'label', 'api', 'cluster', 'policy'],
  render: [
    'net',
    'label',
    'api',
    'cluster',
    'policy',
    'verdict',
    'ruleset',
    'connectivity',
    'advise',
    'generate',
    'lint',
    'expect',
    'document',
    'enforcement',
  ],
};

const mayImport: Record<(typeof compiledRooms)[number], readonly string[]> = {
  core: [],
  manifest: ['core'],
  kube: ['core'],
  dataplane: ['core'],
  agent: ['core', 'dataplane'],
  lab: ['core', 'dataplane', 'agent'],
  page: ['core'],
  library: ['core', 'manifest'],
  lsp: ['core', 'manifest'],
  cli: ['core', 'manifest', 'kube', 'dataplane', 'agent', 'lab', 'lsp'],
};

const foldersOf = (path: string): string[] =>
  readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));

const refusedBy = (findings: readonly Finding[], rule: string): Set<string> =>
  new Set(findings.flatMap((finding) => (finding.rule === rule ? [finding.file] : [])));

describe('imports go leftwards only', () => {
  test('every room has its place in the order', () => {
    expect(foldersOf(`${src}/core`).sort()).toEqual(Object.keys(mayImportInCore).sort());
    expect(foldersOf(src).sort()).toEqual([...compiledRooms].sort());
  });

  test('the linter refuses every other direction between the rooms of core, however it is written', () => {
    const rooms = Object.keys(mayImportInCore);
    using house = new PlantedHouse(rooms.map((room) => `src/core/${room}`));
    const forbidden = new Set<string>();
    const forms = {
      value: (path: string) => `import { anchor } from '${path}';\nexport const use = anchor;\n`,
      type: (path: string) => `import type { anchor } from '${path}';\nexport type Use = typeof anchor;\n`,
      reexport: (path: string) => `export { anchor } from '${path}';\n`,
      dynamic: (path: string) => `export const use = import('${path}');\n`,
      alias: (path: string) => `import { anchor } from '${path.replace('../', '#core/')}';\nexport const use = anchor;\n`,
    };
    for (const room of rooms)
      for (const target of rooms)
        for (const [form, write] of Object.entries(forms)) {
          if (room === target) continue;
          const file = `src/core/${room}/${form}-${target}.ts`;
          house.plant(file, write(`../${target}/anchor.ts`));
          if (form === 'alias' || !mayImportInCore[room]!.includes(target)) forbidden.add(file);
        }
    expect(refusedBy(house.lint(), 'lint/style/noRestrictedImports')).toEqual(forbidden);
  });

  test('core imports no package, and the room says why', () => {
    const rooms = Object.keys(mayImportInCore);
    using house = new PlantedHouse([]);
    for (const room of rooms) house.plant(`src/core/${room}/outside.ts`, `export { parse } from 'yaml';\n`);
    house.plant('src/core/between.ts', `export { anchor } from './net/anchor.ts';\n`);
    const findings = house.lint();
    expect(refusedBy(findings, 'lint/style/noRestrictedImports').size).toBe(rooms.length + 1);
    expect(findings.find(({ file }) => file === 'src/core/verdict/outside.ts')?.message).toContain('independent judges');
  });

  test('compiler and linter refuse every other direction between the rooms around core', () => {
    using house = new PlantedHouse(compiledRooms.map((room) => `src/${room}`));
    const forbidden = new Set<string>();
    for (const room of compiledRooms)
      for (const target of compiledRooms) {
        if (room === target) continue;
        const file = `src/${room}/of-${target}.ts`;
        house.plant(file, `import { anchor } from '#${target}/anchor.ts';\nexport const use: number = anchor;\n`);
        if (!mayImport[room].includes(target)) forbidden.add(file);
      }
    expect(refusedBy(house.compile(), 'TS6307')).toEqual(forbidden);
    expect(refusedBy(house.lint(), 'lint/style/noRestrictedImports')).toEqual(forbidden);
  });

  test('the reference evaluator shares no code with what it judges', () => {
    using house = new PlantedHouse([]);
    for (const room of ['policy', 'verdict', 'ruleset', 'api']) {
      house.plant(`test/reference/of-${room}.ts`, `export { anchor } from '#core/${room}/anchor.ts';\n`);
    }
    expect(refusedBy(house.lint(), 'lint/style/noRestrictedImports')).toEqual(
      new Set(['policy', 'verdict', 'ruleset'].map((room) => `test/reference/of-${room}.ts`)),
    );
  });
});
