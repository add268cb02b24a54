import { copyFileSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildImage } from '../../scripts/image/image.ts';
import type { Cluster } from './cluster.ts';
import { inNamespace, until } from './commands.ts';
import { type ClusterNode, control } from './layout.ts';
import type { RunningNode } from './node.ts';
import { clone } from './programs.ts';

const manifests = join(clone, 'deploy/manifests');
const daemonSet = 'daemonset/sallyport-agent';
/** Nodes with this label have no pod of the DaemonSet: their agent is a process that a test starts and ends as it likes. */
const byHand = 'sallyport.test/by-hand';

/** Has the agent of this clone run on every node, as the pod that users would have, in place of what runs there. Nothing is open in between. */
export async function replaceAgents(cluster: Cluster): Promise<void> {
  const image = buildImage(join(clone, 'build/image'));
  // Another name for other contents: the pods would stay otherwise.
  const name = image.name.replace(/:.*/, `:${image.digest.slice(0, 12)}`);
  for (const node of cluster.nodes) node.importImage(image.archive, image.name, name);
  applyManifest(cluster, 'sallyport.yaml', name);
  await handBack(cluster);
}

/** Has pods be the agents of all nodes again, in place of what tests have started. */
export async function handBack(cluster: Cluster): Promise<void> {
  for (const { node } of cluster.nodes) {
    await cluster.daemons.stop(processOf(node));
    cluster.kubectl(['label', 'node', node.name, `${byHand}-`]);
    inHand.delete(node.name);
  }
  const all = `--for=jsonpath={.status.numberReady}=${cluster.nodes.length}`;
  cluster.kubectl(['-n', 'kube-system', 'rollout', 'status', daemonSet, '--timeout=180s']);
  cluster.kubectl(['-n', 'kube-system', 'wait', daemonSet, all, '--timeout=180s']);
}

/** The image of the agents' pods. */
export const podImage = (cluster: Cluster): string =>
  cluster.kubectl(['-n', 'kube-system', 'get', daemonSet, '-o', 'jsonpath={.spec.template.spec.containers[0].image}']);

/** Applies one of the plain manifests with this image, but for nodes whose agent is a process. */
export function applyManifest(cluster: Cluster, name: string, image: string): void {
  const elsewhere = { key: byHand, operator: 'DoesNotExist' };
  const affinity = {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [elsewhere] }] } },
  };
  const text = readFileSync(join(manifests, name), 'utf8').replaceAll(/image: .*/g, `image: ${image}`);
  cluster.kubectl(['apply', '-f', '-'], text.replace(/^( +)hostNetwork: true$/m, `$1affinity: ${JSON.stringify(affinity)}\n$&`));
}

/**
 * Starts the agent of a node as a process with its account, and waits until it says that it has read the cluster, or something else. It finds the API
 * server as a pod in the node's network would.
 */
export async function startAgent(cluster: Cluster, running: RunningNode, { awaited = 'synced' } = {}): Promise<void> {
  const { node } = running;
  await takeInHand(cluster, node);
  const name = processOf(node);
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

/** Ends the agent of a node, pod or process. */
export async function stopAgent(cluster: Cluster, { node }: RunningNode, signal: NodeJS.Signals): Promise<void> {
  await takeInHand(cluster, node);
  await cluster.daemons.stop(processOf(node), signal);
}

/** What the agents of a node have written, pod or process. */
export function agentLog(cluster: Cluster, { directory, ...node }: ClusterNode): string {
  const ofPods = globSync(join(directory, 'var/log/pods/kube-system_sallyport-agent-*/agent/*.log'));
  return [cluster.daemons.logOf(processOf(node)), ...ofPods].flatMap((log) => linesOf(log)).join('\n');
}

const processOf = ({ name }: Pick<ClusterNode, 'name'>): string => `${name}-agent`;

/** Nodes whose agent is no pod as far as this process knows, which then needs no API server to say so. */
const inHand = new Set<string>();

/** Sees that no pod is the agent of a node. */
async function takeInHand(cluster: Cluster, { name }: ClusterNode): Promise<void> {
  if (inHand.has(name)) return;
  cluster.kubectl(['label', 'node', name, `${byHand}=`, '--overwrite']);
  const words = [
    '-n',
    'kube-system',
    'get',
    'pods',
    '-l',
    'app.kubernetes.io/name=sallyport',
    `--field-selector=spec.nodeName=${name}`,
    '-o',
    'name',
  ];
  await until(`the agent's pod of ${name} to be gone`, () => cluster.kubectl(words) === '');
  inHand.add(name);
}

/** Has agents that tests start get new tokens: those of an account end with it. */
export function forgetAccounts({ nodes }: Cluster): void {
  for (const { node } of nodes) rmSync(join(node.directory, 'agent'), { recursive: true, force: true });
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
