import type { OnObject } from '../api/decode.ts';
import type { Source } from '../api/diagnostic.ts';
import type { Place } from '../api/faults.ts';
import { type WrittenPolicy, writtenPolicyOf } from '../api/network-policy.ts';
import { type KubernetesObject, qualifiedName } from '../api/types.ts';
import type { Workload } from '../api/workload.ts';
import type { Labels } from '../label/selector.ts';

/** A NetworkPolicy as it is written, with where its fields stand. */
export interface Written {
  readonly policy: WrittenPolicy;
  readonly at: Place;
}

/** An object that has labels of its own besides those of the pods that it makes or selects. */
export interface Labelled {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly source?: Source;
}

/** What is written and does not count: kept while objects are decoded, for `onObject`. */
export class Originals {
  /** By `namespace/name`. */
  readonly policies = new Map<string, Written>();
  /** By the name of the cluster-wide policy: its annotations. */
  readonly annotations = new Map<string, Readonly<Record<string, string>>>();
  readonly workloads: Workload[] = [];
  readonly labelled: Labelled[] = [];

  /** What is written in several inputs; of a policy that is there twice the first is meant. */
  static joined(parts: Iterable<Originals>): Originals {
    const whole = new Originals();
    for (const { policies, annotations, workloads, labelled } of parts) {
      for (const [name, written] of policies) if (!whole.policies.has(name)) whole.policies.set(name, written);
      for (const [name, written] of annotations) if (!whole.annotations.has(name)) whole.annotations.set(name, written);
      for (const workload of workloads) whole.workloads.push(workload);
      for (const object of labelled) whole.labelled.push(object);
    }
    return whole;
  }

  readonly onObject: OnObject = (object, value, place) => {
    if (object.kind === 'NetworkPolicy') this.policies.set(qualifiedName(object), { policy: writtenPolicyOf(value), at: place });
    else if (object.kind === 'ClusterNetworkPolicy') this.annotations.set(object.name, mapAt(value, 'annotations'));
    else if ('count' in object) this.workloads.push(object);
    if ('count' in object || object.kind === 'Service') this.#label(object, mapAt(value, 'labels'));
  };

  #label(object: Workload | Extract<KubernetesObject, { readonly kind: 'Service' }>, labels: Labels): void {
    const { kind, namespace, name, source } = object;
    if (Object.keys(labels).length > 0) this.labelled.push({ kind, namespace, name, labels, ...(source && { source }) });
  }
}

/** A map of the metadata of an object that has passed the door. */
function mapAt(value: unknown, field: 'labels' | 'annotations'): Readonly<Record<string, string>> {
  const { metadata } = value as { readonly metadata?: Partial<Record<typeof field, Readonly<Record<string, string>> | null>> };
  return metadata?.[field] ?? {};
}
