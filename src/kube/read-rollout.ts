import type { Choices } from '#core/api/choices.ts';
import type { KubernetesObject } from '#core/api/types.ts';
import { itemsAt, textAt } from '#core/api/values.ts';
import type { KnownNode } from '#core/enforcement/cluster-status.ts';
import { type AgentPod, agentIn } from './agents.ts';
import { clusterPolicies } from './cluster-policies.ts';
import type { Connection } from './connection.ts';
import { readList } from './list.ts';
import { Forbidden, permissionFault } from './permission.ts';
import { Projection } from './projection.ts';
import { namespaces, networkPolicies, nodes, pods, type Resource } from './resource.ts';

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

/** The node that a value is; none of what has no name. */
export function nodeIn(value: unknown): KnownNode[] {
  const name = textAt(value, 'metadata', 'name');
  const isReady = itemsAt(value, 'status', 'conditions').some(
    (condition) => textAt(condition, 'type') === 'Ready' && textAt(condition, 'status') === 'True',
  );
  return name === '' ? [] : [{ name, ready: isReady }];
}
