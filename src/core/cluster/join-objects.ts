import { type KubernetesObject, kindAndName, type Pod, workloadOf } from '../api/types.ts';
import type { Labels } from '../label/selector.ts';

/**
 * The objects of several sources as one cluster, as if each were applied to what is there: an object replaces that of its kind and name in
 * those before. Pods that manifests of a workload would make stand for what its pods become: those that are there keep their names, nodes
 * and addresses, and are otherwise as the manifest has them. Pods with addresses of their own replace the workload's pods.
 */
export function joinObjects(sources: readonly (readonly KubernetesObject[])[]): readonly KubernetesObject[] {
  return sources.reduce((joined, objects) => (joined.length === 0 ? objects : applied(joined, objects)), []);
}

function applied(there: readonly KubernetesObject[], objects: readonly KubernetesObject[]): readonly KubernetesObject[] {
  const pods = podsByWorkload(there);
  const renewed = podsByWorkload(objects);
  const becoming = [...renewed].flatMap(([workload, made]) => podsOfWorkload(pods.get(workload) ?? [], made));
  const isRenewed = (object: KubernetesObject): boolean => renewed.has(workloadKey(object) ?? '');
  const named = new Map(objects.filter((object) => !isRenewed(object)).map((object) => [kindAndName(object), object]));
  const kept = there.filter((object) => !isRenewed(object) && !named.has(kindAndName(object)));
  return [...kept, ...named.values(), ...becoming];
}

function workloadKey(object: KubernetesObject): string | undefined {
  const owner = object.kind === 'Pod' ? workloadOf(object) : undefined;
  return owner && `${owner.kind} ${'namespace' in object ? object.namespace : ''}/${owner.name}`;
}

function podsByWorkload(objects: readonly KubernetesObject[]): Map<string, Pod[]> {
  const workloads = new Map<string, Pod[]>();
  for (const object of objects) {
    const key = workloadKey(object);
    if (key === undefined || object.kind !== 'Pod') continue;
    const pods = workloads.get(key);
    if (pods === undefined) workloads.set(key, [object]);
    else pods.push(object);
  }
  return workloads;
}

/** The pods of a workload of which some are there and others are what a source has. */
function podsOfWorkload(there: readonly Pod[], made: readonly Pod[]): readonly Pod[] {
  const [template] = made;
  const areReal = made.some(({ addresses, assumedAddress }) => addresses.length > 0 && !assumedAddress);
  if (areReal || there.length === 0 || template === undefined) return made;
  const byName = new Map(there.map((pod) => [pod.name, pod]));
  // Each has a name and labels of its own.
  if (template.owner?.kind === 'StatefulSet') return made.map((pod) => become(byName.get(pod.name), pod));
  return there.map((pod) => become(pod, { ...template, name: pod.name }));
}

/** The pod with what the template says, where it is already; if it is not, as the template is. */
function become(pod: Pod | undefined, template: Pod): Pod {
  if (pod === undefined) return template;
  const { addresses, assumedAddress, node, phase } = pod;
  return {
    ...template,
    labels: { ...controllerLabels(pod.labels), ...template.labels },
    ...(template.hostNetwork === pod.hostNetwork && { addresses, assumedAddress }),
    ...(node !== undefined && { node }),
    phase,
  };
}

/** The labels that controllers give to the pods they make. Source: "Well-Known Labels, Annotations and Taints" of the documentation. */
const controllerMade: ReadonlySet<string> = new Set([
  'pod-template-hash',
  'pod-template-generation',
  'controller-revision-hash',
  'controller-uid',
  'job-name',
  'batch.kubernetes.io/controller-uid',
  'batch.kubernetes.io/job-name',
]);

const controllerLabels = (labels: Labels): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => controllerMade.has(name)));
