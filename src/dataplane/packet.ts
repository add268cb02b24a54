import { formatIp } from '#core/net/ip.ts';

/** The ends of a packet; ports are absent where the protocol has none or the packet is a later fragment. All is empty for what is no IP packet. */
export interface PacketEnds {
  readonly source: string;
  readonly destination: string;
  /** The protocol's number: 6 TCP, 17 UDP, 132 SCTP. */
  readonly protocol: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
}

const withPorts: readonly number[] = [6, 17, 132];
/** Hop-by-hop options, routing, destination options: headers that say how long they are. Source: RFC 8200, section 4. */
const extensions: readonly number[] = [0, 43, 60];
const fragment = 44;

/** Reads the ends of an IP packet from its first bytes. */
export function readPacket(bytes: Buffer): PacketEnds {
  const version = (bytes[0] ?? 0) >> 4;
  if (version === 4 && bytes.length >= 20) {
    const isFirst = (bytes.readUInt16BE(6) & 0x1fff) === 0;
    const start = (bytes[0]! & 15) * 4;
    return { ...ends(bytes, 12, 4), protocol: bytes[9]!, ...(isFirst ? ports(bytes, start, bytes[9]!) : {}) };
  }
  if (version === 6 && bytes.length >= 40) {
    const { protocol, start } = skipExtensions(bytes);
    return { ...ends(bytes, 8, 16), protocol, ...(start === undefined ? {} : ports(bytes, start, protocol)) };
  }
  return { source: '', destination: '', protocol: 0 };
}

function ends(bytes: Buffer, start: number, length: number): { source: string; destination: string } {
  return {
    source: addressText(bytes.subarray(start, start + length)),
    destination: addressText(bytes.subarray(start + length, start + 2 * length)),
  };
}

function ports(bytes: Buffer, start: number, protocol: number): { sourcePort?: number; destinationPort?: number } {
  if (!withPorts.includes(protocol) || bytes.length < start + 4) return {};
  return { sourcePort: bytes.readUInt16BE(start), destinationPort: bytes.readUInt16BE(start + 2) };
}

/** The protocol behind all extension headers, and where it starts; no start when that is not in this fragment. */
function skipExtensions(bytes: Buffer): { protocol: number; start?: number } {
  let protocol = bytes[6]!;
  let start = 40;
  while (start + 8 <= bytes.length) {
    if (protocol === fragment) {
      if ((bytes.readUInt16BE(start + 2) & 0xfff8) !== 0) return { protocol: bytes[start]! };
    } else if (!extensions.includes(protocol)) break;
    const length = protocol === fragment ? 8 : (bytes[start + 1]! + 1) * 8;
    protocol = bytes[start]!;
    start += length;
  }
  return { protocol, start };
}

/** An address of four or sixteen bytes as text; empty when it is none. */
export function addressText(bytes: Buffer | undefined): string {
  if (bytes?.length === 4) return bytes.join('.');
  if (bytes?.length === 16) return formatIp({ family: 6, value: (bytes.readBigUInt64BE(0) << 64n) | bytes.readBigUInt64BE(8) });
  return '';
}
