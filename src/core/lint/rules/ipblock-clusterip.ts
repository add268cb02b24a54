import { hasAddress } from '../../net/address-set.ts';
import { parseCidr } from '../../net/cidr.ts';
import { parseIp, widthOf } from '../../net/ip.ts';
import { remarkOn } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

/** Blocks wider than this are about the world, not about Services. */
const widest = { 4: 10, 6: 48 };

/** A block of Service addresses, which no packet has any more when a policy sees it. */
export const ipblockClusterip: LintRule = {
  code: 'ipblock-clusterip',
  severity: 'warning',
  summary: 'a block holds addresses of Services, which are translated to those of pods before policies see them',
  *check(context) {
    const services = context.services.filter(({ clusterIps }) => clusterIps.length > 0);
    for (const block of context.blocks('egress')) {
      const { cidr, addresses } = block.item;
      const { family, prefix } = parseCidr(cidr)!.cidr;
      if (prefix < widest[family]) continue;
      const service = services.find(({ clusterIps }) => clusterIps.some((ip) => hasAddress(addresses, parseIp(ip)!)));
      if (service === undefined) continue;
      const what =
        prefix === widthOf(family)
          ? `is the address of Service ${service.namespace}/${service.name}`
          : `holds addresses of Services (${service.namespace}/${service.name})`;
      yield remarkOn(block, 'peers', `${cidr} ${what}; policies see the pods behind it: select those instead`);
    }
  },
};
