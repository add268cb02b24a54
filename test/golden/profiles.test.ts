import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { profilesPage } from '#core/render/profiles.ts';
import { root } from './session.ts';

test('docs/profiles.md says what the code knows; otherwise run `node scripts/profiles.ts`', () => {
  expect(readFileSync(join(root, 'docs/profiles.md'), 'utf8')).toBe(`${[...profilesPage()].join('\n')}\n`);
});
