import { itemsAt, textAt, valueAt } from '#core/api/values.ts';
import { isForeignPolicy, mayHavePolicies } from '#core/enforcement/policy-kinds.ts';
import type { NodeFacts, PolicyKind, Workload } from '#core/enforcement/surroundings.ts';
import type { Connection } from './connection.ts';
import { resourcesOf } from './discovery.ts';
import { readList, readObject, succeeded } from './list.ts';
import { nodeIn } from './read-rollout.ts';
import { ask } from './request.ts';
import { configMaps, daemonSets, deployments, nodes, type Resource } from './resource.ts';

/** The version of the API server: `v1.34.4`. */
export async function readVersion(connection: Connection, signal: AbortSignal): Promise<string> {
  const path = '/version';
  return textAt(succeeded(connection, path, await ask(connection, { path, signal }), { verb: 'get', path }), 'gitVersion');
}

/** The nodes with what runs them. */
export async function readNodeFacts(connection: Connection, signal: AbortSignal): Promise<NodeFacts[]> {
  return (await itemsOf(connection, nodes, signal)).flatMap((item) =>
    nodeIn(item).map((node) => ({
      ...node,
      system: textAt(item, 'status', 'nodeInfo', 'operatingSystem'),
      kernel: textAt(item, 'status', 'nodeInfo', 'kernelVersion'),
      kubelet: textAt(item, 'status', 'nodeInfo', 'kubeletVersion'),
      k3s: wordsIn(textAt(item, 'metadata', 'annotations', 'k3s.io/node-args')),
    })),
  );
}

/** Whatever stands there: the annotation is a list of words, in JSON, and everybody may write it. */
function wordsIn(text: string): string[] {
  try {
    return itemsAt({ words: JSON.parse(text || '[]') as unknown }, 'words').map(String);
  } catch {
    return [];
  }
}

/** The DaemonSets and Deployments of all namespaces. */
export const readWorkloads = (connection: Connection, signal: AbortSignal): Promise<Workload[]>[] =>
  [daemonSets, deployments].map(async (resource) =>
    (await itemsOf(connection, resource, signal)).map((item) => workloadIn(item, resource)),
  );

function workloadIn(item: unknown, { kind }: Resource): Workload {
  const template = valueAt(item, 'spec', 'template');
  const pods = kind === 'DaemonSet' ? valueAt(item, 'status', 'desiredNumberScheduled') : valueAt(item, 'spec', 'replicas');
  return {
    kind: kind as Workload['kind'],
    namespace: textAt(item, 'metadata', 'namespace'),
    name: textAt(item, 'metadata', 'name'),
    labels: (valueAt(template, 'metadata', 'labels') ?? {}) as Workload['labels'],
    containers: itemsAt(template, 'spec', 'containers').map((container) => ({
      name: textAt(container, 'name'),
      image: textAt(container, 'image'),
      words: [...itemsAt(container, 'command'), ...itemsAt(container, 'args')].map(String),
    })),
    pods: typeof pods === 'number' ? pods : 0,
  };
}

/** Where kubeadm and EKS keep the file of kube-proxy. */
const proxyConfigs = [
  ['kube-proxy', 'config.conf'],
  ['kube-proxy-config', 'config'],
] as const;

/** The files of kube-proxy that ConfigMaps hold. */
export const readProxyConfigs = (connection: Connection, signal: AbortSignal): Promise<string[]>[] =>
  proxyConfigs.map(async ([object, key]) => {
    const found = await readObject(connection, { resource: configMaps, namespace: 'kube-system', object, signal });
    const text = textAt(found, 'data', key);
    return text === '' ? [] : [text];
  });

/** The kinds among these groups that say which connections may be and that Sallyport does not enforce, with how many objects there are of each. */
export function readForeignPolicies(connection: Connection, groups: readonly string[], signal: AbortSignal): Promise<PolicyKind[]>[] {
  // What the server of Calico's API shows is what its CustomResourceDefinitions hold, and all NetworkPolicies besides.
  const own = groups.filter(mayHavePolicies).filter((group) => group !== 'projectcalico.org' || !groups.includes(`crd.${group}`));
  return own.map(async (group) => {
    const kinds = (await resourcesOf(connection, group, signal)).filter(({ name }) => isForeignPolicy(group, name));
    return Promise.all(
      kinds.map(async (resource) => {
        const pages = await readList(connection, { resource, signal, metadataOnly: true }, ({ items }) => items.length);
        const objects = pages.reduce((sum, count) => sum + count, 0);
        return { group, kind: resource.kind, name: resource.name, objects };
      }),
    );
  });
}

const itemsOf = async (connection: Connection, resource: Resource, signal: AbortSignal): Promise<unknown[]> =>
  (await readList(connection, { resource, signal }, ({ items }) => items)).flat();
