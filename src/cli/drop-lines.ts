import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { agentLabels, agentPort } from '#core/enforcement/well-known.ts';
import type { Drop, Missed } from '#core/verdict/drop.ts';
import { connectionOf } from '#kube/connection.ts';
import { KubeFault } from '#kube/fault.ts';
import { ask, open } from '#kube/request.ts';
import type { KubeOptions } from '#kube/target.ts';
import { CannotAnswer } from './exit.ts';

/** An agent to ask for its lines. */
export interface Source {
  /** As messages call it. */
  readonly name: string;
  /** The answer to `/drops` with a query. */
  readonly get: (query: string) => Promise<IncomingMessage>;
}

/** Milliseconds of silence after which an agent that we listen to is gone; it gives a sign of life more often. */
const silence = 60_000;
/** The labels of agents, as a selector. */
export const agentSelector = Object.entries(agentLabels)
  .map(([key, value]) => `${key}=${value}`)
  .join();

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
  const field = node === undefined ? '' : `&fieldSelector=${encodeURIComponent(`spec.nodeName=${node}`)}`;
  const path = `/api/v1/pods?labelSelector=${encodeURIComponent(agentSelector)}${field}`;
  const { status, body } = await ask(connection, { path, signal });
  if (status !== 200) throw new CannotAnswer(`the agents can't be listed: GET ${path} gave status ${status}`);
  const { items = [] } = body as { readonly items?: readonly AgentPod[] };
  return items
    .filter((pod) => pod.status?.phase === 'Running')
    .map(({ metadata: { namespace, name }, spec }) => ({
      name: spec?.nodeName ?? name,
      get: (query) =>
        open(connection, {
          path: `/api/v1/namespaces/${namespace}/pods/${name}:${agentPort}/proxy/drops?${query}`,
          accept: '*/*',
          silence,
          signal,
        }),
    }));
}

interface AgentPod {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly spec?: { readonly nodeName?: string };
  readonly status?: { readonly phase?: string };
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
