import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../golden/session.ts';
import { cannotRunLab } from './lab-needs.ts';

const reason = existsSync(join(root, 'build/sallyport.js')) ? cannotRunLab() : 'needs the program: make build';

describe.skipIf(reason !== undefined)(`make demo${reason === undefined ? '' : ` (${reason})`}`, () => {
  it('shows packets that do what the verdicts and the tests of the example say', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/demo.ts'], { cwd: root, encoding: 'utf8', timeout: 110_000 });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/All \d+ connections did what the verdicts say\./);
    expect(stdout).not.toContain('✗');
  });
});
