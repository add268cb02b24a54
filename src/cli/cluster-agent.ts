import { CniResults } from '#agent/cni-results.ts';
import { EarlyAddresses } from '#agent/early-addresses.ts';
import type { Kernel } from '#agent/kernel.ts';
import { LinkCheck } from '#agent/link-check.ts';
import { Reconciler } from '#agent/reconciler.ts';
import type { Choices } from '#core/api/choices.ts';
import type { ClusterChange } from '#core/cluster/cluster.ts';
import { ClusterWatch } from '#kube/cluster-watch.ts';
import type { Connection } from '#kube/connection.ts';
import type { AgentLog } from './agent-log.ts';

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
  readonly #started = performance.now();
  #version = 0;
  #objects = 0;

  constructor(settings: AgentSettings, connection: Connection, kernel: Kernel, log: AgentLog) {
    const { node, choices, markMask, holdBack, podInterfaces, auditInterval, watchSilence, cniResults } = settings;
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
      onApplied: (applied) => log.applied(applied),
    });
    this.#early = new EarlyAddresses(node);
    this.#links = new LinkCheck(node, (devices) => log.unjudged(devices));
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
      onNote: (note) => log.note(note),
    });
    this.#results = new CniResults(cniResults, (place, network) => {
      this.#offer(this.#early.learn(place, network));
      this.#links.look();
    });
    this.#watch.start();
  }

  /** Ends everything but what the kernel enforces. */
  async stop(): Promise<void> {
    this.#watch.stop();
    this.#results.close();
    this.#links.close();
    await this.#reconciler.stop();
    this.#kernel.close();
  }

  #offer(changes: readonly ClusterChange[]): void {
    if (changes.length === 0) return;
    this.#version++;
    this.#reconciler.offer(changes, this.#version);
  }

  #synced(): void {
    this.#log.tell('info', 'synced', { objects: this.#objects, milliseconds: Math.round(performance.now() - this.#started) });
    this.#reconciler.synced();
    this.#links.look();
  }
}
