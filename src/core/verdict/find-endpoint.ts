import { closest } from '../api/spelling.ts';
import { isFinished, type Pod, type Service, workloadOf } from '../api/types.ts';
import { type Cluster, podsOf } from '../cluster/cluster.ts';
import { potentialId } from '../cluster/potential-pods.ts';
import { type AddressSet, formatRanges } from '../net/address-set.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import { apiServerAt, internetSpace, ownedAddresses } from './address-space.ts';
import { type Endpoint, type EndpointIdentity, type Members, podId, podIdentity, serviceId } from './endpoint.ts';
import { type EndpointName, parseEndpoint } from './endpoint-name.ts';
import { type Backends, backendsOf, behind, nodePortAt, serviceAt, type Way } from './service-backends.ts';
import { isUnanswerable, type Unanswerable } from './unanswerable.ts';

/** Where a connection is to go, for endpoints that are reached through a Service. */
export interface Destination {
  readonly protocol: string;
  readonly port: number;
}

/** The endpoint that a text names, as the source of connections or, with a destination port, as their target. */
export function findEndpoint(cluster: Cluster, model: PolicyModel, text: string, destination?: Destination): Endpoint | Unanswerable {
  const name = parseEndpoint(text);
  if (name === undefined)
    return unknown(
      cluster,
      text,
      'must be namespace/pod, namespace/kind/name, an address, a CIDR, node:NAME, internet, apiserver or namespace/{labels}',
    );
  switch (name.kind) {
    case 'object':
      return findObject(cluster, name, text, destination);
    case 'node':
      return findNode(cluster, name.name, destination);
    case 'address':
      return findAddress(cluster, model, name.address, destination);
    case 'block':
    case 'ranges':
      return findSpace(cluster, model, name);
    case 'potential':
      return findPotential(cluster, potentialId(name.pods));
    case 'fault':
      return { error: `endpoint \`${text}\`: ${name.error}` };
    case 'internet':
      return { identity: { id: 'internet', kind: 'Internet' }, members: spaceOf(cluster, model, internetSpace, false) };
    case 'apiserver':
      return findApiServer(cluster);
  }
}

function findPotential(cluster: Cluster, id: string): Endpoint | Unanswerable {
  for (const pod of podsOf(cluster))
    if (pod.potential === id) return { identity: podIdentity(pod), members: { kind: 'pods', pods: [pod] } };
  return { error: `no pod can ever be \`${id}\`: its requirements contradict each other, or the labels of the namespace` };
}

function findObject(
  cluster: Cluster,
  { namespace, name, objectKind }: EndpointName & { kind: 'object' },
  text: string,
  destination: Destination | undefined,
): Endpoint | Unanswerable {
  const content = cluster.namespaces.get(namespace);
  if (content === undefined) return unknown(cluster, text, `there is no namespace ${namespace}`);
  const pod = content.pods.get(name);
  if (pod !== undefined && (objectKind === undefined || objectKind === 'pod')) {
    return { identity: podIdentity(pod), members: { kind: 'pods', pods: [pod] } };
  }
  if (objectKind === 'service') {
    const service = content.services.get(name);
    return service === undefined ? unknown(cluster, text) : findService(cluster, service, 'name', destination);
  }
  return findWorkload(cluster, [...content.pods.values()], { namespace, name, objectKind }, text);
}

function findWorkload(
  cluster: Cluster,
  pods: readonly Pod[],
  { namespace, name, objectKind }: { namespace: string; name: string; objectKind: string | undefined },
  text: string,
): Endpoint | Unanswerable {
  const owned = pods.filter((pod) => {
    const owner = workloadOf(pod);
    return owner?.name === name && (objectKind === undefined || owner.kind.toLowerCase() === objectKind);
  });
  const kinds = [...new Set(owned.map((pod) => workloadOf(pod)!.kind))].sort();
  const [kind, ...others] = kinds;
  if (kind === undefined) return unknown(cluster, text);
  if (others.length > 0) {
    const ids = kinds.map((each) => `${namespace}/${each}/${name}`).join(' or ');
    return { error: `endpoint \`${text}\` is ambiguous: say ${ids}` };
  }
  const live = owned.filter((pod) => !isFinished(pod));
  return {
    identity: { id: `${namespace}/${kind}/${name}`, kind: 'Workload', namespace, name, workloadKind: kind },
    members: { kind: 'pods', pods: live.length > 0 ? live : owned },
  };
}

