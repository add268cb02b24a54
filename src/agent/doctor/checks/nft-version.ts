import { type Opinion, problem } from '#core/enforcement/examination.ts';
import type { Check } from '../check.ts';

/** The oldest nft that knows what is printed for it. */
const oldest = [1, 0, 1];

/** Which nft is here. */
export const nftVersion: Check = {
  name: 'nft',
  async examine(machine): Promise<Opinion> {
    const text = (await machine.nft(['--version'])).trim();
    const version = /v(\d+(?:\.\d+)*)/.exec(text)?.[1] ?? '';
    if (isOlder(version.split('.').map(Number), oldest))
      return {
        summary: text,
        hindrances: [problem(`nft ${version} is older than ${oldest.join('.')}`, 'install a newer nftables; the image has its own')],
      };
    return { summary: text };
  },
};

function isOlder(version: readonly number[], than: readonly number[]): boolean {
  for (const [index, part] of than.entries()) if ((version[index] ?? 0) !== part) return (version[index] ?? 0) < part;
  return false;
}
