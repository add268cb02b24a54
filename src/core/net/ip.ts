/** The IP version of an address. */
export type Family = 4 | 6;

/** An address. IPv4-mapped IPv6 addresses are IPv4 addresses here, as everywhere in Kubernetes. */
export interface Ip {
  readonly family: Family;
  readonly value: bigint;
}

export const families: readonly Family[] = [4, 6];

/** The number of bits of an address of the family. */
export const widthOf = (family: Family): 32 | 128 => (family === 4 ? 32 : 128);

/** The greatest address value of the family. */
export const greatestOf = (family: Family): bigint => (1n << BigInt(widthOf(family))) - 1n;

const mappedPrefix = 0xffffn << 32n;

/** What of an address' spelling differs from the canonical one. */
export interface Spelling {
  readonly leadingZeros: boolean;
  readonly mapped: boolean;
}

/**
 * Reads an address the way Kubernetes' lenient parser does: octets with leading zeros are decimal, no zones.
 * Undefined when the text is no address. Source: k8s.io/utils/net ParseIPSloppy.
 */
export function parseIpSloppy(text: string): (Ip & { readonly spelling: Spelling }) | undefined {
  if (!text.includes(':')) {
    const four = parseOctets(text);
    return four && { family: 4, value: four.value, spelling: { leadingZeros: four.leadingZeros, mapped: false } };
  }
  const six = parseGroups(text);
  if (six === undefined) return undefined;
  if (six.value >> 32n === 0xffffn) {
    return { family: 4, value: six.value & 0xffff_ffffn, spelling: { leadingZeros: six.leadingZeros, mapped: true } };
  }
  return { family: 6, value: six.value, spelling: { leadingZeros: six.leadingZeros, mapped: false } };
}

/** An IPv4 address as the IPv6 address that it is mapped to; an IPv6 address as it is. */
export const asMapped = ({ family, value }: Ip): Ip => ({ family: 6, value: family === 4 ? mappedPrefix | value : value });

/** Whether all addresses of an IPv6 range are mapped ones, which are IPv4 addresses everywhere. */
export const isMappedRange = (first: bigint, last: bigint): boolean => first >> 32n === 0xffffn && last >> 32n === 0xffffn;

/** Reads an address, leading zeros refused. Undefined when the text is no address. */
export function parseIp(text: string): Ip | undefined {
  const parsed = parseIpSloppy(text);
  return parsed === undefined || parsed.spelling.leadingZeros ? undefined : { family: parsed.family, value: parsed.value };
}

/** Four decimal octets, read character by character: a cluster has tens of thousands. */
function parseOctets(text: string): { value: bigint; leadingZeros: boolean } | undefined {
  let value = 0;
  let leadingZeros = false;
  let end = -1;
  for (let octets = 0; octets < 4; octets++) {
    const start = end + 1;
    end = octets === 3 ? text.length : text.indexOf('.', start);
    if (end <= start) return undefined;
    const octet = decimal(text, start, end);
    if (octet > 255) return undefined;
    if (end - start > 1 && text[start] === '0') leadingZeros = true;
    value = value * 256 + octet;
  }
  return { value: BigInt(value), leadingZeros };
}

/** The number that the digits of a part of the text make; infinity when something else is among them. */
function decimal(text: string, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return Number.POSITIVE_INFINITY;
    value = value * 10 + digit;
  }
  return value;
}

/** What is written between colons. */
interface Groups {
  /** Of 16 bits each. */
  readonly groups: readonly number[];
  /** In the four octets at the end. */
  readonly leadingZeros: boolean;
}

function parseGroups(text: string): { value: bigint; leadingZeros: boolean } | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const isWhole = halves.length === 1;
  const head = readGroups(halves[0]!, isWhole);
  const tail = readGroups(halves[1] ?? '', true);
  if (head === undefined || tail === undefined) return undefined;
  const zeros = 8 - head.groups.length - tail.groups.length;
  if (isWhole ? zeros !== 0 : zeros < 1) return undefined;
  const value = valueOfGroups([...head.groups, ...new Array<number>(zeros).fill(0), ...tail.groups]);
  return { value, leadingZeros: head.leadingZeros || tail.leadingZeros };
}

/** The 16-bit groups between colons; the last may be a dotted quad when nothing can follow it. */
function readGroups(text: string, quadAllowed: boolean): Groups | undefined {
  const groups: number[] = [];
  if (text === '') return { groups, leadingZeros: false };
  for (let start = 0, colon = 0; colon >= 0; start = colon + 1) {
    colon = text.indexOf(':', start);
    const group = hexadecimal(text, start, colon < 0 ? text.length : colon);
    if (group === undefined) {
      const quad = quadAllowed && colon < 0 ? parseOctets(text.slice(start)) : undefined;
      return quad && { groups: [...groups, Number(quad.value >> 16n), Number(quad.value & 0xffffn)], leadingZeros: quad.leadingZeros };
    }
    groups.push(group);
  }
  return { groups, leadingZeros: false };
}

/** The number that one to four hexadecimal digits make; undefined when the part of the text is something else. */
function hexadecimal(text: string, start: number, end: number): number | undefined {
  if (end === start || end - start > 4) return undefined;
  let value = 0;
  for (let at = start; at < end; at++) {
    const unit = text.charCodeAt(at);
    const letter = (unit | 0x20) - 0x61;
    const digit = unit >= 0x30 && unit <= 0x39 ? unit - 0x30 : letter >= 0 && letter < 6 ? letter + 10 : undefined;
    if (digit === undefined) return undefined;
    value = value * 16 + digit;
  }
  return value;
}

/** As few large numbers as possible on the way: they cost more than the reading. */
function valueOfGroups(groups: readonly number[]): bigint {
  const [a, b, c, d, e, f, g, h] = groups as [number, number, number, number, number, number, number, number];
  const join = (high: number, middle: number, low: number): bigint => BigInt((high * 65536 + middle) * 65536 + low);
  return (((join(a, b, c) << 48n) | join(d, e, f)) << 32n) | BigInt(g * 65536 + h);
}

/** The canonical text of an address. Source: RFC 5952 section 4 for IPv6. */
export function formatIp({ family, value }: Ip): string {
  if (family === 4) {
    const bits = Number(value);
    return `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`;
  }
  if (value >> 32n === mappedPrefix >> 32n) return `::ffff:${formatIp({ family: 4, value: value & 0xffff_ffffn })}`;
  // By its digits: large numbers, cut group by group, cost more.
  const digits = value.toString(16).padStart(32, '0');
  const hex = Array.from({ length: 8 }, (_, index) => digits.slice(4 * index, 4 * index + 4).replace(/^0{1,3}/, ''));
  const zeros = longestZeroRun(hex);
  if (zeros.length < 2) return hex.join(':');
  return `${hex.slice(0, zeros.start).join(':')}::${hex.slice(zeros.start + zeros.length).join(':')}`;
}

function longestZeroRun(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let index = 0; index <= groups.length; index++) {
    if (index < groups.length && groups[index] === '0') continue;
    if (index - start > best.length) best = { start, length: index - start };
    start = index + 1;
  }
  return best;
}

/** The canonical spelling of an address' text, or undefined when it is no address. */
export function canonicalIp(text: string): string | undefined {
  const ip = parseIp(text);
  return ip && formatIp(ip);
}
