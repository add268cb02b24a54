import { defaultChoices } from '#core/api/choices.ts';
import { connectionOf } from '#kube/connect.ts';
import { type Extent, readCluster } from '#kube/read-cluster.ts';
import { kubeconfigNames } from '#kube/target.ts';
import { endpointNames } from './endpoint-names.ts';
import type { InputOptions } from './options.ts';

/** Whoever presses a key does not wait longer for a cluster, in milliseconds. */
const patience = 2000;

/** The names that could stand for a context, cluster or user of the kubeconfig, or for a namespace or endpoint of the cluster; none on any fault. */
export async function namesInCluster(what: string, begun: string, options: InputOptions): Promise<string[]> {
  try {
    if (what === 'context' || what === 'cluster' || what === 'user') return kubeconfigNames(options.kubeconfig)[what].sort();
    if (what === 'namespace') return await namesOf(options, { namespaces: 'all', kinds: ['Namespace'] }, ({ name }) => [name]);
    return what === 'endpoint' ? await endpointsFor(begun, options) : [];
  } catch {
    // No cluster, no permission, no time: the shell offers nothing.
    return [];
  }
}

/** A namespace at a time: a cluster may hold more endpoints than anybody wants to see. */
async function endpointsFor(begun: string, options: InputOptions): Promise<string[]> {
  const [namespace = '', rest] = begun.split('/');
  if (begun.startsWith('node:')) return namesOf(options, { namespaces: 'all', kinds: ['Node'] }, endpointNames);
  if (rest !== undefined) return namesOf(options, { namespaces: [namespace], kinds: ['Pod', 'Service'] }, endpointNames);
  const fixed = ['apiserver', 'internet', 'node:'];
  if (fixed.some((word) => begun !== '' && word.startsWith(begun))) return fixed;
  return [...(await namesOf(options, { namespaces: 'all', kinds: ['Namespace'] }, ({ name }) => [`${name}/`])), ...fixed];
}

async function namesOf(
  options: InputOptions,
  extent: Extent,
  names: (object: Parameters<typeof endpointNames>[0]) => string[],
): Promise<string[]> {
  const read = async (): Promise<string[]> => {
    const connection = await connectionOf(options);
    const { objects } = await readCluster(connection, extent, { choices: defaultChoices, signal: AbortSignal.timeout(patience) });
    return [...new Set(objects.flatMap(names))].sort();
  };
  // A credential plugin may take its time, too.
  const timeout = new Promise<string[]>((resolve) => setTimeout(resolve, patience, []).unref());
  return Promise.race([read(), timeout]);
}
