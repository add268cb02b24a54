import { existsSync } from 'node:fs';
import { inNamespace, run } from './commands.ts';
import { type ClusterOptions, control, nodes } from './layout.ts';

const exists = (namespace: string): boolean => existsSync(`/run/netns/${namespace}`);

/** Makes the network: a namespace for the control plane with a bridge in it, one for each node, linked to that bridge. */
export function makeNetwork({ cni }: ClusterOptions): void {
  if (exists(control.namespace)) return;
  const canFilterBridges = existsSync('/proc/sys/net/bridge');
  if (cni === 'bridge' && !canFilterBridges)
    throw new Error('CNI=bridge needs br_netfilter (modprobe br_netfilter): without it packets between two pods of a node meet no rule');
  const { namespace, bridge, address } = control;
  run(['ip', 'netns', 'add', namespace]);
  ip(namespace, [
    'link set lo up',
    `link add ${bridge} type bridge forward_delay 0 mcast_snooping 0`,
    `address add ${address}/24 dev ${bridge}`,
    `link set ${bridge} up`,
  ]);
  // What the nodes send to each other is no business of this namespace's filters.
  if (canFilterBridges) setKernel(namespace, { 'net.bridge.bridge-nf-call-iptables': 0, 'net.bridge.bridge-nf-call-ip6tables': 0 });
  for (const node of nodes) {
    run(['ip', 'netns', 'add', node.namespace]);
    ip(namespace, [
      `link add ${node.name} type veth peer name eth0 netns ${node.namespace}`,
      `link set ${node.name} master ${bridge} up`,
      `route add ${node.pods} via ${node.address}`,
    ]);
    ip(node.namespace, [
      'link set lo up',
      `address add ${node.address}/24 dev eth0`,
      'link set eth0 up',
      `route add default via ${address}`,
      ...nodes.filter((other) => other !== node).map((other) => `route add ${other.pods} via ${other.address}`),
    ]);
    setKernel(node.namespace, {
      'net.ipv4.ip_forward': 1,
      'net.ipv4.conf.all.rp_filter': 0,
      'net.ipv4.conf.default.rp_filter': 0,
      // Packets between two pods on a bridge meet the rules of the node only with these.
      ...(cni === 'bridge' && { 'net.bridge.bridge-nf-call-iptables': 1, 'net.bridge.bridge-nf-call-ip6tables': 1 }),
    });
  }
}

/** Removes the network, with every address and link in it. */
export function removeNetwork(): void {
  for (const namespace of [...nodes.map((node) => node.namespace), control.namespace])
    if (exists(namespace)) run(['ip', 'netns', 'delete', namespace]);
}

function ip(namespace: string, commands: readonly string[]): void {
  run(['ip', '-n', namespace, '-batch', '-'], `${commands.join('\n')}\n`);
}

function setKernel(namespace: string, settings: Readonly<Record<string, number>>): void {
  const lines = Object.entries(settings).map(([name, value]) => `echo ${value} >/proc/sys/${name.replaceAll('.', '/')}`);
  run(inNamespace(namespace, ['sh', '-e']), `${lines.join('\n')}\n`);
}
