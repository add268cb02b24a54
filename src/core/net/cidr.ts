import { type Family, formatIp, greatestOf, type Ip, parseIpSloppy, widthOf } from './ip.ts';

/** A block of addresses: every address whose first `prefix` bits are those of `base`. INVARIANT: host bits of `base` are 0. */
export interface Cidr {
  readonly family: Family;
  readonly base: bigint;
  readonly prefix: number;
}

/** A CIDR as it was written, with what Kubernetes would warn of. Source: semantics.md section 1.5. */
export interface WrittenCidr {
  readonly cidr: Cidr;
  /** The prefix length as written: 96 more than the block's own for an IPv4-mapped address. */
  readonly writtenPrefix: number;
  readonly hostBits: boolean;
  readonly leadingZeros: boolean;
  readonly mapped: boolean;
  /** The text is not the canonical one of its network, for reasons other than the three above. */
  readonly canonical: boolean;
}

/** Reads a CIDR as Kubernetes' lenient parser does. Undefined when the text is none. Source: k8s.io/utils/net ParseCIDRSloppy. */
export function parseCidr(text: string): WrittenCidr | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const address = text.slice(0, slash);
  const length = text.slice(slash + 1);
  const ip = parseIpSloppy(address);
  if (ip === undefined || !/^[0-9]+$/.test(length)) return undefined;
  const writtenPrefix = Number(length);
  if (writtenPrefix > (address.includes(':') ? 128 : 32)) return undefined;
  const { cidr, hostBits } = networkOf(ip, ip.spelling.mapped, writtenPrefix);
  const leadingZeros = ip.spelling.leadingZeros || (length.length > 1 && length.startsWith('0'));
  return { cidr, writtenPrefix, hostBits, leadingZeros, mapped: ip.spelling.mapped, canonical: formatCidr(cidr) === text };
}

/** A mapped block wider than /96 masks the mapping prefix away and is a plain IPv6 block. */
function networkOf(ip: Ip, mapped: boolean, writtenPrefix: number): { cidr: Cidr; hostBits: boolean } {
  const wide = mapped && writtenPrefix < 96;
  const family: Family = wide ? 6 : ip.family;
  const value = wide ? (0xffffn << 32n) | ip.value : ip.value;
  const prefix = mapped && !wide ? writtenPrefix - 96 : writtenPrefix;
  const base = value & ~hostMask(family, prefix);
  return { cidr: { family, base, prefix }, hostBits: base !== value };
}

const hostMask = (family: Family, prefix: number): bigint => (1n << BigInt(widthOf(family) - prefix)) - 1n;

/** The first and last address value of the block. */
export function rangeOf({ family, base, prefix }: Cidr): readonly [first: bigint, last: bigint] {
  return [base, base | hostMask(family, prefix)];
}

/** The canonical text of a block. */
export function formatCidr({ family, base, prefix }: Cidr): string {
  return `${formatIp({ family, value: base })}/${prefix}`;
}

/** Whether every address of `inner` is in `outer`. */
export function isWithin(inner: Cidr, outer: Cidr): boolean {
  return (
    inner.family === outer.family && inner.prefix >= outer.prefix && (inner.base & ~hostMask(inner.family, outer.prefix)) === outer.base
  );
}

/** The fewest blocks that together are the range `[first, last]`. */
export function cidrsOf(family: Family, first: bigint, last: bigint): Cidr[] {
  const result: Cidr[] = [];
  let base = first;
  while (base <= last) {
    let prefix = widthOf(family);
    while (prefix > 0) {
      const mask = hostMask(family, prefix - 1);
      if ((base & mask) !== 0n || base + mask > last) break;
      prefix--;
    }
    result.push({ family, base, prefix });
    base += hostMask(family, prefix) + 1n;
    if (base > greatestOf(family)) break;
  }
  return result;
}
