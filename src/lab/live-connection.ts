import { setTimeout as sleep } from 'node:timers/promises';
import { withNamespace } from '#dataplane/namespace.ts';
import type { Reactor } from '#dataplane/reactor.ts';
import type { Listeners, Site } from './listener.ts';
import type { SourcePorts } from './source-ports.ts';
import {
  bindSocket,
  closeSocket,
  connectSocket,
  openSocket,
  receiveBytes,
  resetOnClose,
  type SocketAddress,
  sendBytes,
  sendBytesTo,
} from './system-calls.ts';

/** The end of a connection where something happened. */
export type Side = 'client' | 'server';

/** The ends of a connection; its destination has a listener on the port. */
export interface ConnectionEnds {
  readonly from: Site;
  readonly to: Site;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
}

/** What connections are made with. */
export interface ConnectionTools {
  readonly reactor: Reactor;
  readonly listeners: Listeners;
  readonly ports: SourcePorts;
}

/** How long a message may be under way, in milliseconds. */
const patience = 300;
const messageLength = 8;

/** A connection that stays open, to see what becomes of it. Open it with `Lab.openConnection`. */
export class LiveConnection {
  readonly #tools: ConnectionTools;
  readonly #options: ConnectionEnds;
  /** By the number of the message. */
  readonly #waiting = new Map<bigint, () => void>();
  readonly #cuts: ((side: Side, code: string) => void)[] = [];
  readonly #releases: (() => void)[] = [];
  #client: { readonly fd: number; readonly address: SocketAddress } | undefined;
  /** TCP: the accepted socket. UDP: the listener. */
  #server: number | undefined;
  #count = 0n;
  #isGreeted = false;
  /** Bytes of each side that are not a whole message yet. */
  readonly #rest: Record<Side, Uint8Array> = { client: Buffer.alloc(0), server: Buffer.alloc(0) };
  #cut: { readonly side: Side; readonly code: string } | undefined;

  private constructor(tools: ConnectionTools, options: ConnectionEnds) {
    this.#tools = tools;
    this.#options = options;
  }

  /** Opens the connection and has a message pass each way. Rejects when that does not come to pass. */
  static async open(tools: ConnectionTools, options: ConnectionEnds): Promise<LiveConnection> {
    const connection = new LiveConnection(tools, options);
    connection.#connect();
    const { from, to, port, protocol } = options;
    const deadline = performance.now() + 4 * patience;
    while (performance.now() < deadline && connection.cut === undefined) {
      // Of UDP the first message makes the connection; TCP takes none before the handshake.
      if (protocol === 'TCP' && connection.#server === undefined) await sleep(1);
      else if ((await connection.sendFromClient()) && (await connection.sendFromServer())) return connection;
    }
    connection.close();
    const reason = connection.cut === undefined ? 'no message gets through' : connection.cut.code;
    throw new Error(`${protocol} from ${from.address} to ${to.address} port ${port}: ${reason}`);
  }

  /** Where the connection broke and with which errno (`ECONNRESET`), if it did. */
  get cut(): { readonly side: Side; readonly code: string } | undefined {
    return this.#cut;
  }

  /** Calls `visit` when an end learns that the connection is no more. UDP ends never learn. */
  onCut(visit: (side: Side, code: string) => void): void {
    this.#cuts.push(visit);
  }

  /** Sends a message from the client. Resolves to whether the server got it in time. */
  sendFromClient(): Promise<boolean> {
    return this.#send((bytes) => (this.#client === undefined ? 'ENOTCONN' : sendBytes(this.#client.fd, bytes)));
  }

  /** Sends a message from the server. Resolves to whether the client got it in time. */
  sendFromServer(): Promise<boolean> {
    return this.#send((bytes) => {
      if (this.#server === undefined) return 'ENOTCONN';
      if (this.#options.protocol === 'TCP') return sendBytes(this.#server, bytes);
      return this.#client === undefined ? 'ENOTCONN' : sendBytesTo(this.#server, bytes, this.#client.address);
    });
  }

  /** Ends the connection without a word on the wire where that is possible. */
  close(): void {
    for (const release of this.#releases.splice(0)) release();
    this.#client = undefined;
    this.#server = undefined;
  }

  #connect(): void {
    const { from, to, protocol, port } = this.#options;
    this.#tools.ports.open(from.address, (source) => {
      const fd = withNamespace(from.namespace, () =>
        openSocket(to.address.includes(':') ? 6 : 4, protocol === 'TCP' ? 'stream' : 'datagram'),
      );
      try {
        bindSocket(fd, source);
        this.#hold(source);
        connectSocket(fd, { ip: to.address, port });
      } catch (error) {
        this.close();
        closeSocket(fd);
        throw error;
      }
      this.#client = { fd, address: source };
      this.#watch(fd, 'client');
    });
  }

  /** Has the listener leave its end of the connection to us. */
  #hold(source: SocketAddress): void {
    const release = this.#tools.listeners.hold(this.#options.protocol, source, {
      accepted: (fd) => {
        this.#server = fd;
        this.#watch(fd, 'server');
      },
      received: (bytes, listener) => {
        this.#server = listener;
        this.#take('server', bytes);
      },
    });
    this.#releases.push(release);
  }

  #watch(fd: number, side: Side): void {
    const isStream = this.#options.protocol === 'TCP';
    if (isStream) resetOnClose(fd);
    let isOpen = true;
    const release = (): void => {
      if (!isOpen) return;
      isOpen = false;
      this.#tools.reactor.forget(fd);
      closeSocket(fd);
    };
    this.#releases.push(release);
    this.#tools.reactor.watch(fd, () => {
      const bytes = receiveBytes(fd);
      if (typeof bytes !== 'string' && (bytes.length > 0 || !isStream)) this.#take(side, bytes);
      else if (isStream && bytes !== 'EAGAIN') {
        release();
        this.#lose(side, typeof bytes === 'string' ? bytes : 'EOF');
      }
    });
  }

  #lose(side: Side, code: string): void {
    if (side === 'client') this.#client = undefined;
    else this.#server = undefined;
    this.#cut ??= { side, code };
    for (const visit of this.#cuts) visit(side, code);
  }

  /** Reads what has come to a side: numbers of messages. A TCP client is first told who the server is, in a line. */
  #take(side: Side, bytes: Uint8Array): void {
    let all = Buffer.concat([this.#rest[side], bytes]);
    if (side === 'client' && this.#options.protocol === 'TCP' && !this.#isGreeted) {
      const end = all.indexOf('\n');
      this.#isGreeted = end >= 0;
      all = all.subarray(end >= 0 ? end + 1 : all.length);
    }
    for (; all.length >= messageLength; all = all.subarray(messageLength)) this.#waiting.get(all.readBigUInt64LE())?.();
    this.#rest[side] = all;
  }

  async #send(write: (bytes: Uint8Array) => string | undefined): Promise<boolean> {
    this.#count++;
    const number = this.#count;
    const bytes = Buffer.alloc(messageLength);
    bytes.writeBigUInt64LE(number);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#waiting.set(number, () => resolve(true));
    const timer = setTimeout(() => resolve(false), patience);
    if (write(bytes) !== undefined) resolve(false);
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(number);
    });
  }
}
