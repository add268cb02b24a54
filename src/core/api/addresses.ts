import { parseCidr } from '../net/cidr.ts';
import { formatIp, parseIpSloppy } from '../net/ip.ts';
import type { Complaints } from './names.ts';

/** An address; with leading zeros nobody can tell which. Source: parseIP in apimachinery. */
export function checkIp(text: string): Complaints {
  const ip = parseIpSloppy(text);
  if (ip === undefined) return ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'];
  return ip.spelling.leadingZeros ? ['must not have leading 0s'] : [];
}

/** The canonical spelling of a checked address. */
export const canonical = (text: string): string => formatIp(parseIpSloppy(text)!);

/** A block of addresses. Source: parseCIDR in apimachinery. */
export const checkCidr = (text: string): Complaints =>
  parseCidr(text) === undefined ? ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'] : [];
