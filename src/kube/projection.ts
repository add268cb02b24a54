import { auditAnnotationOf } from '#core/api/audit.ts';
import type { Choices } from '#core/api/choices.ts';
import { closedClusterNetworkPolicy, closedNetworkPolicy } from '#core/api/closed-policy.ts';
import { decodeObject } from '#core/api/decode.ts';
import { Pool } from '#core/api/pool.ts';
import { isObject } from '#core/api/reader.ts';
import { type KubernetesObject, kindAndName, type ObjectId } from '#core/api/types.ts';
import { apiVersionOf, type Resource } from './resource.ts';
import { type Unreadable, UnreadableObjects } from './unreadable.ts';

/** Makes of the objects of an API server what policy needs of them: a few hundred bytes each. */
export class Projection {
  readonly #choices: Choices;
  readonly #pool = new Pool();
  readonly #onUnreadable: (unreadable: Unreadable) => void;
  /** Told what of the objects that can't be read is there. */
  readonly unreadable: UnreadableObjects;

  /** `onReadable` is told of every object that could not be read and now can, or is gone. */
  constructor(choices: Choices, onUnreadable: (unreadable: Unreadable) => void, onReadable: UnreadableObjects['end']) {
    this.unreadable = new UnreadableObjects(onReadable);
    // What the server keeps of a field that is unknown here was meant: passing over it may open what it closes.
    this.#choices = { ...choices, 'unknown-fields': 'error' };
    this.#onUnreadable = onUnreadable;
  }

  /** The object that a value of the resource is; undefined for one that can't be read and decides about nothing. */
  objectOf(value: unknown, resource: Resource): KubernetesObject | undefined {
    const written = writtenOf(value, resource);
    const context = { choices: this.#choices, pool: this.#pool, isStored: true };
    const { objects, diagnostics, unknown } = decodeObject(written, context);
    const [object] = objects;
    if (object !== undefined) {
      this.unreadable.end(object, false);
      return policies.includes(resource.kind) ? { ...object, ...versionOf(value) } : object;
    }
    const closed = closedFormOf(written, resource);
    const which = { kind: resource.kind, ...idOf(value), ...versionOf(value) };
    this.unreadable.add(which);
    this.#onUnreadable({
      ...which,
      object: kindAndName(which),
      apiVersion: apiVersionOf(resource),
      isClosed: closed !== undefined && !('audit' in closed && closed.audit),
      faults: [...diagnostics, ...unknown].map(({ path, message }) => (path ? `${path}: ${message}` : message)),
    });
    return closed && { ...closed, ...versionOf(value) };
  }
}

/** What tells the versions of an object apart. */
function versionOf(value: unknown): { readonly generation?: number; readonly uid?: string } {
  const { generation, uid } = isObject(value) && isObject(value.metadata) ? value.metadata : {};
  return { ...(typeof generation === 'number' && { generation }), ...(typeof uid === 'string' && { uid }) };
}

/** The namespace and name of a value of the API. */
export function idOf(value: unknown): Pick<ObjectId, 'namespace' | 'name'> {
  const { namespace, name } = isObject(value) && isObject(value.metadata) ? value.metadata : {};
  return { ...(typeof namespace === 'string' && { namespace }), name: typeof name === 'string' ? name : '' };
}

const policies: readonly string[] = ['NetworkPolicy', 'ClusterNetworkPolicy'];

/**
 * The value as it is read: an item of a list does not say its kind. Policies are read strictly, but only what they say: who manages them, and what
 * others report of them, does not change what they mean.
 */
function writtenOf(value: unknown, resource: Resource): unknown {
  if (!isObject(value)) return value;
  const { kind } = resource;
  const apiVersion = apiVersionOf(resource);
  if (!policies.includes(kind)) return { ...value, apiVersion, kind };
  return {
    apiVersion,
    kind,
    metadata: { ...idOf(value), ...auditAnnotationOf(value) },
    ...(value.spec !== undefined && { spec: value.spec }),
  };
}

function closedFormOf(value: unknown, { kind }: Resource): KubernetesObject | undefined {
  const { namespace = '', name } = idOf(value);
  if (kind === 'NetworkPolicy') return closedNetworkPolicy(value, { namespace, name });
  return kind === 'ClusterNetworkPolicy' ? closedClusterNetworkPolicy(value, name) : undefined;
}
