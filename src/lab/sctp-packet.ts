/** The chunks that the lab sends and understands. Source: RFC 9260 section 3.2. */
export type ChunkType = 'INIT' | 'INIT ACK' | 'ABORT';

/** An SCTP packet with one chunk. */
export interface SctpPacket {
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** 0 for INIT; else the tag that the receiver has chosen in its own INIT. */
  readonly verificationTag: number;
  readonly chunk: ChunkType;
  /** The tag that the sender of INIT and INIT ACK wants to be addressed with. */
  readonly initiateTag?: number;
  /** The state cookie of INIT ACK, opaque to its receiver. */
  readonly cookie?: Uint8Array;
}

const types: Readonly<Record<ChunkType, number>> = { INIT: 1, 'INIT ACK': 2, ABORT: 6 };
const chunkOf = new Map(Object.entries(types).map(([chunk, type]) => [type, chunk as ChunkType]));
const commonHeader = 12;
const initHeader = 20;
const stateCookie = 7;
const windowSize = 65_536;

/** The bytes of a packet, without an IP header. */
export function encodePacket(packet: SctpPacket): Uint8Array {
  const cookieLength = packet.cookie === undefined ? 0 : 4 + packet.cookie.length;
  const chunkLength = packet.chunk === 'ABORT' ? 4 : initHeader + cookieLength;
  const bytes = new Uint8Array(commonHeader + ((chunkLength + 3) & ~3));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, packet.sourcePort);
  view.setUint16(2, packet.destinationPort);
  view.setUint32(4, packet.verificationTag);
  view.setUint8(commonHeader, types[packet.chunk]);
  view.setUint16(commonHeader + 2, chunkLength);
  if (packet.chunk !== 'ABORT') {
    view.setUint32(commonHeader + 4, packet.initiateTag ?? 0);
    view.setUint32(commonHeader + 8, windowSize);
    view.setUint16(commonHeader + 12, 1); // streams out
    view.setUint16(commonHeader + 14, 1); // streams in
    view.setUint32(commonHeader + 16, 1); // first transmission sequence number
  }
  if (packet.cookie !== undefined) {
    view.setUint16(commonHeader + initHeader, stateCookie);
    view.setUint16(commonHeader + initHeader + 2, cookieLength);
    bytes.set(packet.cookie, commonHeader + initHeader + 4);
  }
  view.setUint32(8, crc32c(bytes), true);
  return bytes;
}

/** Reads a packet, without its IP header; undefined when it is damaged or none that the lab sends. */
export function decodePacket(bytes: Uint8Array): SctpPacket | undefined {
  if (bytes.length < commonHeader + 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const chunk = chunkOf.get(view.getUint8(commonHeader));
  const length = view.getUint16(commonHeader + 2);
  if (chunk === undefined || commonHeader + length > bytes.length || view.getUint32(8, true) !== checksumOf(bytes)) return undefined;
  const packet = {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    verificationTag: view.getUint32(4),
    chunk,
  };
  if (chunk === 'ABORT' || length < initHeader) return chunk === 'ABORT' ? packet : undefined;
  const cookie = chunk === 'INIT ACK' ? cookieOf(bytes.subarray(commonHeader + initHeader, commonHeader + length)) : undefined;
  return { ...packet, initiateTag: view.getUint32(commonHeader + 4), ...(cookie && { cookie }) };
}

/** The state cookie among the parameters of an INIT ACK. */
function cookieOf(parameters: Uint8Array): Uint8Array | undefined {
  const view = new DataView(parameters.buffer, parameters.byteOffset, parameters.length);
  for (let start = 0; start + 4 <= parameters.length; ) {
    const length = view.getUint16(start + 2);
    if (length < 4 || start + length > parameters.length) return undefined;
    if (view.getUint16(start) === stateCookie) return parameters.slice(start + 4, start + length);
    start += (length + 3) & ~3;
  }
  return undefined;
}

/** The checksum of a packet, whose own field counts as 0. */
function checksumOf(bytes: Uint8Array): number {
  const copy = bytes.slice();
  copy.fill(0, 8, 12);
  return crc32c(copy);
}

const table = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});

/** CRC-32C of Castagnoli. Source: RFC 9260 appendix A. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 255]!;
  return (crc ^ 0xffff_ffff) >>> 0;
}
