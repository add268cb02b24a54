import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ControlPlane } from '../cluster/control-plane.ts';

/** A request that went through a door, and what the server said. */
export interface Passage {
  readonly path: string;
  readonly status: number;
}

/** Stands before an API server, as its administrator, and may hold up or change what goes in. */
export class Door implements Disposable {
  readonly seen: Passage[] = [];
  /** How many requests were under way at once, at most. */
  most = 0;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * `change` gives the path to ask for in place of the one that was asked for, and takes its time; a number says that the server is busy,
   * and for how many seconds.
   */
  static async open(plane: ControlPlane, change: (path: string) => string | number | Promise<string>): Promise<Door> {
    const server = createServer();
    const door = new Door(server);
    let active = 0;
    const pass = async ({ url = '' }: IncomingMessage, response: ServerResponse): Promise<void> => {
      active++;
      door.most = Math.max(door.most, active);
      response.on('close', () => active--);
      const path = await change(url);
      if (typeof path === 'number') {
        door.seen.push({ path: url, status: 429 });
        response.writeHead(429, { 'Retry-After': path }).end();
        return;
      }
      const { status, body } = await plane.send('GET', path);
      door.seen.push({ path: url, status });
      const isJson = typeof body === 'object';
      response.writeHead(status, { 'Content-Type': isJson ? 'application/json' : 'text/plain' }).end(isJson ? JSON.stringify(body) : body);
    };
    server.on('request', (request, response) => void pass(request, response));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return door;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  [Symbol.dispose](): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** Has etcd forget everything but the present. */
export async function compact({ etcd }: ControlPlane): Promise<void> {
  const ask = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const response = await fetch(`${etcd}${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    return (await response.json()) as Record<string, unknown>;
  };
  const { header } = await ask('/v3/maintenance/status', {});
  await ask('/v3/kv/compaction', { revision: (header as { revision: string }).revision, physical: true });
}

/** The path with its token for the next page made one of the oldest revision. Source: k8s.io/apiserver/pkg/storage/continue.go. */
export function withOldToken(path: string): string {
  const url = new URL(path, 'http://door');
  const token = url.searchParams.get('continue');
  if (token === null) return path;
  const state = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as object;
  url.searchParams.set('continue', Buffer.from(JSON.stringify({ ...state, rv: 1 })).toString('base64url'));
  return url.pathname + url.search;
}