function findService(
  cluster: Cluster,
  service: Service,
  kind: Way['kind'],
  destination: Destination | undefined,
  ip?: string,
): Endpoint | Unanswerable {
  const { namespace, name } = service;
  if (destination === undefined) return { error: `a Service opens no connections: Service ${namespace}/${name} can only be a destination` };
  const backends = backendsOf(cluster, service, destination.protocol, destination.port, kind);
  if (isUnanswerable(backends)) return backends;
  return {
    identity: { id: serviceId(service), kind: 'Service', namespace, name, ...(ip !== undefined && { ip }) },
    members: { kind: 'backends', backends },
  };
}

/** A node; where the destination port is a node port, those behind the Service that it leads to. */
function findNode(cluster: Cluster, name: string, destination: Destination | undefined, ip?: string): Endpoint | Unanswerable {
  const node = cluster.nodes.get(name);
  if (node === undefined) return unknown(cluster, `node:${name}`);
  const identity: EndpointIdentity = { id: `node:${name}`, kind: 'Node', name, ...(ip !== undefined && { ip }) };
  const way = destination && nodePortAt(cluster, node, destination.protocol, destination.port);
  if (way === undefined) return { identity, members: { kind: 'addresses', addresses: ip === undefined ? node.addresses : [ip] } };
  const backends: Backends | Unanswerable = behind(cluster, way);
  return isUnanswerable(backends) ? backends : { identity, members: { kind: 'backends', backends } };
}

function findApiServer(cluster: Cluster): Endpoint | Unanswerable {
  const found = apiServerAt(cluster);
  if (isUnanswerable(found)) return found;
  const { addresses, node } = found;
  return {
    identity: { id: 'apiserver', kind: 'Node', ...(node !== undefined && { name: node }) },
    members: { kind: 'addresses', addresses },
  };
}

/** An address is whoever has it: a Service, where one can be reached; a pod; a node; or nobody in the cluster. */
function findAddress(cluster: Cluster, model: PolicyModel, address: string, destination: Destination | undefined): Endpoint | Unanswerable {
  const found = destination && serviceAt(cluster, address);
  if (found !== undefined) return findService(cluster, found.service, found.kind, destination, address);
  const owner = model.ownerOf(address);
  if (owner.kind === 'Node') return findNode(cluster, owner.node.name, destination, address);
  const members = { kind: 'addresses' as const, addresses: [address] };
  if (owner.kind === 'Pod') return { identity: { ...podIdentity(owner.pod), ip: address }, members };
  return { identity: { id: address, kind: 'External', ip: address }, members };
}

/** A block or ranges of addresses: a block means whoever has an address in it, too, ranges only the addresses that nobody has. */
function findSpace(cluster: Cluster, model: PolicyModel, name: EndpointName & { kind: 'block' | 'ranges' }): Endpoint {
  const members = spaceOf(cluster, model, name.addresses, name.kind === 'block');
  const ranges = formatRanges(name.addresses);
  return { identity: { id: ranges.join(','), kind: 'External', ranges }, members };
}

const spaceOf = (cluster: Cluster, model: PolicyModel, addresses: AddressSet, isWhole: boolean): Members & { kind: 'space' } => ({
  kind: 'space',
  addresses,
  owned: ownedAddresses(cluster, model, addresses),
  isWhole,
});

/** That there is no such endpoint, with the nearest one that there is. */
function unknown(cluster: Cluster, text: string, reason?: string): Unanswerable {
  const suggestion = closest(text, namesLike(cluster, text));
  const because = reason === undefined ? '' : `: ${reason}`;
  return { error: `unknown endpoint \`${text}\`${because}${suggestion === undefined ? '' : `; did you mean ${suggestion}?`}` };
}

/** The names of endpoints, written the way the text is: with a kind or without, or as bare names. */
function namesLike(cluster: Cluster, text: string): string[] {
  const names = new Set<string>(['internet', 'apiserver']);
  for (const name of cluster.nodes.keys()) names.add(`node:${name}`);
  const isLong = text.split('/').length === 3;
  for (const pod of podsOf(cluster)) {
    const owner = workloadOf(pod);
    names.add(isLong ? podId(pod) : `${pod.namespace}/${pod.name}`);
    if (owner !== undefined) names.add(`${pod.namespace}/${isLong ? `${owner.kind}/` : ''}${owner.name}`);
  }
  for (const [namespace, { services }] of cluster.namespaces)
    for (const name of services.keys()) if (isLong) names.add(`${namespace}/Service/${name}`);
  return [...names];
}
