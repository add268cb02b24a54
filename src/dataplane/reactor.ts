import { endianness } from 'node:os';
import { loadKoffi, loadLibc, SystemCallError } from './libc.ts';

interface PollCalls {
  epoll_create1(flags: number): number;
  epoll_ctl(fd: number, operation: number, watched: number, event: Uint8Array): number;
  epoll_wait: {
    async(fd: number, events: Uint8Array, most: number, milliseconds: number, done: (error: Error | null, count: number) => void): void;
  };
  eventfd(initial: number, flags: number): number;
  eventfd_write(fd: number, value: bigint): number;
  close(fd: number): number;
}

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLIN = 1;
const CLOEXEC = 0o2000000;
const mostEvents = 512;
const littleEndian = endianness() === 'LE';
// On x86 `struct epoll_event` is packed; elsewhere its second half is aligned to 8 bytes.
const [eventSize, fdOffset] = process.arch === 'x64' || process.arch === 'ia32' ? [12, 4] : [16, 8];

let calls: PollCalls | undefined;

function loadCalls(): PollCalls {
  if (calls !== undefined) return calls;
  const self = loadKoffi().load(null);
  calls = {
    epoll_create1: self.func('int epoll_create1(int flags)'),
    epoll_ctl: self.func('int epoll_ctl(int fd, int operation, int watched, const uint8_t *event)'),
    epoll_wait: self.func('int epoll_wait(int fd, uint8_t *events, int most, int milliseconds)') as unknown as PollCalls['epoll_wait'],
    eventfd: self.func('int eventfd(unsigned int initial, int flags)'),
    eventfd_write: self.func('int eventfd_write(int fd, uint64_t value)'),
    close: self.func('int close(int fd)'),
  };
  return calls;
}

/**
 * Tells when sockets that Node does not know of can be read. Node can't watch file descriptors in other namespaces' hands: its own
 * sockets cost five times as much for each connection, and raw ones it has not at all. The waiting happens on a thread of libuv's pool.
 */
export class Reactor {
  readonly #calls = loadCalls();
  readonly #epoll: number;
  /** Written to end the waiting; without it the thread would keep the process from exiting. */
  readonly #wake: number;
  readonly #visits = new Map<number, () => void>();
  readonly #events = new Uint8Array(eventSize * mostEvents);
  readonly #view = new DataView(this.#events.buffer);
  readonly #onExit = (): void => this.close();
  #state: 'idle' | 'waiting' | 'closed' = 'idle';

  constructor() {
    this.#epoll = this.#checked('epoll_create1', this.#calls.epoll_create1(CLOEXEC));
    this.#wake = this.#checked('eventfd', this.#calls.eventfd(0, CLOEXEC));
    this.#control(EPOLL_CTL_ADD, this.#wake);
    process.once('exit', this.#onExit);
  }

  /** Calls `visit` whenever the descriptor can be read, has ended or has failed; now and then when it can't. */
  watch(fd: number, visit: () => void): void {
    this.#visits.set(fd, visit);
    this.#control(EPOLL_CTL_ADD, fd);
    this.#wait();
  }

  /** Stops watching. Call it before the descriptor is closed. */
  forget(fd: number): void {
    if (this.#visits.delete(fd) && this.#state !== 'closed') this.#control(EPOLL_CTL_DEL, fd);
  }

  /** Stops for good. Watched descriptors stay open. */
  close(): void {
    if (this.#state === 'closed') return;
    const wasWaiting = this.#state === 'waiting';
    this.#state = 'closed';
    this.#visits.clear();
    process.off('exit', this.#onExit);
    if (wasWaiting) this.#calls.eventfd_write(this.#wake, 1n);
    else this.#release();
  }

  #wait(): void {
    if (this.#state !== 'idle') return;
    this.#state = 'waiting';
    this.#calls.epoll_wait.async(this.#epoll, this.#events, mostEvents, -1, (_error, count) => {
      if (this.#state === 'closed') {
        this.#release();
        return;
      }
      this.#state = 'idle';
      // A failure is EINTR: wait again. One bug of a visitor must not deafen the others, so waiting goes on whatever it throws.
      try {
        for (let index = 0; index < count; index++) this.#visits.get(this.#view.getInt32(index * eventSize + fdOffset, littleEndian))?.();
      } finally {
        if (this.#visits.size > 0) this.#wait();
      }
    });
  }

  #control(operation: number, fd: number): void {
    const event = new Uint8Array(eventSize);
    const view = new DataView(event.buffer);
    view.setUint32(0, EPOLLIN, littleEndian);
    view.setInt32(fdOffset, fd, littleEndian);
    this.#checked('epoll_ctl', this.#calls.epoll_ctl(this.#epoll, operation, fd, event));
  }

  #checked(call: string, result: number): number {
    if (result < 0) throw new SystemCallError(call, loadLibc().errno());
    return result;
  }

  #release(): void {
    this.#calls.close(this.#epoll);
    this.#calls.close(this.#wake);
  }
}
