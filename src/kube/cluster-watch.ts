import { setTimeout as sleep } from 'node:timers/promises';
import type { Choices } from '#core/api/choices.ts';
import type { ClusterChange } from '#core/cluster/cluster.ts';
import { Backoff } from './backoff.ts';
import { clusterPolicies } from './cluster-policies.ts';
import type { Connection } from './connection.ts';
import type { KeptObjects } from './kept-objects.ts';
import { LastingPolicies } from './lasting-policies.ts';
import { Forbidden } from './permission.ts';
import { Projection } from './projection.ts';
import { Reflector } from './reflector.ts';
import { namespaces, networkPolicies, nodes, pods, qualifiedResource, type Resource } from './resource.ts';
import type { ObjectVersion, Unreadable } from './unreadable.ts';

/** What a watch tells beside the changes. */
export type WatchNote =
  /** The kind is not current: it is tried again until `recovered`. */
  | { readonly type: 'fault'; readonly resource: string; readonly fault: unknown }
  | { readonly type: 'recovered'; readonly resource: string }
  /** What the server has was read anew; the changes since are the difference. */
  | { readonly type: 'relisted'; readonly resource: string; readonly reason: string }
  /** May not be read: these permissions lack. Told again when they are others. */
  | { readonly type: 'forbidden'; readonly refused: readonly Forbidden[] }
  | ({ readonly type: 'unreadable' } & Unreadable)
  /** What could not be read can be now, or is gone. */
  | { readonly type: 'readable'; readonly object: ObjectVersion; readonly isGone: boolean };

/** How current one kind of objects is. */
export interface Currency {
  /** As RBAC calls it. */
  readonly resource: string;
  /** No fault keeps it from being followed. */
  readonly isCurrent: boolean;
  /** When the server last said anything of it, by the monotonic clock in milliseconds; absent: never. */
  readonly heard?: number;
}

/** What is needed to follow a cluster. */
export interface ClusterWatchOptions {
  readonly connection: Connection;
  readonly choices: Choices;
  readonly onChanges: (changes: readonly ClusterChange[]) => void;
  /** Called once, when the changes so far are a complete picture of the cluster. */
  readonly onSynced: () => void;
  readonly onNote: (note: WatchNote) => void;
  /** Milliseconds without a byte after which a stream counts as dead: more than the minute between two bookmarks. */
  readonly silence: number;
  /** Milliseconds between two looks at whether there are kinds of cluster-wide policies. */
  readonly discoveryInterval?: number;
}

interface Followed {
  readonly kind: string;
  readonly kept: KeptObjects;
  readonly end: AbortController;
  heard?: number;
}

/** What is followed whether or not anything of it is there. */
const always = [namespaces, nodes, pods, networkPolicies];
/** So many looks in a row that do not find a kind say that it is no more. */
const enoughAbsences = 3;
/** How long permissions that lack are gathered, in milliseconds. */
const gatheringTime = 500;

/**
 * Follows everything in a cluster that policy depends on: namespaces, pods, nodes, policies, and cluster-wide policies where the server has them. Faults are told and
 * outlived; what is known is believed until the server says otherwise.
 */
export class ClusterWatch {
  readonly #options: ClusterWatchOptions;
  readonly #projection: Projection;
  readonly #lasting: LastingPolicies;
  readonly #stop = new AbortController();
  readonly #followed = new Map<string, Followed>();
  /** What has not been read completely yet. */
  readonly #waiting = new Set<string>(['discovery']);
  #isSynced = false;
  /** What is not current, by its last fault. */
  readonly #faulty = new Map<string, string>();
  readonly #refused = new Map<string, Forbidden>();
  readonly #absences = new Map<string, number>();
  #telling: NodeJS.Timeout | undefined;

