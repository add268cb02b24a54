import type { Applied } from '#agent/reconciler.ts';
import type { Cluster } from '#core/cluster/cluster.ts';
import { AgentProcess } from './agent-process.ts';

/** What a lab's agents have to tell. */
export interface AgentsOptions {
  /** Choices of semantics.md section 10, `name=value`. */
  readonly choices: readonly string[];
  readonly onApplied: (node: string, applied: Applied) => void;
  readonly onCrash: (node: string, how: string) => void;
}

/** The agents of all nodes. */
export class Agents {
  readonly #options: AgentsOptions;
  readonly #agents = new Map<string, { readonly process: AgentProcess; readonly namespace: number }>();
  #version = 0;

  constructor(options: AgentsOptions) {
    this.#options = options;
  }

  /** Starts an agent for every node that has none, and stops those of nodes that are no more. `nodes` are their namespaces by name. */
  async follow(nodes: ReadonlyMap<string, number>): Promise<void> {
    const gone = [...this.#agents].filter(([node, { namespace }]) => nodes.get(node) !== namespace);
    for (const [node] of gone) this.#agents.delete(node);
    await Promise.all(gone.map(([, { process }]) => process.stop()));
    const { choices, onApplied, onCrash } = this.#options;
    for (const [node, namespace] of nodes) {
      if (this.#agents.has(node)) continue;
      const process = new AgentProcess({
        node,
        namespace,
        choices,
        onApplied: (applied) => onApplied(node, applied),
        onCrash: (how) => onCrash(node, how),
      });
      this.#agents.set(node, { process, namespace });
    }
  }

  /** Has all agents make the cluster true. Returns what each said when it was done, undefined for one that is not in time. */
  async offer(cluster: Cluster): Promise<Map<string, Applied | undefined>> {
    this.#version++;
    const version = this.#version;
    return new Map(
      await Promise.all(Array.from(this.#agents, async ([node, { process }]) => [node, await process.offer(cluster, version)] as const)),
    );
  }

  /** The agent of a node. */
  of(node: string): AgentProcess | undefined {
    return this.#agents.get(node)?.process;
  }

  async stop(): Promise<void> {
    await this.follow(new Map());
  }
}
