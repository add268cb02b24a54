import { podsOf } from '../../cluster/cluster.ts';
import { parseCidr } from '../../net/cidr.ts';
import { type Family, families } from '../../net/ip.ts';
import type { LintContext } from '../context.ts';
import { blocksIn, type LintedPolicy, remarkOn } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

/** The internet of one family, in a cluster of both. */
export const dualstackAsymmetry: LintRule = {
  code: 'dualstack-asymmetry',
  severity: 'warning',
  summary: 'a rule speaks of all of one address family and of nothing of the other, in a cluster that has both',
  *check(context) {
    if (!isDualStack(context)) return;
    for (const rule of context.rules()) {
      const blocks = blocksIn(rule).map((block) => ({ block, cidr: parseCidr(block.item.cidr)!.cidr }));
      const wide = blocks.find(({ cidr }) => cidr.prefix === 0);
      if (wide === undefined || blocks.some(({ cidr }) => cidr.family !== wide.cidr.family)) continue;
      if (areOfOneFamily(rule.policy)) continue;
      const other = wide.cidr.family === 4 ? '::/0' : '0.0.0.0/0';
      yield remarkOn(
        wide.block,
        'peers',
        `this is IPv${wide.cidr.family} only, and the cluster has both families; ${other} is not in the rule`,
      );
    }
  },
};

/** Whether none of the pods that the policy is for, of which there are some, has addresses of both families. */
function areOfOneFamily({ subjects }: LintedPolicy): boolean {
  const pods = subjects.flatMap(({ members }) => [...members.values()]).filter(({ addresses }) => addresses.length > 0);
  return pods.length > 0 && pods.every(({ addresses, assumedAddress }) => !assumedAddress && addresses.length === 1);
}

/** Addresses that were read tell; those that this program gave do not. */
function isDualStack({ analysis: { cluster }, services }: LintContext): boolean {
  const pods = [...podsOf(cluster)].filter(({ assumedAddress }) => !assumedAddress).flatMap(({ addresses }) => addresses);
  const all = [...pods, ...services.flatMap(({ clusterIps }) => clusterIps)];
  const familyOf = (address: string): Family => (address.includes(':') ? 6 : 4);
  const found = new Set(all.map(familyOf));
  return families.every((family) => found.has(family));
}
