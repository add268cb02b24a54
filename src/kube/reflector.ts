import { isObject } from '#core/api/reader.ts';
import type { ClusterChange } from '#core/cluster/cluster.ts';
import { Backoff } from './backoff.ts';
import type { Connection } from './connection.ts';
import { KeptObjects } from './kept-objects.ts';
import { readList } from './list.ts';
import { idOf, type Projection } from './projection.ts';
import type { Resource } from './resource.ts';
import { Expired, type WatchEvent, watch } from './watch.ts';

/** How one kind of objects is followed. */
export interface ReflectorOptions {
  readonly connection: Connection;
  readonly resource: Resource;
  readonly projection: Projection;
  /** Milliseconds without a byte after which a stream counts as dead. */
  readonly silence: number;
  readonly signal: AbortSignal;
  /** Told of everything that came at once. The first time it is everything there is, and may be nothing. */
  readonly onChanges: (changes: readonly ClusterChange[]) => void;
  /** Told of everything that keeps the kind from being current, and with undefined that it is current again. */
  readonly onFault: (fault: unknown) => void;
  /** Told that what the server has was read anew, and why. */
  readonly onRelist: (reason: string) => void;
  /** Told whenever the server has said anything. */
  readonly onHeard: () => void;
}

/** Small pages: what the reading of one leaves behind stays with the process. */
const pageSize = 200;
/** A stream that ends sooner, in milliseconds, without having said anything is no better than one that could not be opened. */
const shortestStream = 1000;

/**
 * Follows all objects of one kind: a list, then a watch from there on. A watch that breaks goes on where it was; when the server has forgotten that, there is
 * another list, and what differs is what changed. Nothing that is known is given up because something fails.
 */
export class Reflector {
  readonly kept = new KeptObjects();
  readonly #options: ReflectorOptions;
  readonly #backoff = new Backoff();
  /** Where the next watch begins; undefined: at a list. */
  #version: string | undefined;
  #reason = '';

  constructor(options: ReflectorOptions) {
    this.#options = options;
  }

  /** Goes on until the signal says otherwise. */
  async run(): Promise<void> {
    const { signal, onFault } = this.#options;
    while (!signal.aborted) {
      try {
        if (this.#version === undefined) await this.#list();
        await this.#watch(this.#version!);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Expired) {
          this.#version = undefined;
          this.#reason = error.message;
        } else onFault(error);
        await this.#backoff.pause(signal);
      }
    }
  }

  async #list(): Promise<void> {
    const { connection, resource, projection, signal, onChanges, onFault, onRelist } = this.#options;
    let version: unknown;
    projection.unreadable.beginList(resource.kind);
    const pages = await readList(connection, { resource, signal, pageSize }, ({ metadata, items }) => {
      version = isObject(metadata) ? metadata.resourceVersion : undefined;
      return items.map((item) => projection.objectOf(item, resource)).filter((object) => object !== undefined);
    });
    projection.unreadable.endList(resource.kind);
    const changes = this.kept.replace(pages.flat());
    this.#version = String(version);
    this.#backoff.reset();
    onFault(undefined);
    if (this.#reason !== '') onRelist(this.#reason);
    this.#reason = '';
    this.#options.onHeard();
    onChanges(changes);
  }

  async #watch(from: string): Promise<void> {
    const { connection, resource, silence, signal, onFault } = this.#options;
    const started = performance.now();
    let isSilent = true;
    const onOpen = (): void => onFault(undefined);
    for await (const events of watch(connection, { resource, version: from, silence, signal, onOpen })) {
      isSilent = false;
      this.#options.onHeard();
      this.#backoff.reset();
      this.#takeIn(events);
    }
    if (isSilent && performance.now() - started < shortestStream) await this.#backoff.pause(signal);
  }

  #takeIn(events: readonly WatchEvent[]): void {
    const changes: ClusterChange[] = [];
    try {
      for (const { type, object } of events) {
        const version = laterOf(this.#version!, object);
        const change = type === 'BOOKMARK' ? undefined : this.#changeOf(type, object);
        if (change !== undefined) changes.push(change);
        this.#version = version;
      }
    } finally {
      // What is kept has been told, whatever else is wrong.
      if (changes.length > 0) this.#options.onChanges(changes);
    }
  }

  #changeOf(type: WatchEvent['type'], value: WatchEvent['object']): ClusterChange | undefined {
    const { projection, resource } = this.#options;
    if (type === 'DELETED') {
      projection.unreadable.end({ kind: resource.kind, ...idOf(value) }, true);
      return this.kept.delete(idOf(value));
    }
    const object = projection.objectOf(value, resource);
    return object && this.kept.put(object);
  }
}

/** The version of what came, which is never older than what was there: else the store has been put back, as from a copy. */
function laterOf(version: string, { metadata }: WatchEvent['object']): string {
  const now = isObject(metadata) ? metadata.resourceVersion : undefined;
  if (typeof now !== 'string') return version;
  if (Number(now) < Number(version)) throw new Expired(`the server went back from version ${version} to ${now}`);
  return now;
}
