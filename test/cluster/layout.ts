import { homedir } from 'node:os';
import { join } from 'node:path';

/** One cluster on a machine, whatever clone started it: its state, its logs, the processes it runs. */
export const state = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'sallyport/cluster');

/** The control plane has a network namespace of its own, as every node has. No address below exists outside of these. */
export const control = { namespace: 'sallyport-control', address: '192.168.77.1', port: 6443, bridge: 'lan0' };

/** The range of all pods. */
export const podRange = '10.77.0.0/16';

/** A node: network, mounts and processes of its own. */
export interface ClusterNode {
  readonly name: string;
  readonly namespace: string;
  readonly address: string;
  /** The range of its pods. */
  readonly pods: string;
  /** Its files, as the machine sees them. */
  readonly directory: string;
}

export const nodes: readonly ClusterNode[] = [1, 2].map((number) => ({
  name: `node${number}`,
  namespace: `sallyport-node${number}`,
  address: `192.168.77.1${number}`,
  pods: `10.77.${number}.0/24`,
  directory: join(state, `node${number}`),
}));

/** The images of the cluster: what they are called, and the program that each holds. */
export const images = [
  { program: 'pause', name: 'registry.k8s.io/pause:3.10', words: [] },
  { program: 'agnhost', name: 'registry.k8s.io/e2e-test-images/agnhost:2.56', words: ['pause'] },
] as const;

/** What can be chosen. */
export interface ClusterOptions {
  /** kube-proxy's mode. */
  readonly proxy: 'iptables' | 'nftables';
  /** How pods are linked to their node: each by a link that the node routes, or all on one bridge. */
  readonly cni: 'ptp' | 'bridge';
}

/** What runs on a machine. */
export interface RunningCluster extends ClusterOptions {
  /** The path of the clone that started it, whose agent it runs. */
  readonly clone: string;
}
