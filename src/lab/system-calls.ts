import { endianness } from 'node:os';
import { type Family, formatIp, parseIp } from '#core/net/ip.ts';
import { errnoName, type Libc, loadKoffi, loadLibc, SystemCallError } from '#dataplane/libc.ts';

/** The calls on sockets that neither Node nor the dataplane's library offers. Each returns what C returns. */
interface SocketCalls extends Libc {
  connect(fd: number, address: Uint8Array, length: number): number;
  listen(fd: number, backlog: number): number;
  accept4(fd: number, address: Uint8Array, length: Uint8Array, flags: number): number;
  sendto(fd: number, bytes: Uint8Array, length: number, flags: number, address: Uint8Array, addressLength: number): number;
  recvfrom(fd: number, bytes: Uint8Array, length: number, flags: number, address: Uint8Array, addressLength: Uint8Array): number;
  close(fd: number): number;
}

/** What a socket is for. */
export type SocketType = 'stream' | 'datagram' | 'raw';

/** An address with its port. */
export interface SocketAddress {
  readonly ip: string;
  readonly port: number;
}

const AF_INET = 2;
const AF_INET6 = 10;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_LINGER = 13;
const SO_RCVBUFFORCE = 33;
const SOCK_NONBLOCK_CLOEXEC = 0o2004000;
const MSG_NOSIGNAL = 0x4000;
const socketTypes: Record<SocketType, number> = { stream: 1, datagram: 2, raw: 3 };
const littleEndian = endianness() === 'LE';

/** IPPROTO_SCTP. */
export const sctpProtocol = 132;

let calls: SocketCalls | undefined;

function loadCalls(): SocketCalls {
  if (calls !== undefined) return calls;
  const self = loadKoffi().load(null);
  calls = {
    ...loadLibc(),
    connect: self.func('int connect(int fd, const uint8_t *address, uint32_t length)'),
    listen: self.func('int listen(int fd, int backlog)'),
    accept4: self.func('int accept4(int fd, uint8_t *address, uint8_t *length, int flags)'),
    sendto: self.func(
      'long sendto(int fd, const uint8_t *bytes, size_t length, int flags, const uint8_t *address, uint32_t addressLength)',
    ),
    recvfrom: self.func('long recvfrom(int fd, uint8_t *bytes, size_t length, int flags, uint8_t *address, uint8_t *addressLength)'),
    close: self.func('int close(int fd)'),
  };
  return calls;
}

/** Makes a socket in the namespace that this thread is in; it never blocks. */
export function openSocket(family: Family, type: SocketType, protocol = 0): number {
  const libc = loadCalls();
  const fd = libc.socket(family === 4 ? AF_INET : AF_INET6, socketTypes[type] | SOCK_NONBLOCK_CLOEXEC, protocol);
  if (fd < 0) throw new SystemCallError('socket', libc.errno());
  return fd;
}

/** Binds a socket to its own address. */
export function bindSocket(fd: number, address: SocketAddress): void {
  check('bind', loadCalls().bind(fd, ...encode(address)));
}

/** Begins a connection. It may be under way when this returns. */
export function connectSocket(fd: number, address: SocketAddress): void {
  const libc = loadCalls();
  if (libc.connect(fd, ...encode(address)) === 0) return;
  const error = new SystemCallError('connect', libc.errno());
  if (error.code !== 'EINPROGRESS') throw error;
}

/** Lets others connect. */
export function listenOn(fd: number): void {
  check('listen', loadCalls().listen(fd, 4096));
}

/** Has the next `close` reset the connection: no port and no conntrack entry lingers after a probe. */
export function resetOnClose(fd: number): void {
  loadCalls().setsockopt(fd, SOL_SOCKET, SO_LINGER, lingerZero, 8);
}

/** Lets a listener take a port that closed connections still remember. */
export function reuseAddress(fd: number): void {
  loadCalls().setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, one, 4);
}

/** Makes room for bursts of datagrams. A machine that refuses leaves the default room. */
export function widenReceiveBuffer(fd: number): void {
  loadCalls().setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, fourMebibytes, 4);
}

/** The next connection that waits on a listener, or undefined when none does. `lastPeer` says who it is. */
export function acceptSocket(fd: number): number | undefined {
  resetLength();
  const accepted = loadCalls().accept4(fd, addressRoom, lengthRoom, SOCK_NONBLOCK_CLOEXEC);
  return accepted < 0 ? undefined : accepted;
}

