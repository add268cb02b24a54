import { type Opinion, warning } from '#core/enforcement/examination.ts';
import type { Check } from '../check.ts';
import { contains } from '../machine.ts';

/**
 * Whether nft understands everybody's tables. Programs bring nft versions of their own; what a newer one has written an older one may show wrongly, or die
 * of. The agent neither reads nor writes other tables, so this hinders people and `doctor`, and nft where it reads them all the same.
 */
export const foreignTables: Check = {
  name: 'tables',
  async examine(machine): Promise<Opinion> {
    const { tables, listed, unlisted } = await machine.foreign();
    const hindrances = unlisted.map(({ table, reason }) =>
      warning(
        `nft cannot list table ${table} (${reason}): a newer nft has written it`,
        'use the same nftables on the node as in the pods that program it; the agent goes on, what this table does is not seen here',
      ),
    );
    for (const table of tables) {
      const isOpaque = listed.some(
        (each) => `${each.family} ${each.table}` === table && each.expr?.some((part) => part === null || contains(part, isUnknown)),
      );
      if (isOpaque)
        hindrances.push(
          warning(`nft does not understand all rules of table ${table}`, 'a newer nftables shows them; what they do is not seen here'),
        );
    }
    const legacy = [machine.read('/proc/thread-self/net/ip_tables_names'), machine.read('/proc/thread-self/net/ip6_tables_names')];
    const names = [...new Set(legacy.flatMap((text) => (text ?? '').split('\n').filter(Boolean)))];
    if (names.length > 0)
      hindrances.push(
        warning(
          `iptables-legacy has rules here (${names.join(', ')}), which nft does not see`,
          'look at them with iptables-legacy-save: what they drop is dropped, whatever policy says; -j NOTRACK and -j CONNMARK concern the agent',
        ),
      );
    return { summary: `${tables.length} of others${hindrances.length === 0 ? ', all understood' : ''}`, hindrances };
  },
};

/** What nft writes for an expression that it does not know. Source: libnftables' json.c. */
const isUnknown = (value: Readonly<Record<string, unknown>>): boolean => Object.values(value).includes('unknown');
