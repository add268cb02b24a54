/**
 * One end of a measured flow, as a process in the network namespace of whoever starts it. It calls the C library in a tight loop, so that what it
 * costs itself is small beside what the kernel does. Prints a number when it is done.
 *
 * Usage: traffic.ts accept|connect|sink|source|receive|send ADDRESS PORT SECONDS
 */
import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';

const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi;
const libc = koffi.load(null);
const socket = libc.func('int socket(int domain, int type, int protocol)');
const bind = libc.func('int bind(int fd, const uint8_t *address, uint32_t length)');
const connect = libc.func('int connect(int fd, const uint8_t *address, uint32_t length)');
const listen = libc.func('int listen(int fd, int backlog)');
const accept = libc.func('int accept4(int fd, uint8_t *address, uint8_t *length, int flags)');
const close = libc.func('int close(int fd)');
const setsockopt = libc.func('int setsockopt(int fd, int level, int option, const uint8_t *value, uint32_t length)');
const send = libc.func('long send(int fd, const uint8_t *bytes, size_t length, int flags)');
const recv = libc.func('long recv(int fd, uint8_t *bytes, size_t length, int flags)');
const sendmmsg = libc.func('int sendmmsg(int fd, uint8_t *messages, uint32_t count, int flags)');
const recvmmsg = libc.func('int recvmmsg(int fd, uint8_t *messages, uint32_t count, int flags, uint8_t *timeout)');

const AF_INET = 2;
const [stream, datagram] = [1, 2];
const SOL_SOCKET = 1;
const MSG_WAITFORONE = 0x10000;
const [mode, host = '', port = '', seconds = '1'] = process.argv.slice(2);

const address = Buffer.alloc(16);
address.writeUInt16LE(AF_INET, 0);
address.writeUInt16BE(Number(port), 2);
for (const [index, octet] of host.split('.').entries()) address[4 + index] = Number(octet);

const option = (fd: number, name: number, bytes: Buffer): number => setsockopt(fd, SOL_SOCKET, name, bytes, bytes.length) as number;
const integer = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
};

/** A socket whose blocking calls give up after a tenth of a second, so that no end waits for one that is gone. */
function open(type: number): number {
  const fd = socket(AF_INET, type, 0) as number;
  option(fd, 2, integer(1));
  const tenth = Buffer.alloc(16);
  tenth.writeBigInt64LE(100_000n, 8);
  option(fd, 20, tenth);
  return fd;
}

const must = (result: number, call: string): number => {
  if (result < 0) throw new Error(`${call} failed: errno ${koffi.errno()}`);
  return result;
};

function untilDone(step: () => void): void {
  const end = performance.now() + Number(seconds) * 1000;
  while (performance.now() < end) for (let turn = 0; turn < 16; turn++) step();
}

/** 64 messages of 64 bytes for sendmmsg and recvmmsg: one call for many small packets. */
function messages(): Buffer {
  const [count, size] = [64, 64];
  const [headers, vectors, payload] = [memory(count * 64), memory(count * 16), memory(count * size)];
  for (let index = 0; index < count; index++) {
    vectors.bytes.writeBigUInt64LE(payload.at + BigInt(index * size), index * 16);
    vectors.bytes.writeBigUInt64LE(BigInt(size), index * 16 + 8);
    headers.bytes.writeBigUInt64LE(vectors.at + BigInt(index * 16), index * 64 + 16);
    headers.bytes.writeBigUInt64LE(1n, index * 64 + 24);
  }
  return headers.bytes;
}

/** Memory that stays where it is, for structures that point to each other. */
function memory(length: number): { readonly bytes: Buffer; readonly at: bigint } {
  const pointer = koffi.alloc('uint8_t', length);
  return { bytes: Buffer.from(koffi.view(pointer, length)), at: BigInt(koffi.address(pointer)) };
}

function serve(fd: number, each: (connection: number) => number): number {
  must(bind(fd, address, 16) as number, 'bind');
  must(listen(fd, 4096) as number, 'listen');
  ready();
  let total = 0;
  untilDone(() => {
    const connection = accept(fd, null, null, 0) as number;
    if (connection >= 0) total += each(connection);
  });
  return total;
}

const ready = (): void => void process.stdout.write('ready\n');

const modes: Record<string, () => number> = {
  accept: () =>
    serve(open(stream), (connection) => {
      close(connection);
      return 1;
    }),
  /** New connections, one after the other, each ended by a reset so that ports come back at once. */
  connect: () => {
    let made = 0;
    const linger = Buffer.alloc(8);
    linger.writeInt32LE(1, 0);
    untilDone(() => {
      const fd = open(stream);
      option(fd, 13, linger);
      if ((connect(fd, address, 16) as number) === 0) made++;
      close(fd);
    });
    return made;
  },
  /** Takes whatever one connection sends. */
  sink: () => {
    const bytes = Buffer.alloc(256 * 1024);
    const end = performance.now() + Number(seconds) * 1000;
    return serve(open(stream), (connection) => {
      let total = 0;
      for (let got = 1; got > 0 && performance.now() < end; total += got) got = recv(connection, bytes, bytes.length, 0) as number;
      close(connection);
      return total;
    });
  },
  source: () => {
    const fd = open(stream);
    must(connect(fd, address, 16) as number, 'connect');
    const bytes = Buffer.alloc(256 * 1024);
    let total = 0;
    untilDone(() => {
      total += Math.max(0, send(fd, bytes, bytes.length, 0) as number);
    });
    close(fd);
    return total;
  },
  receive: () => {
    const fd = open(datagram);
    option(fd, 33, integer(16 * 1024 * 1024));
    must(bind(fd, address, 16) as number, 'bind');
    ready();
    const headers = messages();
    let total = 0;
    untilDone(() => {
      total += Math.max(0, recvmmsg(fd, headers, 64, MSG_WAITFORONE, null) as number);
    });
    return total;
  },
  send: () => {
    const fd = open(datagram);
    must(connect(fd, address, 16) as number, 'connect');
    const headers = messages();
    let total = 0;
    untilDone(() => {
      total += Math.max(0, sendmmsg(fd, headers, 64, 0) as number);
    });
    return total;
  },
};

const run = modes[mode ?? ''];
if (run === undefined) {
  process.stderr.write(`no mode ${mode}\n`);
  process.exit(2);
}
process.stdout.write(`${run()}\n`);
