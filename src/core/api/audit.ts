import { isObject } from './reader.ts';
import { isPolicyKind, type KubernetesObject } from './types.ts';

/**
 * The annotation that puts a policy, or all NetworkPolicies of a namespace that say nothing themselves, in audit: they are not enforced, and
 * what they would drop is told. Source: docs/semantics.md section 11.
 */
const auditAnnotation = 'sallyport.dev/audit';

/** What the annotations say: in audit or not; nothing where they do not speak of it. Whatever is not `true` enforces. */
export function auditOf(annotations: Readonly<Record<string, string>> = {}): { readonly audit?: boolean } {
  const value = annotations[auditAnnotation];
  return value === undefined ? {} : { audit: value === 'true' };
}

/** The annotation alone of an object that may be anything, as metadata have it: one that can't be read says that it is enforced. */
export function auditAnnotationOf(value: unknown): { readonly annotations?: Readonly<Record<string, string>> } {
  const annotations = isObject(value) && isObject(value.metadata) ? (value.metadata.annotations ?? {}) : {};
  const said = isObject(annotations) ? annotations[auditAnnotation] : 'unreadable';
  return said === undefined ? {} : { annotations: { [auditAnnotation]: typeof said === 'string' ? said : 'unreadable' } };
}

/** What an object that may be anything says of it. */
export const auditIn = (value: unknown): { readonly audit?: boolean } => auditOf(auditAnnotationOf(value).annotations);

/** The policies among the objects that are in audit, by their own annotations or those of their namespaces. */
export function auditedAmong(objects: readonly KubernetesObject[]): KubernetesObject[] {
  const namespaces = new Set(objects.flatMap((object) => (object.kind === 'Namespace' && object.audit ? [object.name] : [])));
  return objects.filter((object) => {
    if (!isPolicyKind(object.kind)) return false;
    const { audit } = object as { readonly audit?: boolean };
    return audit ?? ('namespace' in object && namespaces.has(object.namespace));
  });
}
