import { podsOf } from '../../cluster/cluster.ts';
import {
  type AddressSet,
  addressesFrom,
  addressesOf,
  intersectAddresses,
  isEmptyAddresses,
  uniteAddresses,
} from '../../net/address-set.ts';
import { parseCidr } from '../../net/cidr.ts';
import { parseIp, widthOf } from '../../net/ip.ts';
import type { LintContext } from '../context.ts';
import { remarkOn } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

/** Blocks wider than this are about the world, and pods are in them by the way. */
const widest = { 4: 9, 6: 32 };

/** A block for pods, which not every network plugin takes. */
export const ipblockPodcidr: LintRule = {
  code: 'ipblock-podcidr',
  severity: 'warning',
  summary: 'a block holds addresses of pods; whether it means them depends on the network plugin',
  *check(context) {
    if (context.analysis.settled.has('ipblock-pods')) return;
    const pods = podAddresses(context);
    for (const block of context.blocks()) {
      const { cidr, addresses } = block.item;
      const { family, prefix } = parseCidr(cidr)!.cidr;
      // A single address is stale-ip's.
      if (prefix < widest[family] || prefix === widthOf(family) || isEmptyAddresses(intersectAddresses(addresses, pods))) continue;
      const message = `${cidr} holds addresses of pods, which some network plugins (Cilium) do not match by blocks; select the pods by labels`;
      yield remarkOn(block, 'peers', message);
    }
  },
};

/** The addresses that pods are known to have, and those that nodes have for them. */
function podAddresses({ analysis: { cluster } }: LintContext): AddressSet {
  const known = [...podsOf(cluster)].filter(({ assumedAddress, hostNetwork }) => !assumedAddress && !hostNetwork);
  const ips = known.flatMap(({ addresses }) => addresses.map((address) => parseIp(address)!));
  const ranges = [...cluster.nodes.values()].flatMap(({ podCidrs }) => podCidrs.map((cidr) => parseCidr(cidr)!.cidr));
  return uniteAddresses(addressesFrom(ips), addressesOf(ranges));
}
