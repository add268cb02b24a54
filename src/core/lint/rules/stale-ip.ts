import { podsOf } from '../../cluster/cluster.ts';
import { parseCidr } from '../../net/cidr.ts';
import { formatIp, widthOf } from '../../net/ip.ts';
import type { LintContext } from '../context.ts';
import { titleOf } from '../context.ts';
import { type BlockPeer, remarkOn } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

/** A single address that a pod or a node has today. */
export const staleIp: LintRule = {
  code: 'stale-ip',
  severity: 'warning',
  summary: 'a block is the address that a pod or a node has today, and may not have tomorrow',
  *check(context) {
    const owners = ownersOf(context);
    for (const block of context.blocks()) {
      const address = singleOf(block.item);
      const owner = address === undefined ? undefined : owners.get(address);
      if (owner === undefined) continue;
      yield remarkOn(block, 'peers', `${address} is the address of ${owner.title} today; ${owner.advice}`);
    }
  },
};

function singleOf({ cidr }: BlockPeer): string | undefined {
  const { family, base, prefix } = parseCidr(cidr)!.cidr;
  return prefix === widthOf(family) ? formatIp({ family, value: base }) : undefined;
}

interface AddressHolder {
  readonly title: string;
  readonly advice: string;
}

function ownersOf({ analysis: { cluster } }: LintContext): ReadonlyMap<string, AddressHolder> {
  const owners = new Map<string, AddressHolder>();
  for (const pod of podsOf(cluster)) {
    if (pod.assumedAddress || pod.hostNetwork) continue;
    for (const address of pod.addresses) owners.set(address, { title: titleOf(pod), advice: 'select it by its labels' });
  }
  for (const { name, addresses } of cluster.nodes.values())
    for (const address of addresses)
      owners.set(address, { title: `Node ${name}`, advice: 'nodes come and go: use the range that they are in' });
  return owners;
}
