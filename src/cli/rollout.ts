import { defaultChoices } from '#core/api/choices.ts';
import { type ClusterStatus, clusterStatusOf, type KnownNode } from '#core/enforcement/cluster-status.ts';
import { type WantedPolicy, wantedBy, wantedIn } from '#core/enforcement/wanted.ts';
import { agentSelector } from '#core/enforcement/well-known.ts';
import { connectionOf } from '#kube/connect.ts';
import { KubeFault } from '#kube/fault.ts';
import { permissionFault } from '#kube/permission.ts';
import { readRollout } from '#kube/read-rollout.ts';
import type { KubeOptions } from '#kube/target.ts';
import { type Agent, agentAt, agentOf, answersOf } from './agent-answers.ts';
import { CannotAnswer } from './exit.ts';

/** What is to be enforced, and the agents that say how far it is. */
export class Rollout {
  /** Undefined where no cluster is read. */
  readonly wanted: readonly WantedPolicy[] | undefined;
  readonly #nodes: readonly KnownNode[];
  readonly #agents: readonly Agent[];

  private constructor(agents: readonly Agent[], nodes: readonly KnownNode[] = [], wanted?: readonly WantedPolicy[]) {
    this.#agents = agents;
    this.#nodes = nodes;
    this.wanted = wanted;
  }

  /** What the cluster of the options wants. Its agents are found by their labels, unless `addresses` says where they are. */
  static async ofCluster(options: KubeOptions, addresses: readonly string[] = []): Promise<Rollout> {
    const signal = AbortSignal.timeout(60_000);
    try {
      const connection = await connectionOf(options);
      const { objects, nodes, agents: found } = await readRollout(connection, defaultChoices, signal);
      const agents = addresses.length > 0 ? addresses.map(agentAt) : found.map((pod) => agentOf(connection, pod));
      if (agents.length === 0) throw new CannotAnswer('no agent runs in this cluster', whereAgentsAre);
      return new Rollout(agents, nodes, wantedIn(objects, defaultChoices));
    } catch (error) {
      if (error instanceof KubeFault) throw asAnswer(error);
      throw error;
    }
  }

  /** What the agents at these addresses say, without a cluster. */
  static ofAgents(addresses: readonly string[]): Rollout {
    return new Rollout(addresses.map(agentAt));
  }

  /** Asks every agent. `isWanted` says which policies matter; unless given, all do. */
  async status(wanted = this.wanted): Promise<ClusterStatus> {
    const { answers, refused } = await answersOf(this.#agents);
    // Who may ask one may ask all.
    if (refused.length > 0) throw asAnswer(permissionFault(refused));
    const statuses = answers.flatMap(({ status }) => status ?? []);
    return clusterStatusOf(wanted ?? wantedBy(statuses), new Map(this.#nodes.map((node) => [node.name, node])), answers);
  }
}

const whereAgentsAre = `they are the pods with the labels ${agentSelector.replace(',', ', ')}; --agent says where others are`;

const asAnswer = ({ message, hint }: KubeFault): CannotAnswer =>
  // Agents are in no manifest.
  new CannotAnswer(message, hint?.replace('-f where manifests are', '--agent where agents are'));
