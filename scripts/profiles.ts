import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { profilesPage } from '#core/render/profiles.ts';

// Writes docs/profiles.md; test/golden/profiles.test.ts fails when that was forgotten.
writeFileSync(join(import.meta.dirname, '../docs/profiles.md'), `${[...profilesPage()].join('\n')}\n`);
