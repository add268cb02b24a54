import { closeSync, openSync, writeSync } from 'node:fs';
import { errnoName, type Libc, loadLibc, SystemCallError } from './libc.ts';
import { MissingNeed } from './need.ts';

const CLONE_NEWNET = 0x4000_0000;
const namespaceOfThread = '/proc/thread-self/ns/net';

/**
 * Opens a network namespace for `withNamespace`: a path such as `/run/netns/a` or `/proc/1/ns/net`.
 * Returns a file descriptor that the caller closes (`closeSync`); it keeps the namespace alive.
 */
export function openNamespace(path: string): number {
  return openSync(path, 'r');
}

/** Makes an empty network namespace (its `lo` is down) that lives as long as the returned file descriptor is open. Needs root. */
export function createNamespace(): number {
  return elsewhere(
    'unshare',
    (libc) => libc.unshare(CLONE_NEWNET),
    () => openSync(namespaceOfThread, 'r'),
  );
}

/**
 * Calls `visit` with this thread, the main one, inside the namespace, and comes back, whatever happens. Needs root.
 * Sockets and child processes that `visit` creates stay in the namespace. A socket of `node:net` is created on the next tick, not at
 * once, so `visit` must not return a promise: what is awaited would run outside.
 */
export function withNamespace<T>(fd: number, visit: () => T): T {
  return elsewhere(
    'setns',
    (libc) => libc.setns(fd, CLONE_NEWNET),
    () => {
      const result = visit();
      if (result instanceof Promise) throw new TypeError('what runs inside a namespace must be synchronous');
      return result;
    },
  );
}

function elsewhere<T>(call: string, leave: (libc: Libc) => number, visit: () => T): T {
  const libc = loadLibc();
  const home = openSync(namespaceOfThread, 'r');
  try {
    if (leave(libc) !== 0) throw failure(call, libc.errno());
    try {
      return visit();
    } finally {
      if (libc.setns(home, CLONE_NEWNET) !== 0) abandon(libc.errno());
    }
  } finally {
    closeSync(home);
  }
}

/** A program that went on in the wrong namespace would change somebody else's network: no exception can be trusted to stop it. */
function abandon(errno: number): never {
  writeSync(2, `sallyport: cannot return to the network namespace (${errnoName(errno)}); aborting\n`);
  process.abort();
}

function failure(call: string, errno: number): Error {
  const error = new SystemCallError(call, errno);
  if (error.code !== 'EPERM') return error;
  return new MissingNeed('root', `network namespaces need root, or CAP_SYS_ADMIN in a user namespace (${error.message})`);
}
