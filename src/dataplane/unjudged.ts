import { readFileSync } from 'node:fs';
import { type Cidr, isWithin } from '#core/net/cidr.ts';
import { type Family, families, widthOf } from '#core/net/ip.ts';

/** A device on which pods of one node speak to each other past every rule of the node. */
export interface UnjudgedDevice {
  readonly device: string;
  /** The kernel's setting that would bring their packets to nftables. */
  readonly setting: string;
  /** What it is; undefined where the kernel has no such setting, because br_netfilter is not loaded. */
  readonly value: string | undefined;
}

/** A network that this node is in, rather than one behind a router. */
interface ConnectedNetwork {
  readonly network: Cidr;
  readonly device: string;
}

const settings: Record<Family, string> = { 4: 'bridge-nf-call-iptables', 6: 'bridge-nf-call-ip6tables' };

/**
 * Where pods of these ranges are side by side, as on a bridge, and the kernel does not bring their packets to nftables: policy between them
 * cannot be enforced. Pods that are each behind a link of their own are routed, and always judged. Looks at the network namespace of this
 * thread. Source of the settings: ip-sysctl of the kernel.
 */
export function unjudgedDevices(ranges: readonly Cidr[]): UnjudgedDevice[] {
  return families.flatMap((family) => {
    const name = settings[family];
    const value = read(`/proc/sys/net/bridge/${name}`)?.trim();
    if (value === '1') return [];
    const shared = networksOf(family).filter(({ network }) => ranges.some((range) => isWithin(network, range) || isWithin(range, network)));
    const devices = new Set(shared.map(({ device }) => device));
    return (
      [...devices]
        // A bridge has the setting, too; it is seen where the files of this namespace's devices are.
        .filter((device) => read(`/sys/class/net/${device}/bridge/${name.replace('bridge-', '').replaceAll('-', '_')}`)?.trim() !== '1')
        .map((device) => ({ device, setting: `net.bridge.${name}`, value }))
    );
  });
}

const networksOf = (family: Family): ConnectedNetwork[] => {
  const lines = (read(`/proc/thread-self/net/${family === 4 ? 'route' : 'ipv6_route'}`) ?? '').split('\n');
  return lines.flatMap((line) => (family === 4 ? network4(line.split('\t')) : network6(line.trim().split(/\s+/))));
};

/** RTF_GATEWAY: behind a router. Source: linux/route.h. */
const throughRouter = 0x2;
/** What stands for a device where a route leads nowhere: `*` in one list, `lo` in the other. */
const nowhere = ['*', 'lo'];

/** A line of /proc/net/route. Source: fib_route_seq_show in net/ipv4/fib_trie.c. */
function network4([device, destination, , flags, , , , mask]: readonly string[]): ConnectedNetwork[] {
  if (device === undefined || mask === undefined || !/^[0-9A-F]{8}$/.test(mask)) return [];
  const prefix = Number.parseInt(mask, 16).toString(2).replaceAll('0', '').length;
  return connected(4, device, { bytes: destination!.match(/../g)!.reverse().join(''), prefix, flags: flags! });
}

/** A line of /proc/net/ipv6_route. Source: ipv6_route_native_seq_show in net/ipv6/ip6_fib.c. */
function network6([destination, prefix, , , , , , , flags, device]: readonly string[]): ConnectedNetwork[] {
  if (device === undefined) return [];
  return connected(6, device, { bytes: destination!, prefix: Number.parseInt(prefix!, 16), flags: flags! });
}

function connected(
  family: Family,
  device: string,
  { bytes, prefix, flags }: { readonly bytes: string; readonly prefix: number; readonly flags: string },
): ConnectedNetwork[] {
  // A default route leads everywhere, a whole address to one pod.
  if (prefix === 0 || prefix === widthOf(family)) return [];
  if (nowhere.includes(device) || (Number.parseInt(flags, 16) & throughRouter) !== 0) return [];
  return [{ network: { family, base: BigInt(`0x${bytes}`), prefix }, device }];
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
