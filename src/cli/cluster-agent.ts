import type { RequestListener } from 'node:http';
import { serveOnSocket } from '#agent/agent-socket.ts';
import { CniResults } from '#agent/cni-results.ts';
import { DropFeed } from '#agent/drop-feed.ts';
import { DropLog } from '#agent/drop-log.ts';
import { EarlyAddresses } from '#agent/early-addresses.ts';
import type { Kernel } from '#agent/kernel.ts';
import { LinkCheck } from '#agent/link-check.ts';
import type { ListenAddress } from '#agent/observe/listener.ts';
import { Observer } from '#agent/observe/observer.ts';
import { Reconciler } from '#agent/reconciler.ts';
import type { Choices } from '#core/api/choices.ts';
import { isPolicyKind, type KubernetesObject } from '#core/api/types.ts';
import type { ClusterChange } from '#core/cluster/cluster.ts';
import { ClusterWatch, type WatchNote } from '#kube/cluster-watch.ts';
import type { Connection } from '#kube/connection.ts';
import type { Permission } from '#kube/permission.ts';
import { qualifiedResource } from '#kube/resource.ts';
import type { Unreadable } from '#kube/unreadable.ts';
import type { AgentLog } from './agent-log.ts';
import { buildOf } from './build.ts';
import { messageOf } from './exit.ts';
import { PolicyEvents } from './policy-events.ts';

/** How the agent of a node of a cluster works. */
export interface AgentSettings {
  readonly node: string;
  readonly choices: Choices;
  /** Seconds. */
  readonly auditInterval: number;
  readonly watchSilence: number;
  readonly markMask: number;
  readonly holdBack: boolean;
  readonly podInterfaces?: string;
  /** A directory. */
  readonly cniResults: string;
  /** Where others may ask how it is; false: nowhere. */
  readonly listen: ListenAddress | false;
  /** The group of the packet log that hears of drops; false: none. */
  readonly dropLog: number | false;
  readonly logDrops?: true;
  /** A path, or `none`. */
  readonly socket: string;
  /** Every policy is in audit. */
  readonly audit?: true;
}

/** Milliseconds before a failed pass is tried again. */
const retryInterval = 1000;

/** The agent of a node: what a cluster says and what the node itself knows goes to the reconcile loop, what this did goes to the log. */
export class ClusterAgent {
  readonly #log: AgentLog;
  readonly #kernel: Kernel;
  readonly #reconciler: Reconciler;
  readonly #early: EarlyAddresses;
  readonly #watch: ClusterWatch;
  readonly #results: CniResults;
  readonly #links: LinkCheck;
  readonly #observer: Observer;
  readonly #events: PolicyEvents;
  readonly #drops = new DropFeed();
  readonly #dropLog: DropLog | undefined;
  readonly #socket: { close(): void } | undefined;
  readonly #audit: boolean;
  readonly #started = performance.now();
  #version = 0;
  #objects = 0;

