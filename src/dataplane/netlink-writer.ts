const nested = 0x8000;
const NFNETLINK_V0 = 0;

/** Writes netlink messages one behind the other. Numbers of headers are in the machine's order, little-endian; nf_tables wants values big-endian. */
export class NetlinkWriter {
  #bytes = Buffer.allocUnsafe(1024);
  #length = 0;
  #message = 0;

  /** How many bytes have been written. */
  get length(): number {
    return this.#length;
  }

  /** The messages; valid until more is written. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** One message with its netfilter header; `resource` is the subsystem of a batch, else 0. */
  message(header: { type: number; flags: number; sequence: number; family: number; resource?: number }, write?: () => void): void {
    this.#message = this.#length;
    const start = this.#reserve(20);
    this.#bytes.writeUInt16LE(header.type, start + 4);
    this.#bytes.writeUInt16LE(header.flags, start + 6);
    this.#bytes.writeUInt32LE(header.sequence, start + 8);
    this.#bytes.writeUInt32LE(0, start + 12);
    this.#bytes.writeUInt8(header.family, start + 16);
    this.#bytes.writeUInt8(NFNETLINK_V0, start + 17);
    this.#bytes.writeUInt16BE(header.resource ?? 0, start + 18);
    write?.();
    this.#bytes.writeUInt32LE(this.#length - start, start);
  }

  /** Adds flags to the last message. */
  flagLast(flags: number): void {
    this.#bytes.writeUInt16LE(this.#bytes.readUInt16LE(this.#message + 6) | flags, this.#message + 6);
  }

  nest(type: number, write: () => void): void {
    const start = this.#reserve(4);
    write();
    const length = this.#length - start;
    if (length > 0xffff) throw new RangeError('a netlink attribute holds at most 65,535 bytes');
    this.#bytes.writeUInt16LE(length, start);
    this.#bytes.writeUInt16LE(type | nested, start + 2);
  }

  value(type: number, value: Uint8Array): void {
    const start = this.#attribute(type, value.length);
    this.#bytes.set(value, start);
  }

  /** Text, ended by a zero byte. */
  text(type: number, text: string): void {
    const length = Buffer.byteLength(text);
    const start = this.#attribute(type, length + 1);
    this.#bytes.write(text, start);
    this.#bytes[start + length] = 0;
  }

  /** A number of 32 bits, big-endian; negative ones as two's complement. */
  number(type: number, value: number): void {
    // Taken first, for it may replace the bytes.
    const start = this.#attribute(type, 4);
    this.#bytes.writeInt32BE(value | 0, start);
  }

  #attribute(type: number, length: number): number {
    const start = this.#reserve(4 + length);
    this.#bytes.writeUInt16LE(4 + length, start);
    this.#bytes.writeUInt16LE(type, start + 2);
    return start + 4;
  }

  /** Makes room for that many bytes, rounded up to four with zeros. Returns where they start. */
  #reserve(length: number): number {
    const start = this.#length;
    const end = (start + length + 3) & ~3;
    if (end > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(end, this.#bytes.length * 2));
      larger.set(this.bytes);
      this.#bytes = larger;
    }
    this.#bytes.fill(0, start + length, end);
    this.#length = end;
    return start;
  }
}
