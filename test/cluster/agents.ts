import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from './cluster.ts';
import { inNamespace, until } from './commands.ts';
import { type ClusterNode, control } from './layout.ts';
import type { RunningNode } from './node.ts';
import { clone } from './programs.ts';

/** Starts the agent of this clone on every node, in place of the one that runs there. Nothing is open in between. */
export async function replaceAgents(cluster: Cluster): Promise<void> {
  cluster.kubectl(['apply', '-f', join(import.meta.dirname, 'agent.yaml')]);
  for (const node of cluster.nodes) {
    await stopAgent(cluster, node, 'SIGTERM');
    await startAgent(cluster, node);
  }
}

/**
 * Starts the agent of a node as its account, and waits until it says that it has read the cluster, or something else. It finds the API server as a pod in
 * the node's network would.
 */
export async function startAgent(cluster: Cluster, { node }: RunningNode, { awaited = 'synced' } = {}): Promise<void> {
  const name = `${node.name}-agent`;
  const log = cluster.daemons.logOf(name);
  const before = linesOf(log).length;
  const account = ['--service-account', accountOf(cluster, node)];
  const results = ['--cni-results', join(node.directory, 'var/lib/cni/results')];
  const command = [join(clone, 'bin/sallyport'), 'agent', '--node', node.name, ...account, ...results];
  cluster.daemons.start(name, inNamespace(node.namespace, command), {
    KUBERNETES_SERVICE_HOST: control.address,
    KUBERNETES_SERVICE_PORT: String(control.port),
  });
  const news = (): string[] => linesOf(log).slice(before);
  await until(`${name} to say ${awaited}; see ${log}`, () => {
    if (cluster.daemons.pid(name) === undefined) throw new Error(`${name} ended: ${news().join('\n')}`);
    return news().some((line) => line.includes(`"event":"${awaited}"`));
  });
}

/** Ends the agent of a node. */
export async function stopAgent(cluster: Cluster, { node }: RunningNode, signal: NodeJS.Signals): Promise<void> {
  await cluster.daemons.stop(`${node.name}-agent`, signal);
}

/** The directory with the account of a node's agent, as a pod would find it. */
function accountOf(cluster: Cluster, { directory }: ClusterNode): string {
  const account = join(directory, 'agent');
  const token = join(account, 'token');
  if (existsSync(token)) return account;
  mkdirSync(account, { recursive: true });
  copyFileSync(cluster.authority, join(account, 'ca.crt'));
  writeFileSync(token, cluster.kubectl(['create', 'token', 'sallyport-agent', '-n', 'kube-system', '--duration=720h']).trim());
  return account;
}

function linesOf(log: string): string[] {
  try {
    return readFileSync(log, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}
