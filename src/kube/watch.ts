import type { IncomingMessage } from 'node:http';
import type { Connection } from './connection.ts';
import { KubeFault } from './fault.ts';
import { succeeded } from './list.ts';
import { answerOf, open, transportFault } from './request.ts';
import { pathOf, type Resource } from './resource.ts';

/** What a watch says. Source: WatchEvent in meta/v1. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: Readonly<Record<string, unknown>>;
}

/** A watch that is asked for: all objects of a kind, from a version on. */
export interface WatchRequest {
  readonly resource: Resource;
  readonly version: string;
  /** Milliseconds without a byte after which the stream counts as dead. */
  readonly silence: number;
  readonly signal: AbortSignal;
  /** Told that the server has begun to speak. */
  readonly onOpen: () => void;
}

/** The server no longer has what was asked for: what there is has to be read anew. */
export class Expired extends Error {}

/** How long the server is asked to keep a stream, in seconds: not the same for all, so that they do not all come back at once. */
const leastSeconds = 300;

/** The events of a stream as they come, those that come together at once. Ends when the server ends it; throws `Expired` or what went wrong. */
export async function* watch(connection: Connection, request: WatchRequest): AsyncGenerator<readonly WatchEvent[]> {
  const { resource, version, silence, signal } = request;
  const seconds = Math.round(leastSeconds * (1 + Math.random()));
  const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${encodeURIComponent(version)}&timeoutSeconds=${seconds}`;
  const sent = { path: `${pathOf(resource)}?${query}`, silence, signal };
  const response = await open(connection, sent);
  if (response.statusCode !== 200) {
    const answer = await answerOf(connection, sent, response);
    if (answer.status === 410) throw new Expired(`version ${version} of ${resource.name} is gone`);
    succeeded(connection, pathOf(resource), answer, { verb: 'watch', resource });
    throw new KubeFault('not-kubernetes', `${connection.server} answers a watch with status ${answer.status}`);
  }
  request.onOpen();
  try {
    yield* eventsIn(response);
  } catch (error) {
    throw error instanceof KubeFault || error instanceof Expired ? error : transportFault(error, connection, sent);
  }
}

/** Splits a stream into lines, each an event. */
async function* eventsIn(response: IncomingMessage): AsyncGenerator<readonly WatchEvent[]> {
  let begun: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) {
    const end = chunk.lastIndexOf(0x0a);
    if (end < 0) begun.push(chunk);
    else {
      const lines = Buffer.concat([...begun, chunk.subarray(0, end)]).toString('utf8');
      // A copy: the rest would keep the whole chunk.
      begun = end + 1 < chunk.length ? [Buffer.from(chunk.subarray(end + 1))] : [];
      yield lines.split('\n').filter(Boolean).map(eventOf);
    }
  }
}

function eventOf(line: string): WatchEvent {
  const event = JSON.parse(line) as WatchEvent;
  if (event.type !== 'ERROR') return event;
  const { code, message } = event.object as { readonly code?: number; readonly message?: string };
  if (code === 410) throw new Expired(message);
  throw new KubeFault('server', `the API server ended a watch: ${message ?? `code ${code}`}`);
}
