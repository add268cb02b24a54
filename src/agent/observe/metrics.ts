import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { censusOf } from '#core/ruleset/census.ts';
import type { Applied } from '../reconciler.ts';
import { LoopMetrics } from './loop-metrics.ts';
import type { MetricSources } from './metric-sources.ts';
import { RulesetMetrics } from './ruleset-metrics.ts';
import { WatchMetrics } from './watch-metrics.ts';

/** Gauges whose names end like those of counters: tools take them for what they are not. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** Statistics of the event loop's lag, for which a timer would wake the process a hundred times a second; `nodejs_eventloop_lag_seconds` is measured when it is asked for. */
const sampled = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map((name) => `nodejs_eventloop_lag_${name}_seconds`);
/** The library cannot do without the timer: milliseconds between two of its samples. */
const hardlyEver = 24 * 60 * 60 * 1000;

/** The numbers of an agent for Prometheus. What is in the kernel and in the ruleset is looked up when the text is asked for. */
export class AgentMetrics {
  readonly #registry = new Registry();
  readonly #sources: MetricSources;
  readonly #loop: LoopMetrics;
  readonly #ruleset: RulesetMetrics;
  readonly watch: WatchMetrics;

  constructor(sources: MetricSources) {
    this.#sources = sources;
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: hardlyEver });
    for (const name of [...misnamed, ...sampled]) this.#registry.removeSingleMetric(name);
    const { version, commit = '', node } = sources.build;
    new Gauge({
      name: 'sallyport_build_info',
      help: 'Always 1: which program this is, and on which node.',
      labelNames: ['version', 'commit', 'node'],
      registers: [this.#registry],
    }).set({ version, commit, node }, 1);
    this.#loop = new LoopMetrics(this.#registry, sources);
    this.#ruleset = new RulesetMetrics(this.#registry, sources);
    this.watch = new WatchMetrics(this.#registry, sources);
  }

  /** Takes in what a pass of the reconcile loop did. */
  applied(applied: Applied): void {
    this.#loop.applied(applied);
  }

  /** Takes in what the kernel has counted: before counters go, and when the text is asked for. */
  readCounters(): Promise<void> {
    return this.#ruleset.readCounters();
  }

  /** The media type of the text. */
  get type(): string {
    return this.#registry.contentType;
  }

  /** The text that Prometheus reads. */
  async text(): Promise<string> {
    this.#ruleset.census(censusOf(this.#sources.reconciler.ruleset.objects()));
    // Without the kernel's counters everything else is still worth telling.
    await this.readCounters().catch(() => undefined);
    return this.#registry.metrics();
  }
}
