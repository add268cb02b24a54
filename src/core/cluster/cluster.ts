import { namespaceNameLabel } from '../api/namespace.ts';
import type {
  ClusterNetworkPolicy,
  EndpointSlice,
  KubernetesObject,
  Namespace,
  NetworkPolicy,
  Node,
  ObjectId,
  Pod,
  Service,
} from '../api/types.ts';
import type { Labels } from '../label/selector.ts';

/** What happened to one object. */
export type ClusterChange =
  | { readonly type: 'put'; readonly object: KubernetesObject }
  | { readonly type: 'delete'; readonly id: ObjectId };

/** Everything of one namespace, by name. */
export interface NamespaceContent {
  /** Absent for a namespace that is known only because an object names it. */
  readonly namespace?: Namespace;
  readonly pods: ReadonlyMap<string, Pod>;
  readonly services: ReadonlyMap<string, Service>;
  readonly endpointSlices: ReadonlyMap<string, EndpointSlice>;
  readonly policies: ReadonlyMap<string, NetworkPolicy>;
}

/** The labels of a namespace. One that is known by its name alone has the label that the API server sets. */
export const namespaceLabels = (name: string, { namespace }: Pick<NamespaceContent, 'namespace'>): Labels =>
  namespace?.labels ?? { [namespaceNameLabel]: name };

/** An immutable snapshot of a cluster. */
export interface Cluster {
  readonly namespaces: ReadonlyMap<string, NamespaceContent>;
  readonly nodes: ReadonlyMap<string, Node>;
  /** The policies of no namespace, by name. */
  readonly clusterPolicies: ReadonlyMap<string, ClusterNetworkPolicy>;
}

export const emptyCluster: Cluster = { namespaces: new Map(), nodes: new Map(), clusterPolicies: new Map() };

const emptyContent: NamespaceContent = { pods: new Map(), services: new Map(), endpointSlices: new Map(), policies: new Map() };

/** The cluster of the given objects; a later object replaces an earlier one of the same identity. */
export function clusterOf(objects: Iterable<KubernetesObject>): Cluster {
  return applyChanges(
    emptyCluster,
    Array.from(objects, (object) => ({ type: 'put', object })),
  );
}

/** The snapshot after the changes, in order. Namespaces that no change touches are shared with the snapshot before. */
export function applyChanges(cluster: Cluster, changes: readonly ClusterChange[]): Cluster {
  const draft = new Draft(cluster);
  for (const change of changes) draft.apply(change);
  return draft.finish();
}

/** Where the objects of a namespace stand, by their kinds. */
const tableOf = { Pod: 'pods', Service: 'services', EndpointSlice: 'endpointSlices', NetworkPolicy: 'policies' } as const;
const tables = Object.values(tableOf);

type MutableContent = {
  namespace?: Namespace;
  pods: Map<string, Pod>;
  services: Map<string, Service>;
  endpointSlices: Map<string, EndpointSlice>;
  policies: Map<string, NetworkPolicy>;
};

/** A snapshot in the making: copies a namespace's tables when a change first touches it. */
class Draft {
  readonly #touched = new Map<string, MutableContent>();
  readonly #before: Cluster;
  #nodes: Map<string, Node> | undefined;
  #clusterPolicies: Map<string, ClusterNetworkPolicy> | undefined;

  constructor(before: Cluster) {
    this.#before = before;
  }

