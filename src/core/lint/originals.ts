import type { OnForeign, OnObject } from '../api/decode.ts';
import type { Source } from '../api/diagnostic.ts';
import type { Place } from '../api/faults.ts';
import { type WrittenPolicy, writtenPolicyOf } from '../api/network-policy.ts';
import { type KubernetesObject, kindAndName, type Pod, qualifiedName, workloadOf } from '../api/types.ts';
import { itemsAt, textAt, valueAt } from '../api/values.ts';
import { templatePathOf, type Workload } from '../api/workload.ts';
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

/** An object of a kind that decides nothing about traffic, and says who connects to whom. */
export interface Foreign {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly value: unknown;
  readonly source?: Source;
}

/** What is written of pods beside what policies see of them. */
export interface PodNotes {
  /** The service account that they are given by name, with its token. */
  readonly account?: string;
  /** The port at which, by the annotations that Prometheus reads, there are metrics. */
  readonly metrics?: number;
  /** A container enforces NetworkPolicy, going by its image. */
  readonly enforces?: true;
}

const foreignKinds: ReadonlySet<string> = new Set([
  'networking.k8s.io Ingress',
  'gateway.networking.k8s.io HTTPRoute',
  'admissionregistration.k8s.io ValidatingWebhookConfiguration',
  'admissionregistration.k8s.io MutatingWebhookConfiguration',
  'apiregistration.k8s.io APIService',
  'apiextensions.k8s.io CustomResourceDefinition',
  'monitoring.coreos.com ServiceMonitor',
  'monitoring.coreos.com PodMonitor',
  'rbac.authorization.k8s.io RoleBinding',
  'rbac.authorization.k8s.io ClusterRoleBinding',
]);

/** What is written and does not count: kept while objects are decoded, for `onObject`. */
export class Originals {
  /** By `namespace/name`. */
  readonly policies = new Map<string, Written>();
  /** By the name of the cluster-wide policy: its annotations. */
  readonly annotations = new Map<string, Readonly<Record<string, string>>>();
  readonly workloads: Workload[] = [];
  readonly labelled: Labelled[] = [];
  readonly foreign: Foreign[] = [];
  /** By the title of what makes them, `Deployment shop/web`, or of the Pod. */
  readonly notes = new Map<string, PodNotes>();

  /** What is written in several inputs; of a policy that is there twice the first is meant. */
  static joined(parts: Iterable<Originals>): Originals {
    const whole = new Originals();
    for (const part of parts) {
      addMissing(whole.policies, part.policies);
      addMissing(whole.annotations, part.annotations);
      addMissing(whole.notes, part.notes);
      for (const list of ['workloads', 'labelled', 'foreign'] as const) for (const object of part[list]) whole[list].push(object as never);
    }
    return whole;
  }

  readonly onObject: OnObject = (object, value, place) => {
    if (object.kind === 'NetworkPolicy') this.policies.set(qualifiedName(object), { policy: writtenPolicyOf(value), at: place });
    else if (object.kind === 'ClusterNetworkPolicy') this.annotations.set(object.name, mapAt(value, 'annotations'));
    else if ('count' in object) this.workloads.push(object);
    if ('count' in object || object.kind === 'Pod') this.#note(kindAndName(object), notesOf(value, object.kind));
    if ('count' in object || object.kind === 'Service') this.#label(object, mapAt(value, 'labels'));
  };

  readonly onForeign: OnForeign = (value, place, defaultNamespace) => {
    const [group = ''] = textAt(value, 'apiVersion').split('/');
    const kind = textAt(value, 'kind');
    if (!foreignKinds.has(`${group} ${kind}`)) return;
    const source = place([]);
    const namespace = textAt(value, 'metadata', 'namespace') || defaultNamespace;
    this.foreign.push({ kind, namespace, name: textAt(value, 'metadata', 'name'), value, ...(source && { source }) });
  };

  /** What is written of a pod: where its workload is, or in the Pod itself. */
  notesOf(pod: Pod): PodNotes | undefined {
    const { kind, name } = workloadOf(pod) ?? pod;
    return this.notes.get(kindAndName({ ...pod, kind, name })) ?? this.notes.get(kindAndName(pod));
  }

  #note(title: string, notes: PodNotes): void {
    if (Object.keys(notes).length > 0) this.notes.set(title, notes);
  }

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

/** Images of what enforces NetworkPolicy. */
const enforcers =
  /calico|cilium|kube-router|antrea|\bovn|kube-network-policies|network-policy-agent|weave-npc|weave-kube|azure-npm|canal|romana|sallyport|openshift-sdn/;

/** What there is to know of the pods that an object is, or makes. */
function notesOf(value: unknown, kind: Workload['kind'] | 'Pod'): PodNotes {
  const template = templatePathOf(kind);
  const account = textAt(value, ...template, 'spec', 'serviceAccountName');
  const hasToken = valueAt(value, ...template, 'spec', 'automountServiceAccountToken') !== false;
  const annotation = (name: string): string => textAt(value, ...template, 'metadata', 'annotations', `prometheus.io/${name}`);
  const metrics = annotation('scrape') === 'true' ? Number(annotation('port')) : 0;
  return {
    ...(account !== '' && hasToken && { account }),
    ...(metrics > 0 && { metrics }),
    ...(itemsAt(value, ...template, 'spec', 'containers').some((each) => enforcers.test(textAt(each, 'image'))) && {
      enforces: true as const,
    }),
  };
}

function addMissing<T>(known: Map<string, T>, others: ReadonlyMap<string, T>): void {
  for (const [name, value] of others) if (!known.has(name)) known.set(name, value);
}
