import { readFile } from 'node:fs/promises';
import { defaultChoices } from '#core/api/choices.ts';
import { type AgentAnswer, type ClusterStatus, clusterStatusOf, type KnownNode } from '#core/enforcement/cluster-status.ts';
import { statusIn } from '#core/enforcement/read-status.ts';
import { type WantedPolicy, wantedBy, wantedIn } from '#core/enforcement/wanted.ts';
import { agentSelector } from '#core/enforcement/well-known.ts';
import { type AgentPod, askAgent } from '#kube/agents.ts';
import { connectionOf } from '#kube/connect.ts';
import type { Connection } from '#kube/connection.ts';
import { KubeFault } from '#kube/fault.ts';
import { Forbidden, permissionFault } from '#kube/permission.ts';
import { readRollout } from '#kube/read-rollout.ts';
import type { KubeOptions } from '#kube/target.ts';
import { CannotAnswer, messageOf } from './exit.ts';

/** An agent that does not answer within this many milliseconds does not. */
const patience = 10_000;

/** One agent, wherever it is. */
interface Agent {
  /** Where it runs, as far as that is known without asking. */
  readonly node?: string;
  readonly name: string;
  ask(): Promise<unknown>;
}

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
    const answers = await Promise.all(this.#agents.map(answerOf));
    const refused = answers.flatMap(({ refusal }) => refusal ?? []);
    // Who may ask one may ask all.
    if (refused.length > 0) throw asAnswer(permissionFault(refused));
    const statuses = answers.flatMap(({ status }) => status ?? []);
    return clusterStatusOf(wanted ?? wantedBy(statuses), new Map(this.#nodes.map((node) => [node.name, node])), byNode(answers));
  }
}

const whereAgentsAre = `they are the pods with the labels ${agentSelector.replace(',', ', ')}; --agent says where others are`;

const asAnswer = ({ message, hint }: KubeFault): CannotAnswer =>
  // Agents are in no manifest.
  new CannotAnswer(message, hint?.replace('-f where manifests are', '--agent where agents are'));

function agentOf(connection: Connection, pod: AgentPod): Agent {
  const name = `${pod.namespace}/${pod.name}`;
  return { name, ...(pod.node && { node: pod.node }), ask: () => askAgent(connection, pod, '/status', AbortSignal.timeout(patience)) };
}

/** An agent at a URL, or what one has said in a file. */
function agentAt(address: string): Agent {
  if (!/^https?:\/\//.test(address)) return { name: address, ask: async () => JSON.parse(await readFile(address, 'utf8')) as unknown };
  const url = `${address.replace(/\/(status)?$/, '')}/status`;
  return { name: address, ask: async () => (await fetch(url, { signal: AbortSignal.timeout(patience) })).json() };
}

interface Answer extends AgentAnswer {
  readonly refusal?: Forbidden;
}

async function answerOf({ name, node, ask }: Agent): Promise<Answer> {
  const ofNode = node ?? name;
  try {
    const status = statusIn(await ask());
    return status === undefined ? { node: ofNode, fault: `${name} answers something else than a status` } : { node: status.node, status };
  } catch (error) {
    if (error instanceof Forbidden) return { node: ofNode, refusal: error };
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    return { node: ofNode, fault: `${name} does not answer: ${messageOf(error)}${cause}` };
  }
}

/** One answer for each node: while an agent replaces another there are two, and the one that answers is meant. */
function byNode(answers: readonly AgentAnswer[]): AgentAnswer[] {
  const best = new Map<string, AgentAnswer>();
  for (const answer of answers) if (best.get(answer.node)?.status === undefined) best.set(answer.node, answer);
  return [...best.values()];
}
