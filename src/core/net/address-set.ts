import { type Cidr, cidrsOf, formatCidr, rangeOf } from './cidr.ts';
import { bigints, equal, has, type Interval, type Intervals, intersect, normalize, subtract, union } from './interval.ts';
import { type Family, families, formatIp, greatestOf, type Ip } from './ip.ts';

/** A set of addresses of both families. Canonical: equal sets are equal values. */
export interface AddressSet {
  readonly 4: Intervals<bigint>;
  readonly 6: Intervals<bigint>;
}

export const noAddresses: AddressSet = { 4: [], 6: [] };
export const allAddresses: AddressSet = { 4: [[0n, greatestOf(4)]], 6: [[0n, greatestOf(6)]] };

const each = (combine: (family: Family) => Intervals<bigint>): AddressSet => ({ 4: combine(4), 6: combine(6) });

/** The addresses of the given ranges of one family, in any order. */
export function addressRanges(family: Family, ranges: readonly Interval<bigint>[]): AddressSet {
  return each((each) => (each === family ? normalize(bigints, ranges) : []));
}

/** The addresses of the given blocks. */
export function addressesOf(cidrs: readonly Cidr[]): AddressSet {
  return each((family) =>
    normalize(
      bigints,
      cidrs.filter((cidr) => cidr.family === family).map((cidr) => rangeOf(cidr)),
    ),
  );
}

/** The set of single addresses. */
export function addressesFrom(ips: readonly Ip[]): AddressSet {
  return each((family) =>
    normalize(
      bigints,
      ips.filter((ip) => ip.family === family).map((ip): Interval<bigint> => [ip.value, ip.value]),
    ),
  );
}

export const uniteAddresses = (a: AddressSet, b: AddressSet): AddressSet => each((family) => union(bigints, a[family], b[family]));
/** Every address of some of the sets, however many they are. */
export const uniteAllAddresses = (sets: readonly AddressSet[]): AddressSet =>
  each((family) =>
    normalize(
      bigints,
      sets.flatMap((set) => set[family]),
    ),
  );

export const intersectAddresses = (a: AddressSet, b: AddressSet): AddressSet => each((family) => intersect(a[family], b[family]));
export const subtractAddresses = (a: AddressSet, b: AddressSet): AddressSet => each((family) => subtract(bigints, a[family], b[family]));
export const equalAddresses = (a: AddressSet, b: AddressSet): boolean => families.every((family) => equal(a[family], b[family]));
export const hasAddress = (set: AddressSet, ip: Ip): boolean => has(set[ip.family], ip.value);
export const isEmptyAddresses = (set: AddressSet): boolean => set[4].length === 0 && set[6].length === 0;

/** The set as `first-last` ranges (a single address stands alone), IPv4 first, ascending. */
export function formatRanges(set: AddressSet): string[] {
  return families.flatMap((family) => set[family].map((interval) => formatRange(family, interval)));
}

/** One range as text: `10.0.0.0-10.0.0.255`, or the address alone. */
export function formatRange(family: Family, [first, last]: Interval<bigint>): string {
  const start = formatIp({ family, value: first });
  return first === last ? start : `${start}-${formatIp({ family, value: last })}`;
}

/** The set as the fewest CIDR blocks, IPv4 first, ascending. */
export function formatCidrs(set: AddressSet): string[] {
  return families.flatMap((family) => set[family].flatMap(([first, last]) => cidrsOf(family, first, last).map(formatCidr)));
}
