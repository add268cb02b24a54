import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { withNamespace } from '#dataplane/namespace.ts';

/** A way to a server on this machine's loopback from another network namespace, which may be blocked, cut, and slowed down. */
export class Relay implements Disposable {
  /** How many connections have been made. */
  connections = 0;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #port: number;
  #isFrozen = false;
  #pieces: number | undefined;

  /** Listens in the namespace on all addresses, and leads to `port` of loopback here. */
  constructor(namespace: number, port: number) {
    this.#port = port;
    this.#server = createServer((outside) => this.#accept(outside));
    withNamespace(namespace, () => this.#server.listen(0));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Leads new connections elsewhere. */
  leadTo(port: number): void {
    this.#port = port;
  }

  /** Forwards nothing any more, while every connection stays: as a firewall that has forgotten them. */
  freeze(): void {
    this.#isFrozen = true;
    for (const sockets of this.#pairs) for (const socket of sockets) socket.pause();
  }

  /** Connections that were frozen stay so; new ones are forwarded. */
  thaw(): void {
    this.#isFrozen = false;
  }

  /** Ends every connection, with a reset. */
  cut(): void {
    for (const sockets of this.#pairs) for (const socket of sockets) socket.resetAndDestroy();
  }

  /** From now on what the server says arrives in pieces of so many bytes, each with a pause after it. */
  trickle(bytes: number): void {
    this.#pieces = bytes;
  }

  #accept(outside: Socket): void {
    this.connections++;
    const inside = connect(this.#port, '127.0.0.1');
    const pair = [outside, inside] as const;
    this.#pairs.add(pair);
    for (const [one, other] of [pair, [inside, outside]] as const) {
      one.setNoDelay(true);
      one.on('error', () => undefined);
      one.on('close', () => {
        this.#pairs.delete(pair);
        other.destroy();
      });
    }
    outside.on('data', (chunk) => inside.write(chunk));
    inside.on('data', (chunk) => void this.#deliver(inside, outside, chunk));
    if (this.#isFrozen) for (const socket of pair) socket.pause();
  }

  async #deliver(from: Socket, to: Socket, chunk: Buffer): Promise<void> {
    if (this.#pieces === undefined) return void to.write(chunk);
    from.pause();
    for (let start = 0; start < chunk.length; start += this.#pieces) {
      to.write(chunk.subarray(start, start + this.#pieces));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    if (!this.#isFrozen) from.resume();
  }

  [Symbol.dispose](): void {
    this.cut();
    this.#server.close();
  }
}
