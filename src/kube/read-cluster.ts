import type { Choices } from '#core/api/choices.ts';
import { decodeObject, type OnObject } from '#core/api/decode.ts';
import type { Diagnostic } from '#core/api/diagnostic.ts';
import { Pool } from '#core/api/pool.ts';
import type { KubernetesObject } from '#core/api/types.ts';
import { clusterPolicies } from './cluster-policies.ts';
import type { Connection } from './connection.ts';
import { readItems, readObject } from './list.ts';
import { withOwners } from './owners.ts';
import { Forbidden, permissionFault } from './permission.ts';
import { apiVersionOf, endpointSlices, namespaces, networkPolicies, nodes, pods, type Resource, services } from './resource.ts';

/** Where each kind that is read stands in the API. */
const resources = {
  Namespace: namespaces,
  Node: nodes,
  Pod: pods,
  Service: services,
  EndpointSlice: endpointSlices,
  NetworkPolicy: networkPolicies,
} satisfies Partial<Record<KubernetesObject['kind'], Resource>>;

/** A kind that can be asked for. Whoever wants NetworkPolicies gets the cluster-wide policies as well. */
export type WantedKind = keyof typeof resources;
export const wantedKinds = Object.keys(resources) as readonly WantedKind[];

/** Which part of a cluster is read. */
export interface Extent {
  /** Some namespaces, with their Namespace objects and nothing of others, or all. */
  readonly namespaces: readonly string[] | 'all';
  readonly kinds: readonly WantedKind[];
}

/** How a cluster is read. */
export interface ReadOptions {
  readonly choices: Choices;
  readonly signal?: AbortSignal;
  /** Told after every page: how many objects came so far, and how many more the server has announced. */
  readonly onProgress?: (objects: number, remaining: number) => void;
  /** Told of every sound object with its manifest. */
  readonly onObject?: OnObject;
}

/** What was read of a cluster: all of the extent. */
export interface ClusterReading {
  readonly objects: readonly KubernetesObject[];
  /** With an error among them the objects are not all that was meant. */
  readonly diagnostics: readonly Diagnostic[];
  /** What the user should know of the answer. */
  readonly notes: readonly string[];
}

/** What one request gave. */
type Part = Pick<ClusterReading, 'objects' | 'diagnostics'>;

/**
 * Reads a part of a cluster through the same door as files, with nothing but GET. It is all there or there is a `KubeFault`: of missing
 * permissions all at once. The lists are not of one moment; no API of Kubernetes gives that.
 */
export async function readCluster(connection: Connection, extent: Extent, options: ReadOptions): Promise<ClusterReading> {
  const failure = new AbortController();
  const { signal } = options;
  const stop = signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal]);
  try {
    const parts = await new Reading(connection, options, stop).read(extent);
    const objects = parts.flatMap((part) => part.objects);
    const pods = objects.filter((object) => object.kind === 'Pod');
    const { pods: owned, notes } = await withOwners(connection, pods, extent.namespaces, stop);
    const others = objects.filter((object) => object.kind !== 'Pod');
    return { objects: [...others, ...owned], diagnostics: parts.flatMap((part) => part.diagnostics), notes };
  } finally {
    // Of a reading that has failed nothing goes on.
    failure.abort();
  }
}

/** The requests of one reading, all under way at once. */
class Reading {
  readonly #connection: Connection;
  readonly #options: ReadOptions;
  readonly #signal: AbortSignal;
  readonly #pool = new Pool();
  readonly #refused: Forbidden[] = [];
  readonly #counts = new Map<string, readonly [objects: number, remaining: number]>();

  constructor(connection: Connection, options: ReadOptions, signal: AbortSignal) {
    this.#connection = connection;
    this.#options = options;
    this.#signal = signal;
  }

  async read({ namespaces: where, kinds }: Extent): Promise<Part[]> {
    const wanted = kinds.map((kind) => resources[kind]);
    const ofCluster = where === 'all' ? wanted : wanted.filter((resource) => resource === nodes);
    const ofNamespaces = where === 'all' ? [] : wanted.filter(({ namespaced }) => namespaced);
    const names = where === 'all' ? [] : [...new Set(where)];
    const parts = await Promise.all([
      ...ofCluster.map((resource) => this.#list(resource)),
      ...names.flatMap((name) => ofNamespaces.map((resource) => this.#list(resource, name))),
      ...(kinds.includes('Namespace') ? names.map((name) => this.#namespace(name)) : []),
      ...(kinds.includes('NetworkPolicy') ? [this.#clusterPolicies()] : []),
    ]);
    if (this.#refused.length > 0) throw permissionFault(this.#refused);
    return parts.flat();
  }

  #list(resource: Resource, namespace?: string): Promise<readonly Part[]> {
    const { name, group } = resource;
    const onPage = (objects: number, remaining: number): void => this.#count(`${namespace}/${group}/${name}`, objects, remaining);
    const scope = namespace === undefined ? {} : { namespace };
    // Who wants the manifests, too, wants all of them.
    const isWhole = this.#options.onObject !== undefined;
    const items = readItems(this.#connection, { resource, ...scope, signal: this.#signal, onPage, isWhole }, (item) =>
      this.#decode({ apiVersion: apiVersionOf(resource), kind: resource.kind, ...item }),
    );
    return this.#orRefused(items.then((read) => read.items));
  }

  /** A namespace that does not exist is for whoever asks about it to miss. */
  #namespace(object: string): Promise<readonly Part[]> {
    const found = readObject(this.#connection, { resource: namespaces, object, signal: this.#signal });
    return this.#orRefused(found.then((value) => (value === undefined ? [] : [this.#decode(value)])));
  }

  #clusterPolicies(): Promise<readonly Part[]> {
    const lists = clusterPolicies(this.#connection, this.#signal).then((found) =>
      Promise.all(found.map((resource) => this.#list(resource))),
    );
    return this.#orRefused(lists.then((parts) => parts.flat()));
  }

  #decode(value: unknown): Part {
    const { choices, onObject } = this.#options;
    const context = { choices, pool: this.#pool, isStored: true, ...(onObject && { onObject }) };
    const { objects, diagnostics, unknown } = decodeObject(value, context);
    return { objects, diagnostics: [...diagnostics, ...unknown] };
  }

  /** Waits for the other requests, too, to say all at once what is not allowed. */
  async #orRefused(work: Promise<readonly Part[]>): Promise<readonly Part[]> {
    try {
      return await work;
    } catch (error) {
      if (!(error instanceof Forbidden)) throw error;
      this.#refused.push(error);
      return [];
    }
  }

  #count(list: string, objects: number, remaining: number): void {
    this.#counts.set(list, [objects, remaining]);
    const sums = [...this.#counts.values()].reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0]);
    this.#options.onProgress?.(...sums);
  }
}
