import type { ClusterChange } from '#core/cluster/cluster.ts';
import type { NodeCheck, NodeStatus, PolicyStatus } from '#core/enforcement/node-status.ts';
import type { Kernel } from '../kernel.ts';
import type { Applied, Reconciler } from '../reconciler.ts';
import { type Circumstances, checksOf, livenessOf } from './health.ts';
import { Latencies } from './latencies.ts';
import { json, type ListenAddress, Listener, type Page, type Site } from './listener.ts';
import type { Currency } from './metric-sources.ts';
import { AgentMetrics } from './metrics.ts';
import { PolicyRecord, type PolicyVersion } from './policy-record.ts';
import { Recent } from './recent.ts';

/** Milliseconds for which an answer stands, however often it is asked for. */
const lifetime = 1000;

/** Whom it is about, and where it looks. */
export interface ObserverOptions {
  readonly build: { readonly version: string; readonly commit?: string };
  readonly node: string;
  readonly kernel: Kernel;
  readonly reconciler: Reconciler;
  readonly currency: () => readonly Currency[];
}

/** What an agent knows of itself: told of everything that happens, asked over HTTP. It only looks, and nothing waits for it. */
export class Observer {
  readonly metrics: AgentMetrics;
  readonly #options: ObserverOptions;
  readonly #record = new PolicyRecord();
  readonly #latencies = new Latencies();
  readonly #started = new Date();
  #synced: Date | undefined;
  #programmed: Date | undefined;
  #unjudged: readonly string[] = [];
  #failures: readonly string[] = [];
  #listener: Listener | undefined;

  constructor(options: ObserverOptions) {
    const { build, node, kernel, reconciler, currency } = options;
    this.#options = options;
    this.metrics = new AgentMetrics({
      build: { ...build, node },
      kernel,
      reconciler,
      currency,
      policies: () => this.#policies(),
      unreadable: () => this.#record.unreadableByKind(),
      isSynced: () => this.#synced !== undefined,
      isReady: () => isReady(this.checks()),
      unjudged: () => this.#unjudged.length,
    });
  }

  /** Answers at the address, streams of others as well. `onFault` is told when that can't be, which is tried again. */
  listen(address: ListenAddress, streams: Site['streams'], onFault: (message: string) => void): void {
    const metrics = new Recent(
      lifetime,
      async (): Promise<Page> => ({ status: 200, type: this.metrics.type, body: await this.metrics.text() }),
    );
    const status = new Recent(lifetime, async () => json(200, this.status()));
    const pages = new Map<string, () => Promise<Page>>([
      ['/metrics', () => metrics.get()],
      ['/healthz', async () => this.#health()],
      ['/readyz', async () => this.#readiness()],
      ['/status', () => status.get()],
    ]);
    this.#listener = new Listener(address, { pages, streams }, onFault);
  }

  close(): void {
    this.#listener?.close();
  }

  /** Changes were offered to the reconcile loop as that version. */
  offered(changes: readonly ClusterChange[], version: number): void {
    this.#record.offered(changes, version);
  }

  /** Everything has been read. */
  synced(): void {
    this.#synced ??= new Date();
  }

  /** A pass of the reconcile loop is over. */
  applied(applied: Applied): void {
    const now = new Date();
    this.metrics.applied(applied);
    this.#record.applied(applied, now);
    this.#failures = applied.failures.flatMap(({ policy, message }) => (policy === undefined ? [message] : []));
    if (applied.changed && this.#programmed !== undefined) this.#latencies.add(applied.latency);
    if (applied.changed || applied.version > 0) this.#programmed ??= now;
  }

  /** Packets between pods of this node meet no rule on these devices. */
  unjudged(devices: readonly string[]): void {
    this.#unjudged = [...new Set(devices)];
  }

  unreadable(policy: PolicyVersion, faults: readonly string[]): void {
    this.#record.unreadable(policy, faults.join('; '));
  }

  readable(policy: PolicyVersion): void {
    this.#record.readable(policy);
  }

  /** What the node needs to be called ready. */
  checks(): NodeCheck[] {
    return checksOf(this.#circumstances());
  }

  /** What `/status` says. */
  status(): NodeStatus {
    const { build, node } = this.#options;
    const checks = this.checks();
    const latency = this.#latencies.summary();
    return {
      node,
      version: build.version,
      ...(build.commit && { commit: build.commit }),
      started: this.#started.toISOString(),
      ...(this.#synced && { synced: this.#synced.toISOString() }),
      ...(this.#programmed && { programmed: this.#programmed.toISOString() }),
      ready: isReady(checks),
      checks,
      ...(latency && { latency }),
      failures: this.#failures,
      policies: this.#policies(),
    };
  }

  #policies(): PolicyStatus[] {
    const { model, ruleset } = this.#options.reconciler;
    const isAudited = (name: string): boolean => {
      const policy = model.policies.get(name);
      return policy !== undefined && model.isAudited(policy);
    };
    return this.#record.statuses({ subjects: ruleset.subjects().byPolicy, isAudited });
  }

  #health(): Page {
    const { ok, message } = livenessOf(this.#circumstances());
    return json(ok ? 200 : 503, { ok, message });
  }

  #readiness(): Page {
    const checks = this.checks();
    return json(isReady(checks) ? 200 : 503, { ready: isReady(checks), checks });
  }

  #circumstances(): Circumstances {
    const { passingSince } = this.#options.reconciler;
    return {
      synced: this.#synced !== undefined,
      programmed: this.#programmed !== undefined,
      unjudged: this.#unjudged,
      passing: passingSince === undefined ? undefined : performance.now() - passingSince,
    };
  }
}

const isReady = (checks: readonly NodeCheck[]): boolean => checks.every(({ ok }) => ok);
