import type { Labels } from '../label/selector.ts';
import type { FieldPath } from './diagnostic.ts';
import type { Faults } from './faults.ts';
import { byteLength, type Complaints, checkLabel, checkLabelValue, checkPrefix, checkQualifiedName } from './names.ts';
import { anything, boolean, int64, list, partial, type ReadOf, strict, string, stringMap, time } from './reader.ts';
import type { Owner } from './types.ts';

const ownerReferenceFields = { apiVersion: string, kind: string, name: string, uid: string, controller: boolean };

/** What this program reads of any object's metadata. Source: ObjectMeta in meta/v1. */
const fields = {
  name: string,
  generateName: string,
  namespace: string,
  uid: string,
  labels: stringMap,
  deletionTimestamp: time,
  ownerReferences: list(partial(ownerReferenceFields)),
};

/** Metadata of an object whose other fields do not matter. */
export const metadata = partial(fields);

/** The same with annotations, of which this program reads its own. */
export const annotatedMetadata = partial({ ...fields, annotations: stringMap });

/** Metadata of an object that is read strictly: every field that the API knows. */
export const strictMetadata = strict({
  ...fields,
  ownerReferences: list(strict({ ...ownerReferenceFields, blockOwnerDeletion: boolean })),
  annotations: stringMap,
  finalizers: list(string),
  managedFields: list(
    strict({
      manager: string,
      operation: string,
      apiVersion: string,
      time,
      fieldsType: string,
      fieldsV1: anything,
      subresource: string,
    }),
  ),
  resourceVersion: string,
  selfLink: string,
  generation: int64,
  creationTimestamp: time,
  deletionGracePeriodSeconds: int64,
});

export type Metadata = ReadOf<typeof metadata>;
export type StrictMetadata = ReadOf<typeof strictMetadata>;

/** What an object's name and namespace must look like. */
export interface Naming {
  readonly name: (text: string) => Complaints;
  readonly namespaced: boolean;
}

/** The name and namespace of an object, defaults filled: of a generated name, the letters that the server would draw are `xxxxx`. */
export function identify(
  meta: Metadata,
  { namespaced }: Pick<Naming, 'namespaced'>,
  defaultNamespace: string,
): { name: string; namespace?: string } {
  const name = meta.name || (meta.generateName ? `${meta.generateName}xxxxx` : '');
  return namespaced ? { name, namespace: meta.namespace || defaultNamespace } : { name };
}

/** Rules M1 to M4: what is checked of every object. Source: semantics.md section 1.4. */
export function validateIdentity(meta: Metadata, naming: Naming, defaultNamespace: string, faults: Faults): void {
  const { name, namespace } = identify(meta, naming, defaultNamespace);
  if (meta.generateName) faults.invalidEach(['metadata', 'generateName'], meta.generateName, checkPrefix(naming.name, meta.generateName));
  if (name === '') faults.required(['metadata', 'name'], 'name or generateName is required');
  else faults.invalidEach(['metadata', 'name'], name, naming.name(name));
  if (namespace === '') faults.required(['metadata', 'namespace']);
  else if (namespace !== undefined) faults.invalidEach(['metadata', 'namespace'], namespace, checkLabel(namespace));
  if (meta.labels) validateLabels(meta.labels, ['metadata', 'labels'], faults);
}

/** Rules M4 and S1: keys and values of a map of labels. Source: ValidateLabels in apimachinery. */
export function validateLabels(labels: Labels, path: FieldPath, faults: Faults): void {
  for (const key of Object.keys(labels)) {
    faults.invalidEach(path, key, checkQualifiedName(key));
    faults.invalidEach(path, labels[key], checkLabelValue(labels[key]!));
  }
}

/** Rules M1 to M6: everything that the API server checks of metadata. Source: ValidateObjectMeta in apimachinery. */
export function validateMetadata(meta: StrictMetadata, naming: Naming, defaultNamespace: string, faults: Faults): void {
  validateIdentity(meta, naming, defaultNamespace, faults);
  validateAnnotations(meta.annotations ?? {}, faults);
  validateOwners(meta.ownerReferences ?? [], faults);
  validateFinalizers(meta.finalizers ?? [], faults);
  validateManagers(meta.managedFields ?? [], faults);
  validateFinalizerNames(meta.finalizers ?? [], faults);
}

