import { isFinished, type Node, type Pod, type Service, type ServicePort } from '../api/types.ts';
import type { Cluster, NamespaceContent } from '../cluster/cluster.ts';
import { equalLabels, matches } from '../label/selector.ts';
import { protocols } from '../net/protocol.ts';
import type { Unanswerable } from './unanswerable.ts';

/** Somebody behind a Service: a pod that its selector selects, or an address that a slice names. */
export type Backend = Pod | string;

/** How a connection comes to a Service: what is asked for, before anything is translated. */
export interface Way {
  /** By the Service's name, its cluster address, a port of a node, or an address that leads to the nodes from outside. */
  readonly kind: 'name' | 'cluster-ip' | 'node-port' | 'load-balancer' | 'external-ip';
  readonly service: Service;
  readonly port: ServicePort;
  /** The node whose port is asked for. */
  readonly entry?: Node;
}

/** A port of a Service with everybody who is behind it, each with the port that it is reached at. */
export interface Backends {
  readonly way: Way;
  readonly targets: ReadonlyMap<Backend, number>;
}

const called = ({ namespace, name }: Service): string => `Service ${namespace}/${name}`;

/** Where a port of a Service leads when it is asked for by its name or by the cluster address. */
export function backendsOf(cluster: Cluster, service: Service, protocol: string, port: number, kind: Way['kind']): Backends | Unanswerable {
  if (service.type === 'ExternalName')
    return { error: `${called(service)} is a name for the host ${service.externalName}: give the address of that host` };
  const listed = service.ports.find((each) => each.port === port && each.protocol === protocol);
  if (listed !== undefined) return behind(cluster, { kind, service, port: listed });
  // Who asks a headless Service for a name is told the pods' own addresses: any port of theirs will do.
  const direct = service.headless && service.selector !== undefined ? protocols.find((each) => each === protocol) : undefined;
  if (direct !== undefined) return behind(cluster, { kind, service, port: { protocol: direct, port, targetPort: port } });
  const known = service.ports.map((each) => `${each.protocol}/${each.port}`).join(', ');
  return { error: `${called(service)} has no port ${protocol}/${port}: it has ${known || 'none'}` };
}

/** The pods that answer at a port of a Service, with the ports that they are reached at. */
export function podsBehind(cluster: Cluster, service: Service, port: ServicePort): (readonly [Pod, number])[] {
  const backends = behind(cluster, { kind: 'name', service, port });
  if ('error' in backends) return [];
  return [...backends.targets].flatMap(([backend, target]) => (typeof backend === 'string' ? [] : [[backend, target] as const]));
}

/** Everybody at the end of a way. Whether an endpoint is ready is not asked of pods: it changes, and policy does not know of it. */
export function behind(cluster: Cluster, way: Way): Backends | Unanswerable {
  const { service, port } = way;
  const content = cluster.namespaces.get(service.namespace);
  const selected = service.selector === undefined ? undefined : podsOf(content, service.selector);
  const targets = selected === undefined ? addressesOf(content, way) : portsAt(selected, port);
  if (targets.size > 0) return { way, targets };
  if (selected === undefined)
    return { error: `${called(service)} has no selector, and no EndpointSlice says who is behind its port ${port.protocol}/${port.port}` };
  if (selected.length === 0) return { error: `${called(service)} selects no pod` };
  return { error: `${called(service)} leads to port ${port.targetPort}, which none of its pods declares` };
}

function podsOf(content: NamespaceContent | undefined, labels: Readonly<Record<string, string>>): Pod[] {
  const wanted = equalLabels(labels);
  return [...(content?.pods.values() ?? [])].filter((pod) => !isFinished(pod) && matches(wanted, pod.labels));
}

function portsAt(pods: readonly Pod[], port: ServicePort): Map<Backend, number> {
  const targets = new Map<Backend, number>();
  for (const pod of pods) {
    const target = targetPort(pod, port);
    if (target !== undefined) targets.set(pod, target);
  }
  return targets;
}

/** A name means the first port of that name and protocol. Source: FindPort in k8s.io/kubernetes/pkg/api/v1/pod. */
function targetPort(pod: Pod, { targetPort, protocol }: ServicePort): number | undefined {
  if (typeof targetPort === 'number') return targetPort;
  return pod.ports.find((port) => port.name === targetPort && port.protocol === protocol)?.port;
}

/** The ports of a slice go by the names of the Service's. Source: EndpointPort in discovery/v1. */
function addressesOf(content: NamespaceContent | undefined, { service, port }: Way): Map<Backend, number> {
  const targets = new Map<Backend, number>();
  for (const slice of content?.endpointSlices.values() ?? []) {
    if (slice.service !== service.name) continue;
    const listed = slice.ports.find(({ name, protocol }) => name === (port.name ?? '') && protocol === port.protocol);
    if (listed !== undefined) for (const address of slice.addresses) targets.set(address, listed.port);
  }
  return targets;
}

/** The Service that is reached at the address from inside the cluster, and how. */
export function serviceAt(cluster: Cluster, address: string): { readonly service: Service; readonly kind: Way['kind'] } | undefined {
  for (const { services } of cluster.namespaces.values())
    for (const service of services.values()) {
      if (service.clusterIps.includes(address)) return { service, kind: 'cluster-ip' };
      if (service.loadBalancerIps.includes(address)) return { service, kind: 'load-balancer' };
      if (service.externalIps.includes(address)) return { service, kind: 'external-ip' };
    }
  return undefined;
}

/** The way that a port of a node leads into, if it is a node port. */
export function nodePortAt(cluster: Cluster, entry: Node, protocol: string, port: number): Way | undefined {
  for (const { services } of cluster.namespaces.values())
    for (const service of services.values()) {
      if (service.type !== 'NodePort' && service.type !== 'LoadBalancer') continue;
      const listed = service.ports.find((each) => each.nodePort === port && each.protocol === protocol);
      if (listed !== undefined) return { kind: 'node-port', service, port: listed, entry };
    }
  return undefined;
}
