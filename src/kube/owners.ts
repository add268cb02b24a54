import { type Controller, ownedByTopmost } from '#core/api/expand-workloads.ts';
import { Faults, nowhere } from '#core/api/faults.ts';
import { controllerOf, metadata } from '#core/api/metadata.ts';
import { list, partial } from '#core/api/reader.ts';
import type { Pod } from '#core/api/types.ts';
import type { Connection } from './connection.ts';
import { type ObjectList, readList } from './list.ts';
import { Forbidden } from './permission.ts';
import { jobs, type Resource, replicaSets } from './resource.ts';

/** Pods with their owners, and what is to be said of these. */
export interface Owned {
  readonly pods: readonly Pod[];
  readonly notes: readonly string[];
}

/** Controllers that other controllers make, and what is lost where they may not be listed. */
const between: readonly { readonly kind: string; readonly resource: Resource; readonly loss: string }[] = [
  {
    kind: 'ReplicaSet',
    resource: replicaSets,
    loss: 'pods are shown with their ReplicaSets where these do not tell by their names who made them',
  },
  { kind: 'Job', resource: jobs, loss: 'pods of CronJobs are shown with their Jobs' },
];

/**
 * The pods with their topmost controllers, as files have them. Most pods tell it themselves (the name of a Deployment's ReplicaSet does, see
 * `controllerOf`), so only what is left is asked for, and of that only the metadata. Owners are names in answers and decide nothing: where
 * they may not be read, that is said, and the answer stands.
 */
export async function withOwners(
  connection: Connection,
  pods: readonly Pod[],
  where: readonly string[] | 'all',
  signal: AbortSignal,
): Promise<Owned> {
  const controllers: Controller[] = [];
  const notes: string[] = [];
  const readKind = async ({ kind, resource, loss }: (typeof between)[number]): Promise<void> => {
    const owned = new Set(pods.flatMap(({ namespace, owner }) => (owner?.kind === kind ? [namespace] : [])));
    if (owned.size === 0) return;
    const lists = where === 'all' ? [{}] : [...owned].map((namespace) => ({ namespace }));
    try {
      const read = lists.map((scope) =>
        readList(connection, { resource, ...scope, metadataOnly: true, signal }, (page) => controllersIn(page, kind)),
      );
      controllers.push(...(await Promise.all(read)).flat(2));
    } catch (error) {
      if (!(error instanceof Forbidden)) throw error;
      notes.push(`${resource.name} may not be listed: ${loss}`);
    }
  };
  await Promise.all(between.map(readKind));
  return { pods: controllers.length === 0 ? pods : ownedByTopmost(pods, controllers), notes };
}

const reader = partial({ items: list(partial({ metadata })) });

/** What a page says of controllers; one that says nothing readable of itself is as good as unknown. */
function controllersIn(page: ObjectList, kind: string): Controller[] {
  const { items = [] } = reader.read(page, { faults: new Faults('', nowhere), path: [], unknownFields: 'warning' });
  return items.flatMap(({ metadata: meta = {} }) => {
    const { name, namespace } = meta;
    const owner = controllerOf(meta);
    return name === undefined || namespace === undefined || owner === undefined ? [] : [{ kind, namespace, name, owner }];
  });
}
