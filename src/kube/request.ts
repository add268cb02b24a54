import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import type { Connection } from './connection.ts';
import { KubeFault } from './fault.ts';

/** What is sent to a server with a request that is not a GET. */
export interface Sent {
  readonly method: 'POST' | 'PATCH';
  readonly body: object;
}

/** What is asked of a server. This program only ever gets, but for the Events that an agent writes. */
export interface Request {
  /** From the server's root, with the query. */
  readonly path: string;
  /** Plain JSON unless given. */
  readonly accept?: string;
  /** Absent: a GET. */
  readonly send?: Sent;
  /** Milliseconds of silence after which the server counts as dead; unless given, somewhat more than it gives itself for an answer. */
  readonly silence?: number;
  readonly signal?: AbortSignal | undefined;
}

/** What a server answered: any status, and the JSON of its body. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** A connection that is not there by then won't be. Source: the dialer of k8s.io/client-go/transport. */
const connectTimeout = 30_000;
/** The server itself gives up on a request after a minute (its --request-timeout), so it is dead when it is silent for longer. */
const silenceTimeout = 75_000;
/** How often a server that is busy, or that has just let go of a connection, is asked again. */
const mostAttempts = 5;

/** Reads a response. */
export type Receive<T> = (connection: Connection, request: Request, response: IncomingMessage) => Promise<T>;

/** Asks the server and reads the whole answer. A busy server is asked again when it says. */
export const ask = (connection: Connection, request: Request): Promise<Answer> => askFor(connection, request, answerOf);

/** Asks the server as `ask` does; `receive` reads each response. */
export async function askFor<T>(connection: Connection, request: Request, receive: Receive<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const response = await open(connection, request);
    const wait = retryAfter(response);
    const answer = await receive(connection, request, response);
    if (wait === undefined || attempt === mostAttempts) return answer;
    await sleep(wait, undefined, { signal: request.signal });
  }
}

/** Opens a request and gives the response before its body, for answers that come little by little. */
export async function open(connection: Connection, request: Request): Promise<IncomingMessage> {
  const { server, agent } = connection;
  const headers = { Accept: 'application/json', 'Accept-Encoding': 'gzip', 'User-Agent': userAgent, ...(await connection.headers()) };
  const start = server.startsWith('https:') ? tlsRequest : (await plain()).request;
  for (let attempt = 1; ; attempt++) {
    const sent = start(server + request.path, {
      method: request.send?.method ?? 'GET',
      agent,
      headers: {
        ...headers,
        ...(request.accept && { Accept: request.accept }),
        ...(request.send && { 'Content-Type': mediaTypes[request.send.method] }),
      } as Record<string, string | string[]>,
      ...(request.signal && { signal: request.signal }),
    });
    try {
      return await responseOf(sent, connection, request);
    } catch (error) {
      // The server let go of an idle connection just when we took it up again.
      const isStale =
        sent.reusedSocket && request.send === undefined && (error as NodeJS.ErrnoException).code === 'ECONNRESET' && attempt < mostAttempts;
      if (!isStale) throw transportFault(error, connection, request);
    }
  }
}

/** The rest of a response that is to be read whole. */
export async function answerOf(connection: Connection, request: Request, response: IncomingMessage): Promise<Answer> {
  const text = Buffer.concat(await Array.fromAsync(chunksOf(connection, request, response))).toString('utf8');
  return { status: response.statusCode ?? 0, body: jsonOf(connection, request, response, () => JSON.parse(text)) };
}

const userAgent = 'sallyport';

/** HTTP without TLS. Node's module for it brings a client of another kind along, 9 MB of memory that an agent has no use for. */
export const plain = (): Promise<typeof import('node:http')> => import('node:http');

const mediaTypes = { POST: 'application/json', PATCH: 'application/merge-patch+json' } as const;

function responseOf(sent: ClientRequest, { timeout }: Connection, { silence = silenceTimeout, send }: Request): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let response: IncomingMessage | undefined;
    const giveUp = (error: Error): void => void (response ?? sent).destroy(error);
    const after = (milliseconds: number, error: Error): NodeJS.Timeout => {
      const timer = setTimeout(giveUp, milliseconds, error);
      sent.once('close', () => clearTimeout(timer));
      return timer;
    };
    sent.on('socket', (socket) => {
      // The time begins when it is the request's turn, not while others are under way.
      if (timeout !== undefined) after(timeout, new TimeoutError(timeout));
      const watchSilence = (): void => void sent.setTimeout(silence, () => giveUp(new TimeoutError()));
      if (!socket.connecting) return watchSilence();
      const timer = after(connectTimeout, new TimeoutError());
      socket.once('connect', () => {
        clearTimeout(timer);
        watchSilence();
      });
    });
    sent.on('error', reject);
    sent.on('response', (received: IncomingMessage) => {
      response = received;
      resolve(received);
    });
    sent.end(send && JSON.stringify(send.body));
  });
}

