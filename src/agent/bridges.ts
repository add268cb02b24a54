import { existsSync, readdirSync, readFileSync } from 'node:fs';

const settings = '/proc/sys/net/bridge';
const interfaces = '/sys/class/net';

/**
 * Why packets between pods on one bridge of this node may not be judged; undefined when nothing speaks for it. Frames that a bridge forwards meet nftables only
 * where br_netfilter hands them over. Source: ip-sysctl of the kernel, bridge-nf-call-iptables.
 */
export function unjudgedBridges(): string | undefined {
  if (existsSync(settings)) {
    const off = ['bridge-nf-call-iptables', 'bridge-nf-call-ip6tables'].filter(
      (name) => readFileSync(`${settings}/${name}`, 'utf8').trim() === '0',
    );
    return off.length === 0
      ? undefined
      : `${off.map((name) => `net.bridge.${name}=0`).join(' and ')}: packets between pods on one bridge pass unjudged`;
  }
  const bridges = existsSync(interfaces) ? readdirSync(interfaces).filter((name) => existsSync(`${interfaces}/${name}/bridge`)) : [];
  if (bridges.length === 0) return undefined;
  return `br_netfilter is not loaded: packets between pods on one bridge (${bridges.join(', ')}) pass unjudged`;
}
