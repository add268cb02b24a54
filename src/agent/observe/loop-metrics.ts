import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Applied } from '../reconciler.ts';
import type { MetricSources } from './metric-sources.ts';

/** Seconds. What is promised is 0.015 in the middle, and 0.05 for all but one in a hundred. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What the reconcile loop does, and whether the node is ready. */
export class LoopMetrics {
  readonly #latency: Histogram;
  readonly #passes: Histogram;
  readonly #repaired: Counter;
  readonly #failed: Counter;
  readonly #failures: Gauge;
  #isFirst = true;

  constructor(registry: Registry, sources: MetricSources) {
    const registers = [registry];
    this.#latency = new Histogram({
      name: 'sallyport_enforcement_latency_seconds',
      help: 'From when the oldest of the changes that were applied together came from the API server to when the kernel had all of them. The first ruleset is not counted.',
      buckets,
      registers,
    });
    this.#passes = new Histogram({
      name: 'sallyport_pass_duration_seconds',
      help: 'How long a pass of the reconcile loop took that told the kernel anything.',
      buckets,
      registers,
    });
    this.#repaired = new Counter({
      name: 'sallyport_repaired_objects_total',
      help: 'Objects of our table that somebody else had changed or deleted, and that were put back.',
      registers,
    });
    this.#failed = new Counter({
      name: 'sallyport_failed_passes_total',
      help: 'Passes of the reconcile loop in which something failed; what failed is tried again.',
      registers,
    });
    this.#failures = new Gauge({
      name: 'sallyport_failures',
      help: 'What failed in the last pass, policies that the kernel rejects included.',
      registers,
    });
    addStates(registry, sources);
  }

  applied({ changed, latency, milliseconds, repaired, failures }: Applied): void {
    this.#failures.set(failures.length);
    if (failures.length > 0) this.#failed.inc();
    if (!changed) return;
    this.#passes.observe(milliseconds / 1000);
    // What the first pass finds different has changed while no agent ran, and has waited for everything to be read.
    if (!this.#isFirst) {
      this.#latency.observe(latency / 1000);
      this.#repaired.inc(repaired.length);
    }
    this.#isFirst = false;
  }
}

function addStates(registry: Registry, { isReady, kernel, unjudged }: MetricSources): void {
  const registers = [registry];
  new Gauge({
    name: 'sallyport_ready',
    help: 'Whether the node is ready, as /readyz says: everything has been read, a complete ruleset is in the kernel, every packet between pods meets it.',
    registers,
    collect() {
      this.set(Number(isReady()));
    },
  });
  new Counter({
    name: 'sallyport_transactions_total',
    help: 'Transactions by their way to the kernel and what became of them.',
    labelNames: ['way', 'result'],
    registers,
    collect() {
      this.reset();
      for (const [way, counts] of Object.entries(kernel.transactions))
        for (const [result, number] of Object.entries(counts)) this.inc({ way, result }, number);
    },
  });
  new Gauge({
    name: 'sallyport_unjudged_devices',
    help: 'Devices on which packets between pods of this node meet no rule, because br_netfilter is not there or switched off.',
    registers,
    collect() {
      this.set(unjudged());
    },
  });
}
