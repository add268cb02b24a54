import { readdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Flow } from '#core/verdict/check.ts';
import type { FlowResult } from './run.ts';

/** What one may ask a running lab, as a line of JSON on its socket. */
export type Request =
  | { readonly request: 'about' }
  | { readonly request: 'probe'; readonly flow: Flow }
  /** Where a command for the place (`namespace/pod`, `node:NAME`, `outside`) is to run. */
  | { readonly request: 'enter'; readonly place: string }
  | { readonly request: 'down' };

/** What it answers, in the same order. */
export interface Answers {
  readonly about: { readonly name: string; readonly pid: number };
  readonly probe: FlowResult;
  /** The namespace is the file `/proc/PID/fd/DESCRIPTOR`. */
  readonly enter: { readonly pid: number; readonly descriptor: number };
  readonly down: { readonly pid: number };
}

/** A line of an answer. */
type Line = { readonly result: unknown } | { readonly error: string };

/** What a lab does when it is asked. A rejection is the answer `error`, with its message. */
export type Handlers = {
  readonly [Name in Request['request']]: (request: Request & { request: Name }) => Promise<Answers[Name]> | Answers[Name];
};

/** No lab of that name runs, or it did not answer. The message is for a user. */
export class LabNotReached extends Error {
  override readonly name = 'LabNotReached';
}

const suffix = '.sock';
const longestLine = 1 << 20;
/** A socket's path has at most so many bytes. Source: unix(7). */
const longestPath = 107;

/** The socket of the lab of that name. Throws for a name that can't be one. */
export function socketPath(directory: string, name: string): string {
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name))
    throw new LabNotReached(`\`${name}\` is no name for a lab: lower-case letters, digits and - inside, at most 63`);
  const path = join(directory, name + suffix);
  if (Buffer.byteLength(path) > longestPath) throw new LabNotReached(`${path} is too long for a socket's path`);
  return path;
}

/** The file for what the lab of that name says when it has no terminal; `endLab` removes it. */
export const logPath = (directory: string, name: string): string => join(directory, `${name}.log`);

/**
 * Answers for a lab until `close` or the end of the process, which both remove the socket. Rejects with LabNotReached when a lab of that
 * name runs already; what a dead one has left is removed.
 */
export async function serveControl(path: string, handlers: Handlers): Promise<{ close(): void }> {
  const server = createServer((socket) => void converse(socket, handlers).catch(() => socket.destroy()));
  await listen(server, path);
  const remove = (): void => rmSync(path, { force: true });
  process.on('exit', remove);
  const close = (): void => {
    process.off('exit', remove);
    server.close();
    remove();
  };
  return { close };
}

async function listen(server: Server, path: string): Promise<void> {
  if (await isAnswering(path))
    throw new LabNotReached(`a lab called ${nameOf(path)} is up already: end it with \`sallyport lab down\`, or give another --name`);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
}

/** Whether somebody listens on the socket; one that nobody listens on is removed. */
async function isAnswering(path: string): Promise<boolean> {
  try {
    (await open(path)).destroy();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') rmSync(path, { force: true });
    return false;
  }
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1, -suffix.length);

async function converse(socket: Socket, handlers: Handlers): Promise<void> {
  socket.on('error', () => {}); // The other side has gone; so does the answer.
  for await (const line of linesOf(socket)) {
    const answer = await answerTo(line, handlers);
    socket.write(`${JSON.stringify(answer)}\n`);
  }
  socket.end();
}

async function answerTo(line: string, handlers: Handlers): Promise<Line> {
  try {
    const request = JSON.parse(line) as Request;
    const handler = Object.hasOwn(handlers, request.request) ? handlers[request.request] : undefined;
    if (handler === undefined) return { error: `unknown request ${String(request.request)}` };
    return { result: await (handler as (request: Request) => unknown)(request) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

async function* linesOf(socket: Socket): AsyncGenerator<string> {
  let length = 0;
  socket.on('data', (chunk: Buffer) => {
    length = chunk.includes(10) ? 0 : length + chunk.length;
    if (length > longestLine) socket.destroy();
  });
  yield* createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY });
}

/** Asks the lab of that name. Rejects with LabNotReached, or with what the lab says against it. */
export async function askLab<Name extends Request['request']>(
  directory: string,
  name: string,
  request: Request & { request: Name },
): Promise<Answers[Name]> {
  const path = socketPath(directory, name);
  const socket = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ECONNREFUSED') throw error;
    throw new LabNotReached(`no lab called ${name} is up: start one with \`sallyport lab up\``);
  });
  try {
    socket.write(`${JSON.stringify(request)}\n`);
    for await (const line of linesOf(socket)) {
      const answer = JSON.parse(line) as Line;
      if ('error' in answer) throw new Error(answer.error);
      return answer.result as Answers[Name];
    }
    throw new LabNotReached(`the lab ${name} ended without an answer`);
  } finally {
    socket.destroy();
  }
}

/** The names of the labs that run, in order. Sockets that dead ones have left are removed. */
export async function runningLabs(directory: string): Promise<string[]> {
  const paths = readdirSync(directory)
    .filter((entry) => entry.endsWith(suffix))
    .map((entry) => join(directory, entry));
  const answering = await Promise.all(paths.map(isAnswering));
  return paths
    .filter((_, index) => answering[index])
    .map(nameOf)
    .sort();
}

function open(path: string): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect(path);
  socket.once('error', reject);
  socket.once('connect', () => resolve(socket));
  return promise;
}
