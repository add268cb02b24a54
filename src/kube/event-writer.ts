import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from './connection.ts';
import { succeeded } from './list.ts';
import { ask } from './request.ts';
import { events, pathOf } from './resource.ts';
import type { ObjectVersion } from './unreadable.ts';

/** Something to be told where users look. */
export interface Telling {
  /** The object that it is about, with the version of the API that it is written in. */
  readonly about: ObjectVersion & { readonly apiVersion: string };
  readonly type: 'Warning' | 'Normal';
  /** One word, for machines: `NotEnforced`. */
  readonly reason: string;
  readonly message: string;
  /** Milliseconds before it is told: many agents may have the same to say. */
  readonly delay: number;
}

/** What became of a telling. */
export type EventResult = 'written' | 'left-out' | 'refused';

export interface EventWriterOptions {
  readonly connection: Connection;
  /** The node that tells. */
  readonly node: string;
  readonly onResult: (result: EventResult) => void;
  /** Told once when Events may not be written, or can't be, until one was. */
  readonly onFault: (fault: unknown) => void;
  /** Tellings at once, and milliseconds until there may be another. */
  readonly burst?: number;
  readonly interval?: number;
}

/** What waits to be told, at most. */
const mostWaiting = 100;
/** Messages of an Event are not longer. Source: ValidateEvent in Kubernetes. */
const longestMessage = 1024;

interface Written {
  readonly path: string;
  count: number;
}

/**
 * Writes Events of the core group, which `kubectl events --for` and `kubectl describe` show. What was told before and comes again is counted and not
 * written anew. Nothing waits for it, and nothing depends on it: what is too much is left out. Source: Event in core/v1.
 */
export class EventWriter {
  readonly #options: Required<EventWriterOptions>;
  readonly #stop = new AbortController();
  readonly #written = new Map<string, Written>();
  readonly #waiting = new Set<string>();
  #tokens: number;
  #refilled = performance.now();
  #isFaulty = false;
  #queue: Promise<void> = Promise.resolve();

  constructor(options: EventWriterOptions) {
    this.#options = { burst: 20, interval: 3000, ...options };
    this.#tokens = this.#options.burst;
  }

  /** Tells it, some time. */
  tell(telling: Telling): void {
    const key = keyOf(telling);
    if (this.#waiting.has(key)) return;
    if (this.#waiting.size < mostWaiting && this.#takeToken()) {
      this.#waiting.add(key);
      void this.#later(key, telling);
    } else this.#options.onResult('left-out');
  }

  /** Tells no more. */
  stop(): void {
    this.#stop.abort();
  }

  #takeToken(): boolean {
    const { burst, interval } = this.#options;
    const now = performance.now();
    this.#tokens = Math.min(burst, this.#tokens + (now - this.#refilled) / interval);
    this.#refilled = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  async #later(key: string, telling: Telling): Promise<void> {
    const { signal } = this.#stop;
    await sleep(telling.delay, undefined, { signal }).catch(() => undefined);
    // One at a time: watches share the connection.
    this.#queue = this.#queue.then(async () => {
      this.#waiting.delete(key);
      if (!signal.aborted) await this.#write(key, telling);
    });
  }

  async #write(key: string, telling: Telling): Promise<void> {
    try {
      const before = this.#written.get(key);
      if (before === undefined || !(await this.#repeat(before))) await this.#create(key, telling);
      this.#isFaulty = false;
      this.#options.onResult('written');
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#options.onResult('refused');
      if (!this.#isFaulty) this.#options.onFault(error);
      this.#isFaulty = true;
    }
  }

  async #create(key: string, telling: Telling): Promise<void> {
    const { connection, node } = this.#options;
    const { about, type, reason, message } = telling;
    const namespace = about.namespace ?? 'default';
    const now = new Date();
    // As client-go names them: unique, and sorted by when they came.
    const name = `${about.name}.${(BigInt(now.getTime()) * 1_000_000n + BigInt(Math.floor(Math.random() * 1e6))).toString(16)}`;
    const time = now.toISOString().replace(/\.\d+/, '');
    const body = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace, name },
      involvedObject: involved(about),
      type,
      reason,
      message: message.length > longestMessage ? `${message.slice(0, longestMessage - 1)}…` : message,
      count: 1,
      firstTimestamp: time,
      lastTimestamp: time,
      source: { component: 'sallyport-agent', host: node },
      reportingComponent: 'sallyport-agent',
      reportingInstance: node,
    };
    const path = pathOf(events, { namespace });
    const answer = await ask(connection, { path, send: { method: 'POST', body }, signal: this.#stop.signal });
    succeeded(connection, path, answer, { verb: 'create', resource: events });
    if (this.#written.size >= mostWaiting) this.#written.delete(this.#written.keys().next().value!);
    this.#written.set(key, { path: pathOf(events, { namespace, object: name }), count: 1 });
  }

  /** Counts one that is there. False when it is no more: the server forgets them after an hour. */
  async #repeat(written: Written): Promise<boolean> {
    const { connection } = this.#options;
    const body = { count: written.count + 1, lastTimestamp: new Date().toISOString().replace(/\.\d+/, '') };
    const answer = await ask(connection, { path: written.path, send: { method: 'PATCH', body }, signal: this.#stop.signal });
    if (answer.status === 404) return false;
    succeeded(connection, written.path, answer, { verb: 'patch', resource: events });
    written.count++;
    return true;
  }
}

const keyOf = ({ about, reason, message }: Telling): string =>
  JSON.stringify([about.kind, about.namespace, about.name, about.uid, about.generation, reason, message]);

function involved({ apiVersion, kind, namespace, name, uid }: Telling['about']): object {
  return { apiVersion, kind, ...(namespace && { namespace }), name, ...(uid && { uid }) };
}
