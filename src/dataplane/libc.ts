import { constants } from 'node:os';
import type * as Koffi from 'koffi';
import { koffiRemedy, requireKoffi } from './koffi.ts';
import { MissingNeed } from './need.ts';

/** A system call failed. `code` is the errno's name (`EPERM`), or its number where the name is unknown. */
export class SystemCallError extends Error {
  override readonly name = 'SystemCallError';
  readonly call: string;
  readonly errno: number;
  readonly code: string;

  constructor(call: string, errno: number) {
    super(`${call}: ${errnoName(errno)}`);
    this.call = call;
    this.errno = errno;
    this.code = errnoName(errno);
  }
}

/** The calls of the C library that Node does not offer. Each returns what C returns: -1 on failure, and then `errno` says why. */
export interface Libc {
  setns(fd: number, type: number): number;
  unshare(flags: number): number;
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  getsockname(fd: number, address: Uint8Array, length: Uint32Array): number;
  setsockopt(fd: number, level: number, option: number, value: Uint8Array, length: number): number;
  send(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  recv(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  /** Sets a limit (absent: none) of a process (0: this one), and says what it was: two numbers of 64 bits, soft and hard. */
  prlimit(pid: number, resource: number, limit: Uint8Array | null, old: Uint8Array): number;
  /** Attaches a classic filter program to a socket; whether that went well. */
  attachFilter(fd: number, program: Uint8Array): boolean;
  /** The errno of the last call. */
  errno(): number;
}

const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;

let koffi: typeof Koffi | undefined;
let libc: Libc | undefined;

/** The foreign function interface, loaded at first use: some 40 ms and 4 MB that programs without a kernel to talk to never pay. */
export function loadKoffi(): typeof Koffi {
  if (koffi !== undefined) return koffi;
  if (process.platform !== 'linux') throw new MissingNeed('linux', `the dataplane needs Linux, this is ${process.platform}`);
  try {
    koffi = requireKoffi();
  } catch (cause) {
    throw new MissingNeed('koffi', koffiRemedy, { cause });
  }
  return koffi;
}

/** The C library this process runs on. Main thread only: koffi crashes in worker threads. */
export function loadLibc(): Libc {
  if (libc !== undefined) return libc;
  const ffi = loadKoffi();
  const self = ffi.load(null);
  const program = ffi.struct({ instructions: 'uint16_t', filter: 'const uint8_t *' });
  const setFilter = self.func('setsockopt', 'int', ['int', 'int', 'int', ffi.pointer(program), 'uint32_t']);
  libc = {
    setns: self.func('int setns(int fd, int type)'),
    unshare: self.func('int unshare(int flags)'),
    socket: self.func('int socket(int domain, int type, int protocol)'),
    bind: self.func('int bind(int fd, const uint8_t *address, uint32_t length)'),
    getsockname: self.func('int getsockname(int fd, _Out_ uint8_t *address, _Inout_ uint32_t *length)'),
    setsockopt: self.func('int setsockopt(int fd, int level, int option, const uint8_t *value, uint32_t length)'),
    send: self.func('long send(int fd, const uint8_t *bytes, size_t length, int flags)'),
    recv: self.func('long recv(int fd, uint8_t *bytes, size_t length, int flags)'),
    prlimit: self.func('int prlimit(int pid, int resource, const uint8_t *limit, uint8_t *old)'),
    attachFilter: (fd, filter) => setFilter(fd, SOL_SOCKET, SO_ATTACH_FILTER, { instructions: filter.length / 8, filter }, 16) === 0,
    errno: () => ffi.errno(),
  };
  return libc;
}

const namesOfErrno = new Map(
  // Some have two names; the first one is the usual.
  Object.entries(constants.errno)
    .reverse()
    .map(([name, value]) => [value, name]),
);

/** The name of an errno of this machine, such as `EEXIST`; the number as text where it has none. */
export const errnoName = (errno: number): string => namesOfErrno.get(errno) ?? String(errno);
