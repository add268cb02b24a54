import { closeSync } from 'node:fs';
import { constants, endianness } from 'node:os';
import { loadLibc, SystemCallError } from './libc.ts';
import { withNamespace } from './namespace.ts';
import { MissingNeed } from './need.ts';

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC_NONBLOCK = 3 | 0o2000000 | 0o4000;
const NETLINK_NETFILTER = 12;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const MSG_TRUNC = 0x20;

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const cappedWithAttributes = 0x100 | 0x200;
const headerLength = 16;

/** Flags of a message. Source: linux/netlink.h. */
export const flags = { request: 0x1, ack: 0x4, dump: 0x300, create: 0x400, append: 0x800 } as const;

/** One netlink message, its attributes not yet read. It looks into the receive buffer: valid until the next `receive`. */
export interface Message {
  readonly type: number;
  readonly sequence: number;
  /** The port of the socket whose request this tells of; usually the process id. Source: netlink(7), nl_pid. */
  readonly sender: number;
  /** The protocol family of its netfilter header: 2 IPv4, 10 IPv6; 0 where it has none. */
  readonly family: number;
  /** What follows the netlink header and, for messages of a subsystem, its four bytes of header. */
  readonly attributes: Buffer;
  /** Set on the end of a dump and on acknowledgements: 0 for success, else the errno, positive. */
  readonly status?: number;
}

// Room for the greatest datagram the kernel makes (a dump's 32 KiB); one is enough, for all sockets are read on the main thread.
let received: Buffer | undefined;

/** A netfilter netlink socket: synchronous, never blocking. Needs koffi, and root for nearly every request. Main thread only. */
export class NetlinkSocket {
  /** The file descriptor, for polling. */
  readonly fd: number;
  readonly #libc = loadLibc();
  #sendRoom = 0;
  #isBound = false;

