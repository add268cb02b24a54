import type { KubernetesObject, ObjectId } from '#core/api/types.ts';
import type { ClusterChange } from '#core/cluster/cluster.ts';
import { saysTheSame } from '#core/cluster/object-changes.ts';

/** The identity of an object within its kind. */
export type Name = Pick<ObjectId, 'namespace' | 'name'>;

/** The objects of one kind that a watch has told of: most of what a server says of an object changes nothing here, and goes no further. */
export class KeptObjects {
  /** By namespace and name; those of no namespace stand under ''. */
  readonly #objects = new Map<string, Map<string, KubernetesObject>>();

  /** Takes an object in; gives the change, if it is one. */
  put(object: KubernetesObject): ClusterChange | undefined {
    const { namespace = '', name } = object as Name;
    let inNamespace = this.#objects.get(namespace);
    if (inNamespace === undefined) {
      inNamespace = new Map();
      this.#objects.set(namespace, inNamespace);
    }
    const before = inNamespace.get(name);
    if (saysTheSame(before, object) && generationOf(before) === generationOf(object)) return undefined;
    inNamespace.set(name, object);
    return { type: 'put', object };
  }

  /** Lets an object go; gives the change, if it is one. */
  delete({ namespace = '', name }: Name): ClusterChange | undefined {
    const inNamespace = this.#objects.get(namespace);
    const object = inNamespace?.get(name);
    if (object === undefined) return undefined;
    inNamespace!.delete(name);
    if (inNamespace!.size === 0) this.#objects.delete(namespace);
    return { type: 'delete', id: { kind: object.kind, ...(namespace !== '' && { namespace }), name } };
  }

  /** Makes it so that there are these and no others; gives the changes. */
  replace(objects: Iterable<KubernetesObject>): ClusterChange[] {
    const there = new Map<string, Set<string>>();
    const changes: (ClusterChange | undefined)[] = [];
    for (const object of objects) {
      const { namespace = '', name } = object as Name;
      const names = there.get(namespace);
      if (names === undefined) there.set(namespace, new Set([name]));
      else names.add(name);
      changes.push(this.put(object));
    }
    for (const [namespace, inNamespace] of this.#objects)
      for (const name of inNamespace.keys()) if (!there.get(namespace)?.has(name)) changes.push(this.delete({ namespace, name }));
    return changes.filter((change) => change !== undefined);
  }

  /** Whether there is any object in the namespace. */
  hasAnyIn(namespace: string): boolean {
    return this.#objects.has(namespace);
  }
}

/** How often a policy was written: whoever waits for a version of it must hear of those that mean the same, too. */
const generationOf = (object: KubernetesObject | undefined): number | undefined =>
  object !== undefined && 'generation' in object ? object.generation : undefined;
