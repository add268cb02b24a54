import ipaddr from 'ipaddr.js';

/** Whether the address is in the block as written. Source: semantics.md sections 1.5 and 2.3. */
export function inCidr(address: string, cidr: string): boolean {
  const slash = cidr.indexOf('/');
  const written = ipaddr.parse(decimal(cidr.slice(0, slash)));
  const isMapped = written.kind() === 'ipv6' && (written as ipaddr.IPv6).isIPv4MappedAddress();
  const prefix = Number(cidr.slice(slash + 1));
  const isFour = isMapped && prefix >= 96;
  const network = isFour ? (written as ipaddr.IPv6).toIPv4Address() : written;
  const ip = ipaddr.process(decimal(address));
  if (ip.kind() !== network.kind()) return false;
  return bits(ip).slice(0, isFour ? prefix - 96 : prefix) === bits(network).slice(0, isFour ? prefix - 96 : prefix);
}

/** Whether two texts are the same address. */
export function sameAddress(a: string, b: string): boolean {
  return a === b || ipaddr.process(decimal(a)).toNormalizedString() === ipaddr.process(decimal(b)).toNormalizedString();
}

/** Octets with leading zeros are decimal in Kubernetes. */
const decimal = (address: string): string => (address.includes(':') ? address : address.split('.').map(Number).join('.'));

const bits = (ip: ipaddr.IPv4 | ipaddr.IPv6): string =>
  ip
    .toByteArray()
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('');
