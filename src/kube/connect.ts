import type { Agent as PlainAgent } from 'node:http';
import { Agent } from 'node:https';
import { getCACertificates } from 'node:tls';
import type { Connection } from './connection.ts';
import type { Tls } from './credentials.ts';
import { KubeFault } from './fault.ts';
import { proxyOfEnvironment } from './proxy.ts';
import { plain } from './request.ts';
import { defaultSurroundings, type KubeOptions, type Surroundings, targetOf } from './target.ts';

/** Requests under way at once: enough to hide the way to a server far off, few enough not to be noticed by it. */
const mostRequests = 8;

/** Makes a connection of the flags and the kubeconfig that they mean; nothing is sent yet. */
export async function connectionOf(options: KubeOptions, surroundings: Surroundings = defaultSurroundings): Promise<Connection> {
  const target = targetOf(options, surroundings);
  const proxyUrl = target.cluster['proxy-url'] ?? proxyOfEnvironment(target.server, surroundings.environment);
  const cluster = { ...target.cluster, ...(proxyUrl && { 'proxy-url': proxyUrl }) };
  const { credentialsOf } = await import('./credentials.ts');
  const { server, timeout, userName: user } = target;
  const { tls, proxy, headers } = await orFault(user, () => credentialsOf({ ...target, cluster }));
  const agent = proxy ?? (await orFault(user, () => agentOf(server, tls)));
  agent.maxSockets = mostRequests;
  return { server, agent, headers: () => orFault(user, headers), ...(timeout && { timeout }), ...(user !== undefined && { user }) };
}

async function agentOf(server: string, tls: Tls): Promise<PlainAgent> {
  if (server.startsWith('http:')) return new (await plain()).Agent({ keepAlive: true });
  // A cluster that names no authority is trusted as this machine trusts; Node by itself goes by a list of its own.
  const ca = tls.ca ?? [...getCACertificates('default'), ...getCACertificates('system')];
  return new Agent({ ...tls, ca, keepAlive: true });
}

/** What a file is missing or a provider can't do, the library throws as it comes. */
async function orFault<T>(user: string | undefined, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof KubeFault) throw error;
    const whose = user === undefined ? '' : ` of user ${JSON.stringify(user)}`;
    throw new KubeFault('credentials', `the credentials${whose} can't be used: ${(error as Error).message}`);
  }
}
