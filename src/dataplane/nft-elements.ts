import { parseIp } from '#core/net/ip.ts';
import type { NetlinkWriter } from './netlink-writer.ts';

/** nft's names of the types a key is made of. */
export type KeyType = 'ipv4_addr' | 'ipv6_addr' | 'inet_service' | 'inet_proto';

/** Where a rule or an element of a verdict map sends a packet. */
export type Verdict = { readonly to: 'accept' | 'drop' | 'return' } | { readonly to: 'goto' | 'jump'; readonly chain: string };

const lengths: Record<KeyType, number> = { ipv4_addr: 4, ipv6_addr: 16, inet_service: 2, inet_proto: 1 };
const protocolNumbers: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132 };
const attribute = { dataValue: 1, dataVerdict: 2, verdictCode: 1, verdictChain: 2, key: 1, data: 2, listElement: 1 } as const;
/** Source: linux/netfilter/nf_tables.h, nft_verdicts. */
const verdictCodes = { drop: 0, accept: 1, jump: -3, goto: -4, return: -5 } as const;

/**
 * The bytes of a key that nft writes as text, such as `10.0.0.1` or `10.0.0.1 . 80`, as the kernel wants it: network order, and each part
 * of a concatenation filled up to four bytes. Throws a RangeError when the text does not fit the types.
 */
export function encodeKey(text: string, types: readonly KeyType[]): Buffer {
  const parts = types.length === 1 ? [text] : text.split(' . ');
  if (parts.length !== types.length) throw new RangeError(`\`${text}\` is no key of type ${types.join(' . ')}`);
  const single = types.length === 1;
  const room = (type: KeyType): number => (single ? lengths[type] : (lengths[type] + 3) & ~3);
  const bytes = Buffer.alloc(types.reduce((sum, type) => sum + room(type), 0));
  let start = 0;
  types.forEach((type, index) => {
    if (!encodePart(bytes, start, parts[index]!, type)) throw new RangeError(`\`${parts[index]}\` is no ${type}`);
    start += room(type);
  });
  return bytes;
}

function encodePart(bytes: Buffer, start: number, text: string, type: KeyType): boolean {
  if (type === 'inet_service' || type === 'inet_proto') {
    const value = protocolNumbers[text] ?? (/^\d{1,5}$/.test(text) ? Number(text) : Number.NaN);
    if (!(value < 256 ** lengths[type])) return false;
    bytes.writeUIntBE(value, start, lengths[type]);
    return true;
  }
  const ip = parseIp(text);
  if (ip === undefined || (ip.family === 4) !== (type === 'ipv4_addr')) return false;
  if (ip.family === 4) {
    bytes.writeUInt32BE(Number(ip.value), start);
  } else {
    bytes.writeBigUInt64BE(ip.value >> 64n, start);
    bytes.writeBigUInt64BE(ip.value & 0xffff_ffff_ffff_ffffn, start + 8);
  }
  return true;
}

/** One element of a set or, with a verdict, of a verdict map. */
export function writeElement(writer: NetlinkWriter, key: Uint8Array, verdict?: Verdict): void {
  writer.nest(attribute.listElement, () => {
    writer.nest(attribute.key, () => writer.value(attribute.dataValue, key));
    if (verdict !== undefined) writer.nest(attribute.data, () => writeVerdict(writer, verdict));
  });
}

/** A verdict as the data of an element or of a rule's last expression. */
export function writeVerdict(writer: NetlinkWriter, verdict: Verdict): void {
  writer.nest(attribute.dataVerdict, () => {
    writer.number(attribute.verdictCode, verdictCodes[verdict.to]);
    if ('chain' in verdict) writer.text(attribute.verdictChain, verdict.chain);
  });
}
