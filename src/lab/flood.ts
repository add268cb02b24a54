import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { withNamespace } from '#dataplane/namespace.ts';
import type { ConnectionEnds, ConnectionTools } from './live-connection.ts';
import { bindSocket, closeSocket, connectSocket, openSocket, sendBytes } from './system-calls.ts';

/** How much to send. */
export interface FloodOptions {
  readonly seconds: number;
  /** Datagrams a second; as many as the machine can when absent. */
  readonly rate?: number;
  /** How many source ports take part, each a connection of its own; 1 when absent. */
  readonly connections?: number;
  /** Calls it off. */
  readonly signal?: AbortSignal;
}

/** What came of a flood. */
export interface FloodResult {
  readonly sent: number;
  readonly received: number;
  /** Datagrams that arrived when the receiver's buffer was full, those of others in its namespace included: no verdict lost them. */
  readonly overflowed: number;
}

const burst = 32;
/** How many datagrams may be under way once some arrive, so that the receiver's buffer does not overflow. */
const mostUnderWay = 1024;

/** Sends datagrams, and counts those that arrive. The source never hears of it: nobody answers. */
export async function flood(tools: ConnectionTools, ends: Omit<ConnectionEnds, 'protocol'>, options: FloodOptions): Promise<FloodResult> {
  const { to } = ends;
  const flow = new Flood(tools, ends, options.connections ?? 1);
  const before = overflowsIn(to.namespace);
  try {
    await flow.run(options);
    // What is under way now will have arrived.
    await sleep(50);
  } finally {
    flow.close();
  }
  return { sent: flow.sent, received: flow.received, overflowed: overflowsIn(to.namespace) - before };
}

class Flood {
  sent = 0;
  received = 0;
  readonly #sockets: number[] = [];
  readonly #releases: (() => void)[] = [];

  constructor({ ports, listeners }: ConnectionTools, { from, to, port }: Omit<ConnectionEnds, 'protocol'>, connections: number) {
    const received = (): void => {
      this.received++;
    };
    for (let index = 0; index < connections; index++) {
      ports.open(from.address, (source) => {
        const fd = withNamespace(from.namespace, () => openSocket(to.address.includes(':') ? 6 : 4, 'datagram'));
        this.#sockets.push(fd);
        bindSocket(fd, source);
        connectSocket(fd, { ip: to.address, port });
        this.#releases.push(listeners.hold('UDP', source, { received }));
      });
    }
  }

  async run({ seconds, rate = Number.POSITIVE_INFINITY, signal }: FloodOptions): Promise<void> {
    const payload = new Uint8Array(18); // a frame of the least length
    const start = performance.now();
    const end = start + seconds * 1000;
    for (let now = start; now < end && !signal?.aborted; now = performance.now()) {
      const due = Math.min(burst, ((now - start) / 1000) * rate - this.sent);
      for (let count = 0; count < due; count++) {
        // ECONNREFUSED and the like speak of datagrams before.
        if (sendBytes(this.#sockets[this.sent % this.#sockets.length]!, payload) === undefined) this.sent++;
      }
      await (due < 1 ? sleep(1) : nextTurn());
      await this.#catchUp();
    }
  }

  /** Waits for a receiver that gets something but is behind. */
  async #catchUp(): Promise<void> {
    for (let turns = 0; turns < 50 && this.received > 0 && this.sent - this.received > mostUnderWay; turns++) {
      const before = this.received;
      await nextTurn();
      if (this.received === before) await sleep(1);
    }
  }

  close(): void {
    for (const release of this.#releases) release();
    for (const fd of this.#sockets) closeSocket(fd);
  }
}

/** How many datagrams the kernel has thrown away in a namespace because a receiver's buffer was full. */
function overflowsIn(namespace: number): number {
  return withNamespace(namespace, () => {
    const [names, values] = readFileSync('/proc/thread-self/net/snmp', 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('Udp:'))
      .map((line) => line.split(' '));
    const four = Number(values![names!.indexOf('RcvbufErrors')]);
    const six = Number(/^Udp6RcvbufErrors\s+(\d+)/m.exec(readSnmp6())?.[1] ?? 0);
    return four + six;
  });
}

function readSnmp6(): string {
  try {
    return readFileSync('/proc/thread-self/net/snmp6', 'utf8');
  } catch {
    return ''; // a kernel without IPv6
  }
}
