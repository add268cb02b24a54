import type { KubernetesObject } from '#core/api/types.ts';

/** The names under which an object can be asked about. */
export function endpointNames(object: KubernetesObject): string[] {
  if (object.kind === 'Node') return [`node:${object.name}`];
  if (object.kind === 'Service') return [`${object.namespace}/service/${object.name}`];
  if (object.kind !== 'Pod') return [];
  const { namespace, name, owner } = object;
  return [`${namespace}/${name}`, ...(owner === undefined ? [] : [`${namespace}/${owner.kind.toLowerCase()}/${owner.name}`])];
}
