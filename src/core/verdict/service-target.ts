import type { Pod, Service } from '../api/types.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { matches, selector } from '../label/selector.ts';
import { isFinished } from './address-space.ts';
import type { Unanswerable } from './endpoint.ts';

/**
 * The pods that a Service leads to, with the port that each is reached at. A headless Service has the same endpoints; its clients read
 * their ports from DNS instead of having them translated.
 */
export function targetsOf(cluster: Cluster, service: Service, protocol: string, port: number): ReadonlyMap<Pod, number> | Unanswerable {
  const called = `Service ${service.namespace}/${service.name}`;
  if (service.type === 'ExternalName') return { error: `${called} is a name for a host outside: give the address of that host` };
  if (service.selector === undefined) return { error: `${called} has no selector, so its endpoints are not known: give their addresses` };
  const listed = service.ports.find((each) => each.port === port && each.protocol === protocol);
  if (listed === undefined) {
    const known = service.ports.map((each) => `${each.protocol}/${each.port}`).join(', ');
    return { error: `${called} has no port ${protocol}/${port}: it has ${known || 'none'}` };
  }
  const wanted = selector(Object.entries(service.selector).map(([key, value]) => ({ key, operator: 'In', values: [value] })));
  const pods = [...(cluster.namespaces.get(service.namespace)?.pods.values() ?? [])].filter(
    (pod) => !isFinished(pod) && matches(wanted, pod.labels),
  );
  const targets = new Map<Pod, number>();
  for (const pod of pods) {
    const target = targetPort(pod, listed);
    if (target !== undefined) targets.set(pod, target);
  }
  if (targets.size > 0) return targets;
  const reason = pods.length === 0 ? 'selects no pod' : `leads to port ${listed.targetPort}, which none of its pods declares`;
  return { error: `${called} ${reason}` };
}

/** A name means the first port of that name and protocol. Source: FindPort in k8s.io/kubernetes/pkg/api/v1/pod. */
function targetPort(pod: Pod, { targetPort, protocol }: Service['ports'][number]): number | undefined {
  if (typeof targetPort === 'number') return targetPort;
  return pod.ports.find((port) => port.name === targetPort && port.protocol === protocol)?.port;
}

/** The Service that has the cluster address, if one has. */
export function serviceAt(cluster: Cluster, address: string): Service | undefined {
  for (const { services } of cluster.namespaces.values())
    for (const service of services.values()) if (service.clusterIps.includes(address)) return service;
  return undefined;
}
