import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { PlantedHouse } from './planted-house.ts';

const knip = fileURLToPath(new URL('../../toolchain/knip/node_modules/.bin/knip', import.meta.url));

describe.skipIf(!existsSync(knip))('nothing stands around unused (needs toolchain/knip)', () => {
  test('unused files, exports and packages are found', () => {
    using house = new PlantedHouse([]);
    house.plant('src/cli/start.ts', `import { used } from './used.ts';\nimport 'yaml';\nused();\n`);
    house.plant('src/cli/used.ts', 'export const used = (): number => 1;\nexport const forgotten = (): number => 2;\n');
    house.plant('src/cli/lonely.ts', 'export const lonely = 3;\n');
    house.plant('src/cli/used.test.ts', `import { used } from './used.ts';\nused();\n`);
    const output = house.run(knip, ['--reporter=json']);
    const { files, issues } = JSON.parse(output) as {
      files: string[];
      issues: { file: string; exports: { name: string }[]; devDependencies: { name: string }[] }[];
    };
    expect(files).toContain('src/cli/lonely.ts');
    expect(files).not.toContain('src/cli/used.test.ts');
    expect(issues.flatMap(({ file, exports }) => exports.map(({ name }) => `${file} ${name}`))).toEqual(['src/cli/used.ts forgotten']);
    const packages = issues.flatMap(({ devDependencies }) => devDependencies.map(({ name }) => name));
    expect(packages).toContain('commander');
    expect(packages).not.toContain('yaml');
  });
});