  constructor(settings: AgentSettings, connection: Connection, kernel: Kernel, log: AgentLog) {
    const { node, choices, markMask, holdBack, podInterfaces, auditInterval, watchSilence, cniResults, listen, dropLog } = settings;
    this.#log = log;
    this.#kernel = kernel;
    this.#reconciler = new Reconciler({
      node,
      choices,
      kernel,
      markMask,
      holdBack,
      witness: false,
      auditInterval: auditInterval * 1000,
      retryInterval,
      ...(podInterfaces !== undefined && { podInterfaces }),
      ...(dropLog !== false && { dropLog }),
      onApplied: (applied) => {
        log.applied(applied);
        this.#observer.applied(applied);
        this.#events.applied(applied);
      },
      onRemoval: () => this.#observer.metrics.readCounters().catch(() => undefined),
    });
    this.#observer = new Observer({ build: buildOf(), node, kernel, reconciler: this.#reconciler, currency: () => this.#watch.currency });
    this.#events = new PolicyEvents({
      node,
      connection,
      model: this.#reconciler.model,
      policies: () => this.#observer.status().policies,
      onResult: (result) => this.#observer.metrics.watch.event(result),
      onFault: (fault) => log.untold(fault),
    });
    this.#audit = settings.audit === true;
    this.#dropLog = dropLog === false ? undefined : this.#listenToDrops(settings, dropLog);
    this.#socket = this.#openSocket(settings.socket);
    this.#early = new EarlyAddresses(node);
    this.#links = new LinkCheck(node, (devices) => {
      log.unjudged(devices);
      this.#observer.unjudged(devices.map(({ device }) => device));
    });
    this.#watch = new ClusterWatch({
      connection,
      choices,
      silence: watchSilence * 1000,
      onChanges: (changes) => {
        this.#objects += changes.length;
        this.#links.learn(changes);
        this.#offer(this.#early.fill(changes));
      },
      onSynced: () => this.#synced(),
      onNote: (note) => this.#note(note),
    });
    this.#results = new CniResults(cniResults, (place, network) => {
      this.#offer(this.#early.learn(place, network));
      this.#links.look();
    });
    this.#watch.start();
    if (listen !== false)
      this.#observer.listen(listen, new Map([['/drops', this.#drops.serve]]), (message) => log.tell('warn', 'deaf', { message }));
  }

  /** Ends everything but what the kernel enforces. */
  async stop(): Promise<void> {
    this.#watch.stop();
    this.#results.close();
    this.#links.close();
    this.#observer.close();
    this.#events.stop();
    this.#dropLog?.close();
    this.#drops.close();
    this.#socket?.close();
    await this.#reconciler.stop();
    this.#kernel.close();
  }

  #offer(changes: readonly ClusterChange[]): void {
    if (changes.length === 0) return;
    this.#version++;
    this.#observer.offered(changes, this.#version);
    this.#reconciler.offer(this.#audit ? changes.map(inAudit) : changes, this.#version);
  }

  /** What is denied is told, and nothing depends on it. */
  #listenToDrops({ node, logDrops }: AgentSettings, group: number): DropLog | undefined {
    const { model, ruleset } = this.#reconciler;
    try {
      return new DropLog({
        node,
        group,
        model,
        ruleset,
        kernel: this.#kernel,
        onLine: (line) => {
          this.#drops.add(line);
          if (logDrops) this.#log.drop(line);
        },
      });
    } catch (error) {
      this.#log.tell('warn', 'deaf', { message: `what is denied can't be told: ${messageOf(error)}` });
      return undefined;
    }
  }

  #openSocket(path: string): { close(): void } | undefined {
    if (path === 'none') return undefined;
    const serve: RequestListener = (request, response) => {
      if (/^\/drops(\?|$)/.test(request.url ?? '')) this.#drops.serve(request, response);
      else response.writeHead(404).end();
    };
    return serveOnSocket(path, serve, (message) =>
      this.#log.tell('warn', 'deaf', { message: `no commands are heard on ${path}: ${message}` }),
    );
  }

  #synced(): void {
    this.#log.tell('info', 'synced', { objects: this.#objects, milliseconds: Math.round(performance.now() - this.#started) });
    this.#observer.synced();
    this.#reconciler.synced();
    this.#links.look();
  }

  #unreadable(unreadable: Unreadable): void {
    this.#observer.unreadable(unreadable, unreadable.faults);
    this.#events.unreadable(unreadable);
  }

  #readable({ object, isGone }: Extract<WatchNote, { type: 'readable' }>): void {
    this.#observer.readable(object);
    this.#events.readable(object, isGone);
  }

  #note(note: WatchNote): void {
    this.#log.note(note);
    const { watch } = this.#observer.metrics;
    if (note.type === 'fault') watch.fault(note.resource);
    else if (note.type === 'forbidden') for (const { permission } of note.refused) watch.fault(whatOf(permission));
    else if (note.type === 'relisted') watch.relisted(note.resource);
    else if (note.type === 'unreadable') this.#unreadable(note);
    else if (note.type === 'readable') this.#readable(note);
  }
}

const whatOf = (permission: Permission): string => ('resource' in permission ? qualifiedResource(permission.resource) : 'discovery');
/** A policy that would be enforced is only told of. */
const inAudit = (change: ClusterChange): ClusterChange =>
  change.type === 'put' && isPolicyKind(change.object.kind)
    ? { type: 'put', object: { ...change.object, audit: true } as KubernetesObject }
    : change;
