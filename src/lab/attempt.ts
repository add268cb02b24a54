import { randomBytes } from 'node:crypto';
import type { Family } from '#core/net/ip.ts';
import type { Reactor } from '#dataplane/reactor.ts';
import type { SctpEndpoint } from './sctp-endpoint.ts';
import {
  bindSocket,
  closeSocket,
  connectSocket,
  openSocket,
  receiveBytes,
  resetOnClose,
  type SocketAddress,
  sendBytes,
} from './system-calls.ts';

/** What came back: who answered, or the errno's name of what the kernel said. */
export type Answer = { readonly identity: string } | { readonly failure: string };

/** A connection that is being tried. */
export interface Attempt {
  /** Sends what asks for an answer; again and again for protocols that the kernel does not repeat. Returns the errno's name of a failure. */
  ask(): string | undefined;
  close(): void;
}

/** What an attempt needs to know. */
export interface AttemptOptions {
  readonly reactor: Reactor;
  readonly from: SocketAddress;
  readonly to: SocketAddress;
  /** May be called more than once: the first answer counts. */
  readonly onAnswer: (answer: Answer) => void;
}

const familyOf = (ip: string): Family => (ip.includes(':') ? 6 : 4);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).trimEnd();

/**
 * Opens a TCP connection and reads who is there. Call it inside the namespace of the source. Throws SystemCallError: EADDRINUSE when the
 * source port is taken, else what the kernel knows at once.
 */
export function attemptTcp(options: AttemptOptions): Attempt {
  const fd = openSocket(familyOf(options.from.ip), 'stream');
  resetOnClose(fd);
  const read = (bytes: Uint8Array): Answer => (bytes.length === 0 ? { failure: 'closed without an answer' } : { identity: textOf(bytes) });
  return { ask: () => undefined, close: connect(fd, options, read) };
}

/** Makes ready to send a datagram and to hear its echo. Call it inside the namespace of the source. Throws as `attemptTcp` does. */
export function attemptUdp(options: AttemptOptions): Attempt {
  const nonce = new Uint8Array(randomBytes(8));
  const fd = openSocket(familyOf(options.from.ip), 'datagram');
  // What does not begin with the nonce answers somebody who had the port before.
  const read = (bytes: Uint8Array): Answer | undefined =>
    nonce.every((byte, index) => bytes[index] === byte) ? { identity: textOf(bytes.subarray(nonce.length)) } : undefined;
  return { close: connect(fd, options, read), ask: () => sendBytes(fd, nonce) };
}

/** Makes ready to send INIT from the endpoint, which is that of the source, and to hear who answers. */
export function attemptSctp(endpoint: SctpEndpoint, { from, to, onAnswer }: AttemptOptions): Attempt {
  endpoint.expect(from.port, onAnswer);
  return { ask: () => endpoint.sendInit(from.port, to.ip, to.port), close: () => endpoint.expect(from.port, undefined) };
}

/** Binds and connects a socket, and reads what comes. Returns what closes it. */
function connect(fd: number, { reactor, from, to, onAnswer }: AttemptOptions, read: (bytes: Uint8Array) => Answer | undefined): () => void {
  try {
    bindSocket(fd, from);
    connectSocket(fd, to);
  } catch (error) {
    closeSocket(fd);
    throw error;
  }
  reactor.watch(fd, () => {
    const bytes = receiveBytes(fd);
    if (bytes === 'EAGAIN') return;
    const answer = typeof bytes === 'string' ? { failure: bytes } : read(bytes);
    if (answer !== undefined) onAnswer(answer);
  });
  return () => {
    reactor.forget(fd);
    closeSocket(fd);
  };
}
