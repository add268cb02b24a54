import { Counter, Gauge, type Registry } from 'prom-client';
import type { Currency, MetricSources } from './metric-sources.ts';

/** How current what is known of the cluster is, and what is told to it. */
export class WatchMetrics {
  readonly #relists: Counter<'resource'>;
  readonly #faults: Counter<'resource'>;
  readonly #events: Counter<'result'>;

  constructor(registry: Registry, sources: MetricSources) {
    const registers = [registry];
    this.#relists = new Counter({
      name: 'sallyport_watch_relists_total',
      help: 'How often objects were read anew, because the API server had forgotten where a watch was.',
      labelNames: ['resource'],
      registers,
    });
    this.#faults = new Counter({
      name: 'sallyport_watch_faults_total',
      help: 'Faults that kept objects from being followed: the API server away, slow, or refusing.',
      labelNames: ['resource'],
      registers,
    });
    this.#events = new Counter({
      name: 'sallyport_events_total',
      help: 'Kubernetes Events about policies, by whether they were written, left out because there were too many, or refused.',
      labelNames: ['result'],
      registers,
    });
    addCurrency(registry, sources);
  }

  relisted(resource: string): void {
    this.#relists.inc({ resource });
  }

  fault(resource: string): void {
    this.#faults.inc({ resource });
  }

  event(result: 'written' | 'left-out' | 'refused'): void {
    this.#events.inc({ result });
  }
}

function addCurrency(registry: Registry, { isSynced, currency }: MetricSources): void {
  new Gauge({
    name: 'sallyport_watch_synced',
    help: 'Whether everything in the cluster that policy depends on has been read.',
    registers: [registry],
    collect() {
      this.set(Number(isSynced()));
    },
  });
  const ofEach = (name: string, help: string, of: (each: Currency, now: number) => number | undefined): void =>
    void new Gauge({
      name,
      help,
      labelNames: ['resource'],
      registers: [registry],
      collect() {
        this.reset();
        const now = performance.now();
        for (const each of currency()) {
          const value = of(each, now);
          if (value !== undefined) this.set({ resource: each.resource }, value);
        }
      },
    });
  ofEach(
    'sallyport_watch_current',
    'Whether objects of the kind are being followed: 0 while a fault keeps them from it.',
    ({ isCurrent }) => Number(isCurrent),
  );
  ofEach(
    'sallyport_watch_message_age_seconds',
    'Seconds since the API server last said anything of the kind; it does so every minute, even when nothing changes.',
    ({ heard }, now) => (heard === undefined ? undefined : (now - heard) / 1000),
  );
}
