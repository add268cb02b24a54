import type { Labels } from '../label/selector.ts';
import type { Node, Owner, Pod } from './types.ts';
import type { Workload } from './workload.ts';

const keyOf = (namespace: string, { kind, name }: Owner): string => `${namespace}/${kind}/${name}`;

/** An object that controls pods or other controllers, with its own controller. */
export interface Controller extends Owner {
  readonly namespace: string;
  readonly owner?: Owner;
}

/** The pods, each owned by the topmost controller that is known. */
export function ownedByTopmost(pods: readonly Pod[], controllers: readonly Controller[]): Pod[] {
  const known = new Map(controllers.map((controller) => [keyOf(controller.namespace, controller), controller]));
  return pods.map((pod) => withOwner(pod, known));
}

/**
 * The pods of a set of objects: those that exist, owned by the topmost known controller, and those that the workloads would
 * make. A workload of which a pod exists makes none, and neither does one whose own controller is among the workloads.
 * The names are `web-0`, `web-1` and so on, with the kind in between where that name is taken.
 */
export function expandWorkloads(pods: readonly Pod[], workloads: readonly Workload[], nodes: readonly Node[]): Pod[] {
  const known = new Map(workloads.map((workload) => [keyOf(workload.namespace, workload), workload]));
  const existing = ownedByTopmost(pods, workloads);
  const alive = new Set(existing.flatMap(({ namespace, owner }) => (owner ? [keyOf(namespace, owner)] : [])));
  const taken = new Set(existing.map(({ namespace, name }) => `${namespace}/${name}`));
  const made: Pod[] = [];
  for (const workload of inOrder(workloads)) {
    const { namespace } = workload;
    const owner = topmost(namespace, { kind: workload.kind, name: workload.name }, known);
    const hasMaker = workload.owner !== undefined && known.has(keyOf(namespace, workload.owner));
    if (hasMaker || alive.has(keyOf(namespace, owner))) continue;
    const shape = shapeOf(workload, owner);
    for (const { ordinal, node } of placesOf(workload, nodes)) {
      const name = freeName(workload, ordinal, taken);
      taken.add(`${namespace}/${name}`);
      made.push({ ...shape, name, labels: labelsOf(workload, name, ordinal, shape.labels), ...(node !== undefined && { node }) });
    }
  }
  return made.length === 0 ? existing : [...existing, ...made];
}

function withOwner(pod: Pod, known: ReadonlyMap<string, Controller>): Pod {
  if (pod.owner === undefined) return pod;
  const owner = topmost(pod.namespace, pod.owner, known);
  return owner === pod.owner ? pod : { ...pod, owner };
}

/** The controller of the controller, and so on, as far as they are known. Objects that own each other in a ring end the search. */
function topmost(namespace: string, controller: Owner, known: ReadonlyMap<string, Controller>): Owner {
  let owner = controller;
  for (let steps = 0; steps < known.size; steps++) {
    const above = known.get(keyOf(namespace, owner))?.owner;
    if (above === undefined) return owner;
    owner = above;
  }
  return owner;
}

/** StatefulSets first: their pods' names are what they are on a cluster too. */
function inOrder(workloads: readonly Workload[]): Workload[] {
  const ranked = workloads.map((workload) => {
    const { namespace, kind, name } = workload;
    return { rank: `${namespace}/${kind === 'StatefulSet' ? 0 : 1}/${name}/${kind}`, workload };
  });
  return ranked.sort((a, b) => (a.rank < b.rank ? -1 : 1)).map(({ workload }) => workload);
}

/** What all pods of the workload have alike. */
function shapeOf({ namespace, labels, ports, hostNetwork, node, source }: Workload, owner: Owner): Omit<Pod, 'name'> {
  return {
    kind: 'Pod',
    namespace,
    labels,
    addresses: [],
    assumedAddress: false,
    ...(node !== undefined && { node }),
    hostNetwork,
    phase: 'Running',
    terminating: false,
    ports,
    owner,
    ...(source && { source }),
  };
}

function placesOf(workload: Workload, nodes: readonly Node[]): { ordinal: number; node?: string }[] {
  const { count, firstOrdinal } = workload;
  if (count !== 'nodes') return Array.from({ length: count }, (_, index) => ({ ordinal: firstOrdinal + index }));
  if (nodes.length === 0) return [{ ordinal: 0 }];
  return nodes
    .filter((node) => isSelected(workload.nodeSelector ?? {}, node))
    .map(({ name }) => name)
    .sort()
    .map((node, ordinal) => ({ ordinal, node }));
}

/** The kubelet gives its node these labels, whether a manifest has them or not. */
const isSelected = (selector: Labels, { name, labels }: Node): boolean => {
  const all: Labels = { 'kubernetes.io/os': 'linux', 'kubernetes.io/hostname': name, ...labels };
  return Object.entries(selector).every(([key, value]) => Object.hasOwn(all, key) && all[key] === value);
};

function freeName({ namespace, kind, name }: Workload, ordinal: number, taken: ReadonlySet<string>): string {
  const isFree = (candidate: string): boolean => !taken.has(`${namespace}/${candidate}`);
  if (isFree(`${name}-${ordinal}`)) return `${name}-${ordinal}`;
  const withKind = `${name}-${kind.toLowerCase()}-${ordinal}`;
  if (isFree(withKind)) return withKind;
  let more = 0;
  while (!isFree(`${withKind}-${more}`)) more++;
  return `${withKind}-${more}`;
}

/** The labels that the controllers of StatefulSets and Jobs add, as far as they are known beforehand. */
function labelsOf({ kind, name: workload }: Workload, name: string, ordinal: number, labels: Labels): Labels {
  if (kind === 'StatefulSet')
    return { ...labels, 'statefulset.kubernetes.io/pod-name': name, 'apps.kubernetes.io/pod-index': String(ordinal) };
  if (kind === 'Job') return { ...labels, 'job-name': workload, 'batch.kubernetes.io/job-name': workload };
  return labels;
}