  /** Opens a socket in the network namespace of that file descriptor, or in this process' own. */
  constructor(namespace?: number) {
    if (endianness() !== 'LE') throw new MissingNeed('linux', 'netlink messages are written for little-endian machines only');
    const open = (): number => this.#libc.socket(AF_NETLINK, SOCK_RAW_CLOEXEC_NONBLOCK, NETLINK_NETFILTER);
    this.fd = namespace === undefined ? open() : withNamespace(namespace, open);
    if (this.fd < 0) throw new SystemCallError('socket', this.#libc.errno());
    // Errors come with the kernel's words and without an echo of the whole request; kernels before 4.12 lack this and lose only words.
    this.#set(SOL_NETLINK, NETLINK_CAP_ACK, 1);
    this.#set(SOL_NETLINK, NETLINK_EXT_ACK, 1);
  }

  /** Gives the kernel messages, all in one datagram; requests have been carried out when it returns. */
  send(bytes: Uint8Array): void {
    // The kernel refuses datagrams that do not fit the send buffer, whose default is some 200 KiB.
    if (bytes.length > this.#sendRoom) {
      this.#sendRoom = Math.max(bytes.length * 2, 128 * 1024);
      // Without rights outside a user namespace there is less: twice net.core.wmem_max.
      if (!this.#set(SOL_SOCKET, SO_SNDBUFFORCE, this.#sendRoom)) this.#set(SOL_SOCKET, SO_SNDBUF, this.#sendRoom);
    }
    if (this.#libc.send(this.fd, bytes, bytes.length, 0) !== bytes.length) throw netfilterError('send', this.#libc.errno());
  }

  /** Asks for a receive buffer of that many bytes, overhead included; in a user namespace it may become less. */
  makeRoom(bytes: number): void {
    if (!this.#set(SOL_SOCKET, SO_RCVBUFFORCE, bytes)) this.#set(SOL_SOCKET, SO_RCVBUF, bytes);
  }

  /** The port that other sockets see as the sender's; the kernel gives one at the first call. */
  get port(): number {
    const address = Buffer.alloc(12);
    if (!this.#bind() || this.#libc.getsockname(this.fd, address, Uint32Array.of(address.length)) !== 0)
      throw new SystemCallError('getsockname', this.#libc.errno());
    return address.readUInt32LE(4);
  }

  /** Hears what the kernel tells the members of a group: the datagrams that a filter program lets pass. Source: linux/filter.h. */
  join(group: number, filter: Uint8Array): void {
    const isFiltered = this.#bind() && this.#libc.attachFilter(this.fd, filter);
    if (!isFiltered || !this.#set(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)) throw netfilterError('joining a group', this.#libc.errno());
  }

  /** Gives the socket an address of the kernel's choice, without which it hears nothing and has no name. */
  #bind(): boolean {
    if (this.#isBound) return true;
    const anyAddress = Buffer.alloc(12);
    anyAddress.writeUInt16LE(AF_NETLINK);
    this.#isBound = this.#libc.bind(this.fd, anyAddress, anyAddress.length) === 0;
    return this.#isBound;
  }

  /** The messages of one datagram; undefined when none is waiting. Throws ENOBUFS when the kernel had to discard some. */
  receive(): Message[] | undefined {
    received ??= Buffer.allocUnsafeSlow(64 * 1024);
    const length = this.#libc.recv(this.fd, received, received.length, MSG_TRUNC);
    if (length < 0) {
      const errno = this.#libc.errno();
      if (errno === constants.errno.EAGAIN) return undefined;
      throw new SystemCallError('recv', errno);
    }
    if (length > received.length) throw new RangeError(`a netlink datagram of ${length} bytes`);
    return readMessages(received.subarray(0, length));
  }

  close(): void {
    closeSync(this.fd);
  }

  #set(level: number, option: number, value: number): boolean {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    return this.#libc.setsockopt(this.fd, level, option, bytes, bytes.length) === 0;
  }
}

/** The error for a request that the kernel refused with that errno. */
export function netfilterError(request: string, errno: number): SystemCallError | MissingNeed {
  const error = new SystemCallError(request, errno);
  return error.code === 'EPERM'
    ? new MissingNeed('root', `netfilter needs root, or CAP_NET_ADMIN in its namespace (${error.message})`)
    : error;
}

/** Takes a datagram apart. Lengths are checked, as they come from outside: what is cut short throws a RangeError. */
export function readMessages(datagram: Buffer): Message[] {
  const messages: Message[] = [];
  let start = 0;
  while (start < datagram.length) {
    const length = start + headerLength <= datagram.length ? datagram.readUInt32LE(start) : 0;
    if (length < headerLength || start + length > datagram.length) throw new RangeError('a netlink message is cut short');
    messages.push(readMessage(datagram.subarray(start, start + length)));
    start += align(length);
  }
  return messages;
}

function readMessage(bytes: Buffer): Message {
  const type = bytes.readUInt16LE(4);
  const sequence = bytes.readUInt32LE(8);
  const sender = bytes.readUInt32LE(12);
  const body = bytes.subarray(headerLength);
  if (type !== NLMSG_ERROR && type !== NLMSG_DONE) return { type, sequence, sender, family: body[0] ?? 0, attributes: body.subarray(4) };
  const status = body.length < 4 ? 0 : -body.readInt32LE(0);
  if (type === NLMSG_DONE) return { type, sequence, sender, family: 0, status, attributes: body.subarray(4) };
  // The header of the request stands between; without these flags, the rest of the request.
  const hasWords = (bytes.readUInt16LE(6) & cappedWithAttributes) === cappedWithAttributes;
  return { type, sequence, sender, family: 0, status, attributes: body.subarray(hasWords ? 4 + headerLength : body.length) };
}

/** The attributes of a message or of a nested attribute: type and value. Cut short, they throw a RangeError. */
export function* readAttributes(bytes: Buffer): Generator<[type: number, value: Buffer]> {
  let start = 0;
  while (start + 4 <= bytes.length) {
    const length = bytes.readUInt16LE(start);
    if (length < 4 || start + length > bytes.length) throw new RangeError('a netlink attribute is cut short');
    yield [bytes.readUInt16LE(start + 2) & 0x3fff, bytes.subarray(start + 4, start + length)];
    start += align(length);
  }
}

/** The value of the first attribute of that type; undefined when there is none. */
export function findAttribute(bytes: Buffer, type: number): Buffer | undefined {
  for (const [found, value] of readAttributes(bytes)) if (found === type) return value;
  return undefined;
}

const align = (length: number): number => (length + 3) & ~3;