const annotationBytes = 256 * 1024;

function validateAnnotations(annotations: Readonly<Record<string, string>>, faults: Faults): void {
  const path = ['metadata', 'annotations'];
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    faults.invalidEach(path, key, checkQualifiedName(key.toLowerCase()));
    bytes += byteLength(key) + byteLength(value);
  }
  if (bytes > annotationBytes) faults.tooLong(path, annotationBytes);
}

type OwnerReference = NonNullable<StrictMetadata['ownerReferences']>[number];

function validateOwners(owners: readonly OwnerReference[], faults: Faults): void {
  const path = ['metadata', 'ownerReferences'];
  const controllers: string[] = [];
  for (const owner of owners) {
    validateOwner(owner, path, faults);
    if (!owner.controller) continue;
    controllers.push(`${owner.kind ?? ''}/${owner.name ?? ''}`);
    if (controllers.length === 1) continue;
    const found = `Found "true" in references for ${controllers[0]} and ${controllers.at(-1)}`;
    faults.invalid(path, owners, `Only one reference can have Controller set to true. ${found}`);
  }
}

function validateOwner(owner: OwnerReference, path: FieldPath, faults: Faults): void {
  const { apiVersion = '' } = owner;
  if (!/^[^/]+(\/[^/]+)?$/.test(apiVersion)) faults.invalid([...path, 'apiVersion'], apiVersion, 'version must not be empty');
  for (const field of ['kind', 'name', 'uid'] as const) if (!owner[field]) faults.invalid([...path, field], '', 'must not be empty');
  if (apiVersion === 'v1' && owner.kind === 'Event') faults.invalid(path, owner, '/v1, Kind=Event is disallowed from being an owner');
}

function validateFinalizers(finalizers: readonly string[], faults: Faults): void {
  const path = ['metadata', 'finalizers'];
  for (const finalizer of finalizers) faults.invalidEach(path, finalizer, checkQualifiedName(finalizer));
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion'))
    faults.invalid(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set');
}

const standardFinalizers = ['kubernetes', 'orphan', 'foregroundDeletion'];

/** Source: validateKubeFinalizerName in Kubernetes. */
function validateFinalizerNames(finalizers: readonly string[], faults: Faults): void {
  const path = ['metadata', 'finalizers'];
  for (const [index, finalizer] of finalizers.entries())
    if (!finalizer.includes('/') && !standardFinalizers.includes(finalizer))
      faults.invalid([...path, index], finalizer, 'name is neither a standard finalizer name nor is it fully qualified');
}

function validateManagers(managers: NonNullable<StrictMetadata['managedFields']>, faults: Faults): void {
  for (const [index, { operation = '', fieldsType = '', manager = '', subresource = '' }] of managers.entries()) {
    const path = ['metadata', 'managedFields', index];
    if (operation !== 'Apply' && operation !== 'Update') faults.invalid([...path, 'operation'], operation, 'must be `Apply` or `Update`');
    if (fieldsType !== '' && fieldsType !== 'FieldsV1') faults.invalid([...path, 'fieldsType'], fieldsType, 'must be `FieldsV1`');
    if (byteLength(manager) > 128) faults.tooLong([...path, 'manager'], 128);
    if (byteLength(subresource) > 256) faults.tooLong([...path, 'subresource'], 256);
  }
}

/**
 * The controller of an object, as far up as its own metadata tell: a ReplicaSet whose name ends in the pod's template hash
 * was made by the Deployment of the name's other part.
 */
export function controllerOf({ ownerReferences = [], labels = {} }: Metadata): Owner | undefined {
  const reference = ownerReferences.find(({ controller }) => controller);
  const { kind, name } = reference ?? {};
  if (!kind || !name) return undefined;
  const suffix = `-${labels['pod-template-hash']}`;
  if (kind === 'ReplicaSet' && name.endsWith(suffix) && name.length > suffix.length)
    return { kind: 'Deployment', name: name.slice(0, -suffix.length) };
  return { kind, name };
}
