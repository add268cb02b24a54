import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from './cluster.ts';
import { inNamespace, until } from './commands.ts';
import { control } from './layout.ts';
import type { RunningNode } from './node.ts';

const program = join(import.meta.dirname, '../../bin/sallyport');

/** Starts the agent of this clone on every node, in place of the one that runs there. Nothing is open in between. */
export async function replaceAgents(cluster: Cluster): Promise<void> {
  cluster.kubectl(['apply', '-f', join(import.meta.dirname, 'agent.yaml')]);
  for (const node of cluster.nodes) {
    await cluster.daemons.stop(agentName(node));
    await startAgent(cluster, node);
  }
}

/** Starts the agent of a node as its account, which finds the API server as a pod of the node's network would, and waits until it has read the cluster. */
async function startAgent(cluster: Cluster, node: RunningNode): Promise<void> {
  const name = agentName(node);
  const account = join(node.node.directory, 'agent');
  mkdirSync(account, { recursive: true });
  copyFileSync(cluster.authority, join(account, 'ca.crt'));
  writeFileSync(
    join(account, 'token'),
    cluster.kubectl(['create', 'token', 'sallyport-agent', '-n', 'kube-system', '--duration=720h']).trim(),
  );
  const log = cluster.daemons.logOf(name);
  const before = linesOf(log).length;
  const words = [program, 'agent', '--node', node.node.name, '--service-account', account];
  cluster.daemons.start(name, inNamespace(node.node.namespace, words), {
    KUBERNETES_SERVICE_HOST: control.address,
    KUBERNETES_SERVICE_PORT: String(control.port),
  });
  const news = (): string[] => linesOf(log).slice(before);
  await until(`${name} to have read the cluster; see ${log}`, () => {
    if (cluster.daemons.pid(name) === undefined) throw new Error(`${name} ended: ${news().join('\n')}`);
    return news().some((line) => line.includes('"event":"synced"'));
  });
}

/** What the agent of a node is called among the daemons. */
const agentName = ({ node }: RunningNode): string => `${node.name}-agent`;

function linesOf(log: string): string[] {
  try {
    return readFileSync(log, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}
