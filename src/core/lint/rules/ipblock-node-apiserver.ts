import { hasAddress } from '../../net/address-set.ts';
import { parseCidr } from '../../net/cidr.ts';
import { parseIp } from '../../net/ip.ts';
import { remarkOn } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

/** Blocks wider than this are about the world. */
const widest = { 4: 9, 6: 32 };

/** A block for nodes, which not every network plugin takes. */
export const ipblockNodeApiserver: LintRule = {
  code: 'ipblock-node-apiserver',
  severity: 'note',
  summary: 'a block holds addresses of nodes, where the API server may be; whether it means them depends on the network plugin',
  *check(context) {
    const { cluster, settled } = context.analysis;
    if (settled.has('ipblock-nodes')) return;
    for (const block of context.blocks()) {
      const { cidr, addresses } = block.item;
      const { family, prefix } = parseCidr(cidr)!.cidr;
      if (prefix < widest[family]) continue;
      const node = [...cluster.nodes.values()].find((each) => each.addresses.some((ip) => hasAddress(addresses, parseIp(ip)!)));
      if (node !== undefined)
        yield remarkOn(
          block,
          'peers',
          `${cidr} holds Node ${node.name}: Cilium matches nodes by blocks only with policyCIDRMatchMode nodes`,
        );
    }
  },
};
