import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../golden/session.ts';
import { GuideReader, told } from '../guides/guides.ts';
import { cannotRunLab } from './lab-needs.ts';

const missing = cannotRunLab();
const guide = new GuideReader('kernel');

/** What is as the page of a node says that is ill. */
const ill = `table ip filter {
  chain cali-FORWARD { }
  chain DOCKER-USER { }
  chain FORWARD { type filter hook forward priority 0; policy drop; }
}
table inet shaper {
  chain before { type filter hook prerouting priority 0; ct mark set meta mark; }
}`;

/** Runs a command of a guide in a network namespace of its own, after nft has had a script. */
function run(command: string, script = ''): { readonly status: number | null; readonly stdout: string } {
  const ours = command.replace(/^sallyport /, `${process.execPath} ${join(root, 'src/cli/start.ts')} `);
  return spawnSync('unshare', ['--net', 'bash', '-ec', `nft -f - && ${ours}`], { encoding: 'utf8', input: script });
}

/** What is another on every machine. */
const anywhere = (text: string): string =>
  text
    .replaceAll(/nftables v\S+ \(.*\)/g, 'nftables')
    .replaceAll(/Linux \S+/g, 'Linux')
    .replaceAll(/\d+ of \d+ connections/g, 'connections')
    .trimEnd();

describe.skipIf(missing !== undefined)(`what guides run on a node${missing === undefined ? '' : ` (${missing})`}`, () => {
  test('before anything is there nothing hinders', () => {
    const { text } = guide.take('docs/install.md', 'sallyport doctor');
    expect(run(text)).toMatchObject({ status: 0, stdout: expect.stringMatching(/nothing hinders enforcement here \(14 checks\)\n$/) });
  });

  test('a node that is ill', () => {
    const shown = guide.take('docs/troubleshoot.md', 'sallyport doctor');
    const { status, stdout } = run(shown.text, ill);
    expect(anywhere(stdout)).toBe(anywhere(told('docs/troubleshoot.md', shown, stdout)));
    expect(status).toBe(1);
  });

  test('nothing is left out', () => {
    expect(guide.left).toEqual([]);
  });
});
