import { SystemCallError } from '#dataplane/libc.ts';
import type { SocketAddress } from './system-calls.ts';

const firstPort = 20_000;
const lastPort = 59_999;

/** Source ports: each address uses all of a range in turn, so that a port comes again when nobody remembers its last connection. */
export class SourcePorts {
  readonly #last = new Map<string, number>();

  /** Opens something from the next port of the address that nobody else has. Throws SystemCallError, what `open` throws. */
  open<T>(address: string, open: (from: SocketAddress) => T): T {
    for (let tries = 0; ; tries++) {
      try {
        return open({ ip: address, port: this.#next(address) });
      } catch (error) {
        // Others on a node may have ports of the range, but never so many in a row.
        if (!(error instanceof SystemCallError) || error.code !== 'EADDRINUSE' || tries === 100) throw error;
      }
    }
  }

  #next(address: string): number {
    const last = this.#last.get(address) ?? lastPort;
    const port = last === lastPort ? firstPort : last + 1;
    this.#last.set(address, port);
    return port;
  }
}
