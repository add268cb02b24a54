import type { Labels } from '../label/selector.ts';
import type { FieldPath, Source } from './diagnostic.ts';
import type { Faults } from './faults.ts';
import type { Kind, Surroundings } from './kind.ts';
import { controllerOf, identify, metadata, validateIdentity, validateLabels } from './metadata.ts';
import { checkSubdomain } from './names.ts';
import { podSpecFields, portsOf, validatePodSpec } from './pod.ts';
import { boolean, int32, list, partial, type ReadOf, string, stringMap } from './reader.ts';
import type { ContainerPort, Owner } from './types.ts';

/** The kinds of objects that make pods. */
export type WorkloadKind = 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'ReplicaSet' | 'ReplicationController' | 'Job' | 'CronJob';

/** An object that makes pods, reduced to what its pods would be. */
export interface Workload {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
  /** How many pods; of a DaemonSet one for each node that its selector matches. */
  readonly count: number | 'nodes';
  readonly nodeSelector?: Labels;
  /** The number of the first pod of a StatefulSet, else 0. */
  readonly firstOrdinal: number;
  readonly labels: Labels;
  readonly ports: readonly ContainerPort[];
  readonly hostNetwork: boolean;
  readonly node?: string;
  /** The controller of the workload itself: the Deployment of a ReplicaSet, the CronJob of a Job. */
  readonly owner?: Owner;
  readonly source?: Source;
}

const template = partial({
  metadata: partial({ labels: stringMap }),
  // A node selector is read here alone: of a pod that exists, the scheduler has already obeyed it.
  spec: partial({ ...podSpecFields, nodeSelector: stringMap }),
});

const jobFields = { parallelism: int32, completions: int32, suspend: boolean, template };

/** What this program reads of any workload. Source: apps/v1, batch/v1 and ReplicationController in core/v1. */
const reader = partial({
  metadata,
  spec: partial({
    ...jobFields,
    replicas: int32,
    ordinals: partial({ start: int32 }),
    jobTemplate: partial({ spec: partial(jobFields) }),
  }),
  status: partial({ conditions: list(partial({ type: string, status: string })) }),
});

type WrittenWorkload = ReadOf<typeof reader>;
type WrittenJobSpec = NonNullable<NonNullable<NonNullable<WrittenWorkload['spec']>['jobTemplate']>['spec']>;

const naming = { name: checkSubdomain, namespaced: true };

/** More pods than this of one workload are taken for a slip: no cluster holds them. */
const mostPods = 200_000;

/** Where a workload's pod template and counts stand. */
function jobOf(kind: WorkloadKind, { spec = {} }: WrittenWorkload): { job: WrittenJobSpec; path: FieldPath } {
  return kind === 'CronJob' ? { job: spec.jobTemplate?.spec ?? {}, path: ['spec', 'jobTemplate', 'spec'] } : { job: spec, path: ['spec'] };
}

/** What is checked of a workload: the fields that are read. */
function validate(kind: WorkloadKind, written: WrittenWorkload, { defaultNamespace }: Surroundings, faults: Faults): void {
  validateIdentity(written.metadata ?? {}, naming, defaultNamespace, faults);
  const { job, path } = jobOf(kind, written);
  validateCount(written.spec?.replicas, ['spec', 'replicas'], faults);
  validateCount(written.spec?.ordinals?.start, ['spec', 'ordinals', 'start'], faults);
  validateCount(job.parallelism, [...path, 'parallelism'], faults);
  validateCount(job.completions, [...path, 'completions'], faults);
  if (job.template === undefined) {
    faults.required([...path, 'template']);
    return;
  }
  if (job.template.metadata?.labels) validateLabels(job.template.metadata.labels, [...path, 'template', 'metadata', 'labels'], faults);
  validatePodSpec(job.template.spec ?? {}, [...path, 'template', 'spec'], faults);
}

function validateCount(count: number | undefined, path: FieldPath, faults: Faults): void {
  if (count !== undefined && count < 0) faults.invalid(path, count, 'must be greater than or equal to 0');
  else if (count !== undefined && count > mostPods) faults.invalid(path, count, `must be less than or equal to ${mostPods}`);
}

/** The valid workload. */
function build(kind: WorkloadKind, written: WrittenWorkload, { defaultNamespace, pool, place }: Surroundings): Workload {
  const { metadata: meta = {}, spec = {} } = written;
  const { name, namespace = '' } = identify(meta, naming, defaultNamespace);
  const { spec: pod = {}, metadata: podMeta = {} } = jobOf(kind, written).job.template ?? {};
  const owner = controllerOf(meta);
  const source = place([]);
  return {
    kind,
    namespace,
    name,
    count: countOf(kind, written),
    ...(pod.nodeSelector && { nodeSelector: pod.nodeSelector }),
    firstOrdinal: spec.ordinals?.start ?? 0,
    labels: pool.labels(podMeta.labels ?? {}),
    ports: portsOf(pod, pool),
    hostNetwork: pod.hostNetwork ?? false,
    ...(pod.nodeName && { node: pod.nodeName }),
    ...(owner && { owner }),
    ...(source && { source }),
  };
}

function countOf(kind: WorkloadKind, written: WrittenWorkload): number | 'nodes' {
  const { spec = {}, status = {} } = written;
  if (kind === 'DaemonSet') return 'nodes';
  if (kind !== 'Job' && kind !== 'CronJob') return spec.replicas ?? 1;
  const { job } = jobOf(kind, written);
  const isOver = (status.conditions ?? []).some(
    ({ type, status: value }) => (type === 'Complete' || type === 'Failed') && value === 'True',
  );
  if (spec.suspend || job.suspend || isOver) return 0;
  return Math.min(job.parallelism ?? 1, job.completions ?? Number.POSITIVE_INFINITY);
}

const workloadKind = (apiVersion: string, kind: WorkloadKind): Kind<WrittenWorkload, Workload> => ({
  apiVersion,
  kind,
  reader,
  validate: (written, surroundings, faults) => validate(kind, written, surroundings, faults),
  build: (written, surroundings) => build(kind, written, surroundings),
});

export const workloadKinds: readonly Kind<WrittenWorkload, Workload>[] = [
  workloadKind('apps/v1', 'Deployment'),
  workloadKind('apps/v1', 'StatefulSet'),
  workloadKind('apps/v1', 'DaemonSet'),
  workloadKind('apps/v1', 'ReplicaSet'),
  workloadKind('v1', 'ReplicationController'),
  workloadKind('batch/v1', 'Job'),
  workloadKind('batch/v1', 'CronJob'),
];

/** Where in a manifest stands what pods are made of: the whole of a Pod, the template of a workload. */
export const templatePathOf = (kind: WorkloadKind | 'Pod'): readonly string[] =>
  kind === 'Pod' ? [] : kind === 'CronJob' ? ['spec', 'jobTemplate', 'spec', 'template'] : ['spec', 'template'];
