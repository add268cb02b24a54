import type { Choices } from '#core/api/choices.ts';
import type { KubernetesObject } from '#core/api/types.ts';
import { itemsAt, textAt, valueAt } from '#core/api/values.ts';
import type { KnownNode } from '#core/enforcement/cluster-status.ts';
import { agentLabels, agentPort, agentPortName } from '#core/enforcement/well-known.ts';
import { clusterPolicies } from './cluster-policies.ts';
import type { Connection } from './connection.ts';
import { readList, succeeded } from './list.ts';
import { Forbidden, permissionFault } from './permission.ts';
import { Projection } from './projection.ts';
import { ask } from './request.ts';
import { namespaces, networkPolicies, nodes, pathOf, pods, type Resource } from './resource.ts';

/** The pod of an agent. */
export interface AgentPod {
  readonly namespace: string;
  readonly name: string;
  /** Absent while it is nowhere. */
  readonly node?: string;
  readonly port: number;
}

/** What the API server wants enforced, where, and whom to ask how far it is. */
export interface Rollout {
  /** Namespaces, pods and policies; what stands for a policy that can't be read is that which an agent puts there, too. */
  readonly objects: readonly KubernetesObject[];
  readonly nodes: readonly KnownNode[];
  readonly agents: readonly AgentPod[];
}

/** Reads it. Throws a `KubeFault` where that can't be done; of missing permissions it names all. */
export async function readRollout(connection: Connection, choices: Choices, signal: AbortSignal): Promise<Rollout> {
  const projection = new Projection(
    choices,
    () => undefined,
    () => undefined,
  );
  const refused: Forbidden[] = [];
  const listed = async (resource: Resource): Promise<unknown[]> => {
    try {
      return (await readList(connection, { resource, signal }, ({ items }) => items)).flat();
    } catch (error) {
      if (!(error instanceof Forbidden)) throw error;
      refused.push(error);
      return [];
    }
  };
  const kinds = [namespaces, pods, networkPolicies, ...(await clusterPolicies(connection, signal))];
  const [ofNodes, ...lists] = await Promise.all([nodes, ...kinds].map(listed));
  if (refused.length > 0) throw permissionFault(refused);
  const objects = lists.flatMap((items, index) => items.flatMap((item) => projection.objectOf(item, kinds[index]!) ?? []));
  return { objects, nodes: ofNodes!.flatMap(nodeIn), agents: lists[1]!.flatMap(agentIn) };
}

/** The JSON that an agent answers to a path, asked through the API server; a `Forbidden` when that is not allowed. */
export async function askAgent(
  connection: Connection,
  { namespace, name, port }: AgentPod,
  path: string,
  signal: AbortSignal,
): Promise<unknown> {
  const whole = `${pathOf(pods, { namespace, object: `${name}:${port}` })}/proxy${path}`;
  const answer = await ask(connection, { path: whole, signal });
  return succeeded(connection, whole, answer, { verb: 'get', resource: podProxies, namespace });
}

const podProxies: Resource = { ...pods, name: 'pods/proxy' };

function nodeIn(value: unknown): KnownNode[] {
  const name = textAt(value, 'metadata', 'name');
  const isReady = itemsAt(value, 'status', 'conditions').some(
    (condition) => textAt(condition, 'type') === 'Ready' && textAt(condition, 'status') === 'True',
  );
  return name === '' ? [] : [{ name, ready: isReady }];
}

/** The agent that a pod is; none of a pod that is another thing, that has ended, or that is being replaced. */
function agentIn(value: unknown): AgentPod[] {
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
  return [
    {
      namespace: textAt(value, 'metadata', 'namespace'),
      name: textAt(value, 'metadata', 'name'),
      ...(node !== '' && { node }),
      port: typeof declared === 'number' ? declared : agentPort,
    },
  ];
}