  apply(change: ClusterChange): void {
    const id = change.type === 'put' ? change.object : change.id;
    if (id.kind === 'Node') {
      this.#nodes ??= new Map(this.#before.nodes);
      set(this.#nodes, id.name, change);
      return;
    }
    if (id.kind === 'ClusterNetworkPolicy') {
      this.#clusterPolicies ??= new Map(this.#before.clusterPolicies);
      set(this.#clusterPolicies, id.name, change);
      return;
    }
    if (id.kind === 'Namespace') {
      const content = this.#content(id.name);
      if (change.type === 'put') content.namespace = change.object as Namespace;
      else delete content.namespace;
      return;
    }
    const content = this.#content(id.namespace!);
    set(content[tableOf[id.kind]], id.name, change);
  }

  #content(name: string): MutableContent {
    let content = this.#touched.get(name);
    if (content === undefined) {
      const before = this.#before.namespaces.get(name) ?? emptyContent;
      content = {
        ...before,
        pods: new Map(before.pods),
        services: new Map(before.services),
        endpointSlices: new Map(before.endpointSlices),
        policies: new Map(before.policies),
      };
      this.#touched.set(name, content);
    }
    return content;
  }

  finish(): Cluster {
    const { nodes, clusterPolicies } = this.#before;
    const shared = { nodes: this.#nodes ?? nodes, clusterPolicies: this.#clusterPolicies ?? clusterPolicies };
    if (this.#touched.size === 0)
      return shared.nodes === nodes && shared.clusterPolicies === clusterPolicies ? this.#before : { ...this.#before, ...shared };
    const namespaces = new Map(this.#before.namespaces);
    for (const [name, content] of this.#touched) {
      const empty = content.namespace === undefined && tables.every((table) => content[table].size === 0);
      if (empty) namespaces.delete(name);
      else namespaces.set(name, content);
    }
    return { namespaces, ...shared };
  }
}

function set(table: Map<string, unknown>, name: string, change: ClusterChange): void {
  if (change.type === 'put') table.set(name, change.object);
  else table.delete(name);
}

/** The changes that make `after` of `before`; namespaces that both share are not looked into. */
export function differenceOf(before: Cluster, after: Cluster): ClusterChange[] {
  const changes: ClusterChange[] = [];
  compare(before.nodes, after.nodes, changes);
  compare(before.clusterPolicies, after.clusterPolicies, changes);
  const names = new Set([...before.namespaces.keys(), ...after.namespaces.keys()]);
  for (const name of names) {
    const old = before.namespaces.get(name) ?? emptyContent;
    const now = after.namespaces.get(name) ?? emptyContent;
    if (old === now) continue;
    compareObject(old.namespace, now.namespace, changes);
    for (const table of tables) compare(old[table], now[table], changes);
  }
  return changes;
}

function compare(
  before: ReadonlyMap<string, KubernetesObject>,
  after: ReadonlyMap<string, KubernetesObject>,
  changes: ClusterChange[],
): void {
  if (before === after) return;
  for (const [name, object] of before) if (!after.has(name)) changes.push({ type: 'delete', id: idOf(object) });
  for (const [name, object] of after) compareObject(before.get(name), object, changes);
}

function compareObject(before: KubernetesObject | undefined, after: KubernetesObject | undefined, changes: ClusterChange[]): void {
  if (before === after) return;
  if (after === undefined) changes.push({ type: 'delete', id: idOf(before!) });
  else changes.push({ type: 'put', object: after });
}

/** The object of that identity, if the snapshot has it. */
export function findObject(
  { namespaces, nodes, clusterPolicies }: Cluster,
  { kind, namespace = '', name }: ObjectId,
): KubernetesObject | undefined {
  if (kind === 'Node') return nodes.get(name);
  if (kind === 'ClusterNetworkPolicy') return clusterPolicies.get(name);
  if (kind === 'Namespace') return namespaces.get(name)?.namespace;
  return namespaces.get(namespace)?.[tableOf[kind]].get(name);
}

/** The identity of an object. */
export function idOf(object: KubernetesObject): ObjectId {
  return 'namespace' in object
    ? { kind: object.kind, namespace: object.namespace, name: object.name }
    : { kind: object.kind, name: object.name };
}

/** All objects of the snapshot. */
export const objectsOf = (cluster: Cluster): KubernetesObject[] =>
  differenceOf(emptyCluster, cluster).flatMap((change) => (change.type === 'put' ? [change.object] : []));

/** All pods of the snapshot. */
export function* podsOf(cluster: Cluster): Generator<Pod> {
  for (const { pods } of cluster.namespaces.values()) yield* pods.values();
}