class TimeoutError extends Error {
  /** The limit that the user set, in milliseconds. */
  readonly limit: number | undefined;

  constructor(limit?: number) {
    super('timeout');
    this.limit = limit;
  }
}

/** What a response says, as it comes. */
export async function* chunksOf(connection: Connection, request: Request, response: IncomingMessage): AsyncGenerator<Buffer> {
  const isPacked = response.headers['content-encoding'] === 'gzip';
  const body: Readable = isPacked ? response.pipe(createGunzip({ chunkSize: 64 * 1024 })) : response;
  // A stream that is piped does not hear of the fault of the one before.
  if (isPacked) response.on('error', (error) => body.destroy(error));
  try {
    yield* body as AsyncIterable<Buffer>;
  } catch (error) {
    throw transportFault(error, connection, request);
  }
}

/** A server that wants more patience than this, in milliseconds, is taken at its word now. */
const mostPatience = 30_000;

/** How many milliseconds a busy server wants us to wait; undefined when it has answered. Source: k8s.io/client-go/rest, with_retry.go. */
function retryAfter({ statusCode = 0, headers }: IncomingMessage): number | undefined {
  const isBusy = statusCode === 429 || statusCode >= 500;
  const wait = Number(headers['retry-after'] ?? Number.NaN) * 1000;
  return isBusy && wait >= 0 && wait <= mostPatience ? wait : undefined;
}

/** What `parse` makes of a response; undefined where that is no JSON and the status says what it is. */
export function jsonOf<T>(
  { server }: Connection,
  { path }: Request,
  { statusCode, headers }: IncomingMessage,
  parse: () => T,
): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // An error without JSON may come from the server all the same, or from what stands before it: the status says what it is.
    if (statusCode !== undefined && statusCode >= 400) return undefined;
    const type = headers['content-type'] ?? 'something without a type';
    throw new KubeFault('not-kubernetes', `${server} answers, but speaks no Kubernetes: GET ${path} gave ${type}`);
  }
}

const unknownAuthority = [
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
];

const unreachable: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was reset',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'the network is unreachable',
  ETIMEDOUT: 'it does not answer',
  EPIPE: 'the connection was closed',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'its name can not be resolved now',
};

/** What kept a request from its answer: for one that was called off, why it was. */
export function transportFault(error: unknown, { server }: Connection, { signal }: Request): unknown {
  if (signal?.aborted) return signal.reason;
  if (error instanceof TimeoutError) {
    const within = error.limit === undefined ? 'does not answer' : `did not answer within ${error.limit / 1000} s (--request-timeout)`;
    return new KubeFault('timeout', `the API server at ${server} ${within}`);
  }
  const { code = '' } = error as NodeJS.ErrnoException;
  return (
    trustFault(error, code, server) ??
    new KubeFault('unreachable', `the API server at ${server} can't be reached: ${unreachable[code] ?? (error as Error).message}`)
  );
}

function trustFault(error: unknown, code: string, server: string): KubeFault | undefined {
  const untrusted = (what: string, hint?: string): KubeFault => new KubeFault('untrusted', `the certificate of ${server} ${what}`, hint);
  if (unknownAuthority.includes(code))
    return untrusted('is signed by an unknown authority', '--certificate-authority names a file with the authority to trust');
  if (code === 'CERT_HAS_EXPIRED') return untrusted('has expired');
  if (code === 'CERT_NOT_YET_VALID') return untrusted('is not valid yet');
  const { reason = (error as Error).message } = error as { reason?: string };
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return untrusted(`is for another name: ${reason}`, '--tls-server-name says which name the certificate has');
  if (code !== 'EPROTO' && !code.startsWith('ERR_SSL_')) return undefined;
  const isPlain = /wrong.version.number|packet.length.too.long|http.request/i.test(reason);
  return new KubeFault(
    'untrusted',
    `${server}: ${isPlain ? 'the server speaks no TLS: its URL may begin with http://' : `TLS fails: ${reason}`}`,
  );
}
