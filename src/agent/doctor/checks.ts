import type { Check } from './check.ts';
import { bridges } from './checks/bridges.ts';
import { conntrackRoom } from './checks/conntrack-room.ts';
import { otherEngines } from './checks/engines.ts';
import { firewalls } from './checks/firewalls.ts';
import { flowtables } from './checks/flowtables.ts';
import { foreignTables } from './checks/foreign-tables.ts';
import { kernelFeatures } from './checks/kernel-features.ts';
import { kubeProxy } from './checks/kube-proxy.ts';
import { marks } from './checks/marks.ts';
import { nftVersion } from './checks/nft-version.ts';
import { reversePath } from './checks/reverse-path.ts';
import { rights } from './checks/rights.ts';
import { untracked } from './checks/untracked.ts';

/** Everything that a doctor looks at on a node, in the order of its report: what is missing, what others do, how the node is set up. */
export const checks: readonly Check[] = [
  rights,
  nftVersion,
  kernelFeatures,
  conntrackRoom,
  foreignTables,
  otherEngines,
  flowtables,
  untracked,
  marks,
  firewalls,
  kubeProxy,
  bridges,
  reversePath,
];
