import { hasAddress } from '../../net/address-set.ts';
import { parseCidr } from '../../net/cidr.ts';
import { parseIp } from '../../net/ip.ts';
import { remarkOn } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

/** Where clouds tell instances their credentials. */
const endpoints = ['169.254.169.254', 'fd00:ec2::254'];

/** A wide block that holds the address of a cloud's credentials. */
export const metadataReachable: LintRule = {
  code: 'metadata-reachable',
  severity: 'note',
  summary: "a wide block lets pods ask a cloud's metadata address for the credentials of their node",
  *check(context) {
    for (const block of context.blocks('egress')) {
      const { cidr, addresses } = block.item;
      // A narrow block names the address on purpose.
      if (parseCidr(cidr)!.cidr.prefix > 16) continue;
      const found = endpoints.find((address) => hasAddress(addresses, parseIp(address)!));
      if (found === undefined) continue;
      const hole = found.includes(':') ? `${found}/128` : `${found}/32`;
      yield remarkOn(
        block,
        'peers',
        `${found}, where clouds hand out the credentials of the node, is in ${cidr}; add it to \`except\`: ${hole}`,
      );
    }
  },
};
