import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Drop, Missed } from '#core/verdict/drop.ts';

/** Lines that are kept for who asks later. */
const mostKept = 1000;
/** Who listens at a time. */
const mostListeners = 16;
/** Bytes that may wait for a listener who does not read: further lines are not for him. */
const mostWaiting = 256 * 1024;
/** Milliseconds between signs of life. */
const pulse = 15_000;

/**
 * Gives the lines of drops to whoever asks over HTTP, one JSON object a line: `/drops` what is kept, `?since=SECONDS` the part of it that is not older,
 * `?follow` what comes from then on as well, with an empty line now and then. Who reads slowly misses lines and holds up nobody.
 */
export class DropFeed {
  readonly #kept: (Drop | Missed)[] = [];
  readonly #listeners = new Set<ServerResponse>();

  add(line: Drop | Missed): void {
    this.#kept.push(line);
    if (this.#kept.length > mostKept) this.#kept.shift();
    for (const listener of this.#listeners) if (listener.writableLength < mostWaiting) listener.write(textOf(line));
  }

  /** Answers a request for `/drops`. */
  readonly serve = (request: IncomingMessage, response: ServerResponse): void => {
    const { searchParams: query } = new URL(request.url ?? '/', 'http://agent');
    const isFollowing = query.has('follow');
    if (isFollowing && this.#listeners.size >= mostListeners) {
      response.writeHead(503, { 'Content-Type': 'text/plain' }).end('too many listen already\n');
      return;
    }
    response.writeHead(200, { 'Content-Type': 'application/jsonl' });
    response.flushHeaders();
    for (const line of this.#since(query.get('since'))) response.write(textOf(line));
    if (!isFollowing) {
      response.end();
      return;
    }
    this.#listeners.add(response);
    const beat = setInterval(() => response.writableLength < mostWaiting && response.write('\n'), pulse);
    response.once('close', () => {
      clearInterval(beat);
      this.#listeners.delete(response);
    });
  };

  /** Ends the answers to all who listen. */
  close(): void {
    for (const listener of this.#listeners) listener.end();
  }

  #since(seconds: string | null): readonly (Drop | Missed)[] {
    if (seconds === null) return this.#kept;
    const first = Date.now() - Number(seconds) * 1000;
    return this.#kept.filter(({ time }) => Date.parse(time) >= first);
  }
}

const textOf = (line: Drop | Missed): string => `${JSON.stringify(line)}\n`;