  constructor(options: ClusterWatchOptions) {
    this.#options = options;
    this.#projection = new Projection(
      options.choices,
      (unreadable) => options.onNote({ type: 'unreadable', ...unreadable }),
      (object, isGone) => options.onNote({ type: 'readable', object, isGone }),
    );
    const ofPods = qualifiedResource(pods);
    this.#lasting = new LastingPolicies((namespace) => this.#followed.get(ofPods)?.kept.hasAnyIn(namespace) ?? false);
  }

  /** Begins. Nothing is awaited: what there is to say comes as changes and notes. */
  start(): void {
    for (const resource of always) this.#follow(resource);
    void this.#discover();
  }

  /** How current every kind is that is followed. */
  get currency(): readonly Currency[] {
    return Array.from(this.#followed, ([resource, { heard }]) => ({
      resource,
      isCurrent: !this.#faulty.has(resource),
      ...(heard !== undefined && { heard }),
    }));
  }

  /** Ends all requests. */
  stop(): void {
    clearTimeout(this.#telling);
    this.#stop.abort();
  }

  #follow(resource: Resource): void {
    const name = qualifiedResource(resource);
    if (!this.#isSynced) this.#waiting.add(name);
    const { connection, silence, onNote } = this.#options;
    const end = new AbortController();
    const reflector = new Reflector({
      connection,
      resource,
      projection: this.#projection,
      silence,
      signal: AbortSignal.any([this.#stop.signal, end.signal]),
      onChanges: (changes) => {
        this.#pass(changes);
        this.#complete(name);
      },
      onFault: (fault) => this.#note(name, fault),
      onRelist: (reason) => onNote({ type: 'relisted', resource: name, reason }),
      onHeard: () => {
        followed.heard = performance.now();
      },
    });
    const followed: Followed = { kind: resource.kind, kept: reflector.kept, end };
    this.#followed.set(name, followed);
    void reflector.run();
  }

  #pass(changes: readonly ClusterChange[]): void {
    const passed = this.#lasting.filter(changes);
    if (passed.length > 0) this.#options.onChanges(passed);
  }

  #complete(name: string): void {
    if (this.#isSynced || !this.#waiting.delete(name) || this.#waiting.size > 0) return;
    this.#isSynced = true;
    this.#options.onSynced();
  }

  async #discover(): Promise<void> {
    const { connection, discoveryInterval = 30_000 } = this.#options;
    const { signal } = this.#stop;
    const backoff = new Backoff();
    while (!signal.aborted) {
      try {
        this.#found(await clusterPolicies(connection, signal));
        this.#note('discovery', undefined);
        this.#complete('discovery');
        backoff.reset();
        await sleep(discoveryInterval, undefined, { signal });
      } catch (error) {
        if (signal.aborted) return;
        this.#note('discovery', error);
        await backoff.pause(signal);
      }
    }
  }

  /** Takes in which kinds of cluster-wide policies there are. A kind that is missing once may be that of a server which is starting. */
  #found(resources: readonly Resource[]): void {
    const names = new Set(resources.map(qualifiedResource));
    for (const resource of resources) if (!this.#followed.has(qualifiedResource(resource))) this.#follow(resource);
    for (const name of this.#followed.keys()) {
      if (always.some((resource) => qualifiedResource(resource) === name)) continue;
      const absences = names.has(name) ? 0 : (this.#absences.get(name) ?? 0) + 1;
      this.#absences.set(name, absences);
      if (absences >= enoughAbsences) this.#forsake(name);
    }
  }

  /** The kind is no more, and so are its objects. */
  #forsake(name: string): void {
    const { kind, kept, end } = this.#followed.get(name)!;
    end.abort();
    this.#projection.unreadable.beginList(kind);
    this.#projection.unreadable.endList(kind);
    this.#followed.delete(name);
    this.#absences.delete(name);
    this.#note(name, undefined);
    this.#pass(kept.replace([]));
    this.#complete(name);
  }

  #note(resource: string, fault: unknown): void {
    if (fault === undefined) {
      this.#refused.delete(resource);
      if (this.#faulty.delete(resource)) this.#options.onNote({ type: 'recovered', resource });
    } else if (fault instanceof Forbidden) {
      this.#faulty.set(resource, '');
      this.#refuse(resource, fault);
    } else {
      const message = String(fault);
      if (this.#faulty.get(resource) !== message) this.#options.onNote({ type: 'fault', resource, fault });
      this.#faulty.set(resource, message);
    }
  }

  /** Says all permissions that lack at once: the answers come one by one. */
  #refuse(resource: string, fault: Forbidden): void {
    const isKnown = this.#refused.get(resource)?.permission.verb === fault.permission.verb;
    this.#refused.set(resource, fault);
    if (isKnown || this.#telling !== undefined) return;
    this.#telling = setTimeout(() => {
      this.#telling = undefined;
      if (this.#refused.size > 0) this.#options.onNote({ type: 'forbidden', refused: [...this.#refused.values()] });
    }, gatheringTime);
  }
}
