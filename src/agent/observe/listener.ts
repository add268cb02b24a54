import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';

/** What is answered to a path. */
export interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Where to listen: absent, on every address of the machine. */
export interface ListenAddress {
  readonly host?: string;
  readonly port: number;
}

/** What is answered at which path: pages, and answers that go on. */
export interface Site {
  readonly pages: ReadonlyMap<string, () => Promise<Page>>;
  readonly streams: ReadonlyMap<string, RequestListener>;
}

/** Answers to GET at paths. A listener that loses its place, or never got it, tries again: nothing else depends on it. */
export class Listener {
  readonly #address: ListenAddress;
  readonly #site: Site;
  readonly #onFault: (message: string) => void;
  #server: Server | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastFault = '';

  constructor(address: ListenAddress, site: Site, onFault: (message: string) => void) {
    this.#address = address;
    this.#site = site;
    this.#onFault = onFault;
    this.#open();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#server?.close();
    this.#server?.closeAllConnections();
  }

  #open(): void {
    const server = createServer({ requestTimeout: requestPatience, headersTimeout: requestPatience, keepAliveTimeout: 30_000 });
    // Whoever asks too much waits; the agent has other things to do.
    server.maxConnections = mostConnections;
    server.on('request', (request, response) => void this.#answer(request, response));
    server.on('error', (error) => this.#failed(error.message));
    server.on('listening', () => {
      this.#lastFault = '';
    });
    server.listen(this.#address);
    this.#server = server;
  }

  #failed(message: string): void {
    if (message !== this.#lastFault) this.#onFault(message);
    this.#lastFault = message;
    this.#server?.close();
    this.#timer = setTimeout(() => this.#open(), retryInterval);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    const path = url.replace(/\?.*/s, '');
    const stream = method === 'GET' ? this.#site.streams.get(path) : undefined;
    if (stream !== undefined) return stream(request, response);
    const { status, type, body } = await this.#page(method, path);
    const bytes = Buffer.from(body);
    const headers = {
      'Content-Type': type,
      'Content-Length': bytes.length,
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    };
    response.writeHead(status, headers).end(method === 'HEAD' ? undefined : bytes);
  }

  async #page(method: string, path: string): Promise<Page> {
    if (method !== 'GET' && method !== 'HEAD') return text(405, 'only GET is answered\n');
    const { pages, streams } = this.#site;
    const page = pages.get(path);
    if (page === undefined) return text(404, `there are ${[...pages.keys(), ...streams.keys()].join(', ')}\n`);
    try {
      return await page();
    } catch (error) {
      return text(500, `${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
}

const requestPatience = 10_000;
const mostConnections = 64;
/** Milliseconds before a place that is taken is tried again: by another agent, which this one replaces. */
const retryInterval = 2000;

const text = (status: number, body: string): Page => ({ status, type: 'text/plain; charset=utf-8', body });

/** A value as a page, on one line as others read it. */
export const json = (status: number, value: unknown): Page => ({ status, type: 'application/json', body: `${JSON.stringify(value)}\n` });
