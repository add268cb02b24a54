import { itemsAt, textAt, valueAt } from '#core/api/values.ts';
import { agentLabels, agentPort, agentPortName, agentSelector } from '#core/enforcement/well-known.ts';
import type { Connection } from './connection.ts';
import { succeeded } from './list.ts';
import { ask } from './request.ts';
import { pathOf, pods, type Resource } from './resource.ts';

/** The pod of an agent. */
export interface AgentPod {
  readonly namespace: string;
  readonly name: string;
  /** Absent while it is nowhere. */
  readonly node?: string;
  readonly port: number;
  /** The account that it goes by at the API server: `system:serviceaccount:kube-system:sallyport-agent`. */
  readonly account: string;
}

/** The agent that a pod is; none of a pod that is another thing, that has ended, or that is being replaced. */
export function agentIn(value: unknown): AgentPod[] {
  const isAgent = Object.entries(agentLabels).every(([key, label]) => textAt(value, 'metadata', 'labels', key) === label);
  const isGone =
    ['Succeeded', 'Failed'].includes(textAt(value, 'status', 'phase')) || textAt(value, 'metadata', 'deletionTimestamp') !== '';
  if (!isAgent || isGone) return [];
  const ports = itemsAt(value, 'spec', 'containers').flatMap((container) => itemsAt(container, 'ports'));
  const declared = valueAt(
    ports.find((port) => textAt(port, 'name') === agentPortName),
    'containerPort',
  );
  const node = textAt(value, 'spec', 'nodeName');
  const namespace = textAt(value, 'metadata', 'namespace');
  return [
    {
      namespace,
      name: textAt(value, 'metadata', 'name'),
      ...(node !== '' && { node }),
      port: typeof declared === 'number' ? declared : agentPort,
      account: `system:serviceaccount:${namespace}:${textAt(value, 'spec', 'serviceAccountName') || 'default'}`,
    },
  ];
}

/** The JSON that an agent answers to a path, asked through the API server; a `Forbidden` when that is not allowed. */
export async function askAgent(connection: Connection, agent: AgentPod, path: string, signal: AbortSignal): Promise<unknown> {
  const whole = proxyPath(agent, path);
  const answer = await ask(connection, { path: whole, signal });
  return succeeded(connection, whole, answer, { verb: 'get', resource: podProxies, namespace: agent.namespace });
}

/** Where the API server leads to a path of an agent. */
export const proxyPath = ({ namespace, name, port }: AgentPod, path: string): string =>
  `${pathOf(pods, { namespace, object: `${name}:${port}` })}/proxy${path}`;

/** The agents of a cluster, or of one of its nodes, with the image that each runs. */
export async function readAgents(
  connection: Connection,
  { node, signal }: { readonly node?: string | undefined; readonly signal?: AbortSignal } = {},
): Promise<(AgentPod & { readonly image: string })[]> {
  const ofNode = node === undefined ? '' : `&fieldSelector=${encodeURIComponent(`spec.nodeName=${node}`)}`;
  const path = `${pathOf(pods)}?labelSelector=${encodeURIComponent(agentSelector)}${ofNode}`;
  const answer = await ask(connection, { path, signal });
  const list = succeeded(connection, path, answer, { verb: 'list', resource: pods });
  return itemsAt(list, 'items').flatMap((pod) => {
    const image = textAt(itemsAt(pod, 'spec', 'containers')[0], 'image');
    return agentIn(pod).map((agent) => ({ ...agent, image }));
  });
}

const podProxies: Resource = { ...pods, name: 'pods/proxy' };
