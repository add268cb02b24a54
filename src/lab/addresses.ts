import { type AddressSet, addressesOf, subtractAddresses } from '#core/net/address-set.ts';
import { cidrsOf, isWithin, parseCidr, rangeOf } from '#core/net/cidr.ts';
import { type Family, families, formatIp, parseIp } from '#core/net/ip.ts';

const unusable: readonly (readonly [cidr: string, reason: string])[] = [
  ['0.0.0.0/8', 'it means "this network"'],
  ['127.0.0.0/8', 'it is a loopback address'],
  ['169.254.0.0/16', 'it is a link-local address'],
  ['224.0.0.0/4', 'it is a multicast address'],
  ['255.255.255.255/32', 'it is the broadcast address'],
  ['::/127', 'it is unspecified or a loopback address'],
  ['fe80::/10', 'it is a link-local address'],
  ['ff00::/8', 'it is a multicast address'],
];

// Networks for nodes that have no address of their own; the first that holds nobody's address is taken.
const nodeNetworks: Readonly<Record<4 | 6, readonly string[]>> = {
  4: ['172.18.0.0/16', '192.168.0.0/16', '10.200.0.0/16', '100.64.0.0/10'],
  6: ['fd00:172:18::/64', 'fd00:192:168::/64', 'fd00:10:200::/64', 'fd00:100:64::/64'],
};

/** Why no machine can have the address, or undefined when one can. */
export function unusableReason(address: string): string | undefined {
  const ip = parseIp(address);
  if (ip === undefined) return 'it is not an IP address';
  const [host] = cidrsOf(ip.family, ip.value, ip.value);
  return unusable.find(([cidr]) => isWithin(host!, parseCidr(cidr)!.cidr))?.[1];
}

/** The first address of the set that a machine can have, or undefined when none can. */
export function firstUsable(set: AddressSet): string | undefined {
  const all = addressesOf(unusable.map(([cidr]) => parseCidr(cidr)!.cidr));
  const usable = subtractAddresses(set, all);
  const family = families.find((each) => usable[each].length > 0);
  return family && formatIp({ family, value: usable[family][0]![0] });
}

/**
 * A function that returns, at each call, the addresses of another node, one of each family: none of `taken`, and outside networks that
 * hold addresses of pods as long as one is free of them.
 */
export function freshNodeAddresses(podAddresses: readonly string[], taken: ReadonlySet<string>): () => string[] {
  const ips = podAddresses.flatMap((address) => parseIp(address) ?? []);
  const fresh = families.map((family) => {
    const ranges = nodeNetworks[family].map((network) => rangeOf(parseCidr(network)!.cidr));
    const [first] =
      ranges.find(([low, high]) => !ips.some((ip) => ip.family === family && ip.value >= low && ip.value <= high)) ?? ranges[0]!;
    return addressesFrom(family, first + 2n, new Set([...podAddresses, ...taken]));
  });
  return () => fresh.map((addresses) => addresses.next().value);
}

/** The addresses from `first` on that are not taken, in order. */
export function* addressesFrom(family: Family, first: bigint, taken: Pick<ReadonlySet<string>, 'has'>): Generator<string, never> {
  for (let value = first; ; value++) {
    const address = formatIp({ family, value });
    if (!taken.has(address)) yield address;
  }
}
