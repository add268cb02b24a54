import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { Drop, Missed } from '#core/verdict/drop.ts';
import { proxyPath, readAgents } from '#kube/agents.ts';
import { connectionOf } from '#kube/connect.ts';
import { KubeFault } from '#kube/fault.ts';
import { open } from '#kube/request.ts';
import type { KubeOptions } from '#kube/target.ts';

/** An agent to ask for its lines. */
export interface Source {
  /** As messages call it. */
  readonly name: string;
  /** The answer to `/drops` with a query. */
  readonly get: (query: string) => Promise<IncomingMessage>;
}

/** Milliseconds of silence after which an agent that we listen to is gone; it gives a sign of life more often. */
const silence = 60_000;
/** Whether an agent answers there: one that has died leaves its socket behind. */
export function isHeard(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    const end = (isThere: boolean): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}

/** The agent of this machine. */
export const onSocket = (socketPath: string, signal: AbortSignal): Source => ({
  name: socketPath,
  get: (query) =>
    new Promise((resolve, reject) => {
      request({ socketPath, path: `/drops?${query}`, signal }, resolve)
        .once('error', reject)
        .end();
    }),
});

/** The agents of a cluster, through its API server; of one node alone where it is named. */
export async function inCluster(options: KubeOptions, node: string | undefined, signal: AbortSignal): Promise<Source[]> {
  const connection = await connectionOf(options);
  const agents = await readAgents(connection, { node, signal });
  return agents.map((agent) => ({
    name: agent.node ?? agent.name,
    get: (query) => open(connection, { path: proxyPath(agent, `/drops?${query}`), accept: '*/*', silence, signal }),
  }));
}

/** The lines of one agent as they come. Ends when it ends them. */
export async function* linesOf({ name, get }: Source, query: string): AsyncGenerator<Drop | Missed> {
  const response = await get(query);
  if (response.statusCode !== 200) {
    response.resume();
    throw new KubeFault('server', `${name} does not tell its drops: status ${response.statusCode}`);
  }
  for await (const line of createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY }))
    if (line.trim() !== '') yield JSON.parse(line) as Drop | Missed;
}