/** Sends on a connected socket. Returns the errno's name when the kernel refuses, such as `EAGAIN` or `ECONNRESET`. */
export function sendBytes(fd: number, bytes: Uint8Array): string | undefined {
  const libc = loadCalls();
  return libc.send(fd, bytes, bytes.length, MSG_NOSIGNAL) < 0 ? errnoName(libc.errno()) : undefined;
}

/** Sends a datagram to an address. Returns the errno's name when the kernel refuses. */
export function sendBytesTo(fd: number, bytes: Uint8Array, to: SocketAddress): string | undefined {
  const libc = loadCalls();
  return libc.sendto(fd, bytes, bytes.length, MSG_NOSIGNAL, ...encode(to)) < 0 ? errnoName(libc.errno()) : undefined;
}

/** What came in: bytes (none at the end of a stream), or the errno's name (`EAGAIN` when nothing did). Valid until the next call. */
export function receiveBytes(fd: number): Uint8Array | string {
  const libc = loadCalls();
  const length = libc.recv(fd, room, room.length, 0);
  return length < 0 ? errnoName(libc.errno()) : room.subarray(0, length);
}

/** What came in on a socket that is not connected, or the errno's name. Valid until the next call; `lastPeer` says from whom. */
export function receiveDatagram(fd: number): Uint8Array | string {
  const libc = loadCalls();
  resetLength();
  const length = libc.recvfrom(fd, room, room.length, 0, addressRoom, lengthRoom);
  return length < 0 ? errnoName(libc.errno()) : room.subarray(0, length);
}

/** Sends a datagram to whom the last one came from. */
export function replyBytes(fd: number, bytes: Uint8Array): void {
  loadCalls().sendto(fd, bytes, bytes.length, MSG_NOSIGNAL, addressRoom, new DataView(lengthRoom.buffer).getUint32(0, littleEndian));
}

/** Closes a socket that this file opened. */
export function closeSocket(fd: number): void {
  loadCalls().close(fd);
}

function check(call: string, result: number): void {
  if (result !== 0) throw new SystemCallError(call, loadCalls().errno());
}

const one = new Uint8Array(new Int32Array([1]).buffer);
const lingerZero = new Uint8Array(new Int32Array([1, 0]).buffer);
const fourMebibytes = new Uint8Array(new Int32Array([4 << 20]).buffer);
// One buffer serves all sockets: calls are synchronous and what they return is read before the next.
const room = new Uint8Array(65_536);
const addressRoom = new Uint8Array(28);
const addressView = new DataView(addressRoom.buffer);
const lengthRoom = new Uint8Array(4);
const resetLength = (): void => new DataView(lengthRoom.buffer).setUint32(0, addressRoom.length, littleEndian);

const encoded = new Map<string, Uint8Array>();

/** A `sockaddr_in` or `sockaddr_in6`. Addresses are few and ports many, so the address is kept and the port written anew. */
function encode({ ip, port }: SocketAddress): [Uint8Array, number] {
  let bytes = encoded.get(ip);
  if (bytes === undefined) {
    bytes = encodeAddress(ip);
    encoded.set(ip, bytes);
  }
  bytes[2] = port >> 8;
  bytes[3] = port & 255;
  return [bytes, bytes.length];
}

function encodeAddress(text: string): Uint8Array {
  const ip = parseIp(text);
  if (ip === undefined) throw new Error(`no address: ${text}`);
  const bytes = new Uint8Array(ip.family === 4 ? 16 : 28);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, ip.family === 4 ? AF_INET : AF_INET6, littleEndian);
  if (ip.family === 4) view.setUint32(4, Number(ip.value));
  else {
    view.setBigUint64(8, ip.value >> 64n);
    view.setBigUint64(16, ip.value & 0xffff_ffff_ffff_ffffn);
  }
  return bytes;
}

/** The other end of what was last accepted or received from. The peer of a raw socket has port 0. */
export function lastPeer(): SocketAddress {
  const port = addressView.getUint16(2);
  if (addressView.getUint16(0, littleEndian) === AF_INET) {
    return { ip: formatIp({ family: 4, value: BigInt(addressView.getUint32(4)) }), port };
  }
  return { ip: formatIp({ family: 6, value: (addressView.getBigUint64(8) << 64n) | addressView.getBigUint64(16) }), port };
}
