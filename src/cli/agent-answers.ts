import { readFile } from 'node:fs/promises';
import type { AgentAnswer } from '#core/enforcement/cluster-status.ts';
import { statusIn } from '#core/enforcement/read-status.ts';
import { type AgentPod, askAgent } from '#kube/agents.ts';
import type { Connection } from '#kube/connection.ts';
import { Forbidden } from '#kube/permission.ts';
import { messageOf } from './exit.ts';

/** An agent that does not answer within this many milliseconds does not. */
const patience = 10_000;

/** One agent, wherever it is. */
export interface Agent {
  /** Where it runs, as far as that is known without asking. */
  readonly node?: string;
  readonly name: string;
  ask(): Promise<unknown>;
}

/** The agent of a pod, asked through the API server. */
export function agentOf(connection: Connection, pod: AgentPod): Agent {
  const name = `${pod.namespace}/${pod.name}`;
  return { name, ...(pod.node && { node: pod.node }), ask: () => askAgent(connection, pod, '/status', AbortSignal.timeout(patience)) };
}

/** An agent at a URL, or what one has said in a file. */
export function agentAt(address: string): Agent {
  if (!/^https?:\/\//.test(address)) return { name: address, ask: async () => JSON.parse(await readFile(address, 'utf8')) as unknown };
  const url = `${address.replace(/\/(status)?$/, '')}/status`;
  return { name: address, ask: async () => (await fetch(url, { signal: AbortSignal.timeout(patience) })).json() };
}

interface Answer extends AgentAnswer {
  readonly refusal?: Forbidden;
}

/** Asks all agents: an answer for each node, and what was not allowed. */
export async function answersOf(
  agents: readonly Agent[],
): Promise<{ readonly answers: readonly AgentAnswer[]; readonly refused: readonly Forbidden[] }> {
  const answers = await Promise.all(agents.map(answerOf));
  return { answers: byNode(answers), refused: answers.flatMap(({ refusal }) => refusal ?? []) };
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
