import { type Opinion, warning } from '#core/enforcement/examination.ts';
import type { Check } from '../check.ts';
import { type Listed, placeOf } from '../machine.ts';

/**
 * Other filters that drop what is forwarded. That they accept changes nothing: a packet goes on to the next base chain of its hook. But what they drop is
 * dropped, whatever policy says.
 */
export const firewalls: Check = {
  name: 'firewalls',
  async examine(machine): Promise<Opinion> {
    const { tables, listed } = await machine.foreign();
    const forwarding = listed.filter(({ kind, type, hook }) => kind === 'chain' && type === 'filter' && hook === 'forward');
    const hindrances = forwarding
      .filter((chain) => dropsTheRest(chain, listed))
      .map((chain) => {
        const owner = ownerOf(tables, listed);
        return warning(
          `${placeOf(chain)} drops what it does not know of all that is forwarded${owner === undefined ? '' : ` (${owner.name})`}: allowed connections of pods may end there`,
          owner?.remedy ??
            `accept the ranges of pods there: nft insert rule ${chain.family} ${chain.table} ${chain.name} ip saddr POD-RANGE accept, and the same with daddr`,
        );
      });
    return {
      summary: `${forwarding.length} other filter${forwarding.length === 1 ? '' : 's'} of what is forwarded${hindrances.length === 0 ? ', none drops the rest' : ''}`,
      hindrances,
    };
  },
};

/** Whether a chain drops what none of its rules speaks of: by its policy, or by a last rule without a condition. */
function dropsTheRest(chain: Listed, listed: readonly Listed[]): boolean {
  if (chain.policy === 'drop') return true;
  const last = listed.findLast(
    (each) => each.kind === 'rule' && each.family === chain.family && each.table === chain.table && each.chain === chain.name,
  );
  const statements = (last?.expr ?? []).filter((part) => !('counter' in part) && !('log' in part));
  return statements.length === 1 && ('drop' in statements[0]! || 'reject' in statements[0]!);
}

/** Whose filter it is, where its names tell. */
function ownerOf(tables: readonly string[], listed: readonly Listed[]): { readonly name: string; readonly remedy: string } | undefined {
  if (tables.includes('inet firewalld'))
    return { name: 'firewalld', remedy: 'firewall-cmd --permanent --zone=trusted --add-source=POD-RANGE && firewall-cmd --reload' };
  if (listed.some(({ kind, name }) => kind === 'chain' && name.startsWith('ufw-')))
    return { name: 'ufw', remedy: 'ufw route allow from POD-RANGE && ufw route allow to POD-RANGE' };
  if (listed.some(({ kind, name }) => kind === 'chain' && name === 'DOCKER-USER'))
    return {
      name: 'Docker',
      remedy: 'iptables -P FORWARD ACCEPT, which Docker sets to DROP, or rules for the ranges of pods in DOCKER-USER',
    };
  return undefined;
}
