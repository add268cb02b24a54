import { type KubernetesObject, type Node, type Pod, qualifiedName, type Service } from '#core/api/types.ts';
import { type Cluster, clusterOf } from '#core/cluster/cluster.ts';
import { canonicalIp } from '#core/net/ip.ts';
import { AddressIndex } from '#core/policy/address-index.ts';
import { freshNodeAddresses, unusableReason } from './addresses.ts';
import { giveClusterIps } from './cluster-ips.ts';

/** Why an object of the input has no place in the lab, or only a part of it has. */
export interface Problem {
  /** The object, `Pod shop/web`, or `external 203.0.113.10`. */
  readonly object: string;
  readonly message: string;
}

/** What a lab holds, and where: a pure function of the input. All maps are ordered by key. */
export interface Topology {
  /** The input as placed: every live pod has a node, every node and Service its addresses. This is what agents and judges are to be given. */
  readonly cluster: Cluster;
  /** By name. */
  readonly nodes: ReadonlyMap<string, Node>;
  /** The live pods that have a place, by `namespace/name`. */
  readonly pods: ReadonlyMap<string, Pod>;
  /** Canonical addresses of hosts outside the cluster. */
  readonly externals: readonly string[];
  readonly problems: readonly Problem[];
}

/** What is in a lab beside the cluster. */
export interface TopologyOptions {
  /** Addresses of hosts outside. */
  readonly externals?: readonly string[];
}

/** The host outside that every lab has. Source: RFC 5737 and RFC 3849, addresses for documentation. */
const defaultExternals: readonly string[] = ['203.0.113.10', '2001:db8::10'];

/**
 * Places the objects. Pods without a node go to the node with the fewest pods, in order of name, and stay where `before` has them;
 * without any node there are two, `node-1` and `node-2`.
 */
export function topologyOf(objects: readonly KubernetesObject[], options: TopologyOptions = {}, before?: Topology): Topology {
  const problems: Problem[] = [];
  const livePods = sorted(objects.filter((object): object is Pod => object.kind === 'Pod' && isLive(object)));
  const nodes = placeNodes(objects, livePods, problems, before);
  const spread = spreadPods(livePods, nodes, before).map((pod) => (pod.hostNetwork ? withNodeAddresses(pod, nodes, problems) : pod));
  const index = new AddressIndex(() => {});
  const nodeOf = new Map([...nodes.values()].flatMap((node) => node.addresses.map((address) => [address, node])));
  for (const pod of spread) if (!pod.hostNetwork) for (const address of pod.addresses) index.claim(address, pod);
  const pods = new Map(spread.flatMap((pod) => placePod(pod, index, nodeOf, problems)).map((pod) => [qualifiedName(pod), pod]));
  const services = giveClusterIps(sorted(objects.filter((object): object is Service => object.kind === 'Service')), (service, message) =>
    problems.push({ object: `Service ${qualifiedName(service)}`, message }),
  );
  const serviceOf = new Map(services.flatMap((service) => service.clusterIps.map((address) => [address, service])));
  const cluster = clusterOf([...objects, ...nodes.values(), ...spread, ...services]);
  const ownerOf = (address: string): Named | undefined => index.ownerOf(address) ?? nodeOf.get(address) ?? serviceOf.get(address);
  return { cluster, nodes, pods, externals: placeExternals(options.externals ?? [], ownerOf, problems), problems };
}

interface Named {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/** Whether the pod's network exists: it has not finished. Source: semantics.md section 7. */
const isLive = ({ phase }: Pod): boolean => phase !== 'Succeeded' && phase !== 'Failed';

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** In order of namespace and name; of two with the same identity the later one counts. */
function sorted<T extends { readonly name: string; readonly namespace?: string }>(objects: readonly T[]): T[] {
  const byName = new Map(objects.map((object) => [qualifiedName(object), object]));
  return [...byName.values()].sort((a, b) => compare(a.namespace ?? '', b.namespace ?? '') || compare(a.name, b.name));
}

/** The nodes of the input, those that pods name, or two; each with an address that is nobody else's. */
function placeNodes(
  objects: readonly KubernetesObject[],
  pods: readonly Pod[],
  problems: Problem[],
  before: Topology | undefined,
): Map<string, Node> {
  const given = new Map(objects.filter((object): object is Node => object.kind === 'Node').map((node) => [node.name, node]));
  const names = [...new Set([...given.keys(), ...pods.flatMap(({ node }) => node ?? [])])].sort(compare);
  if (names.length === 0) names.push('node-1', 'node-2');
  const taken = new Set<string>();
  const usable = new Map(
    names.map((name) => {
      const wanted = given.get(name)?.addresses ?? [];
      const addresses = usableAddresses(`Node ${name}`, wanted.length > 0 ? wanted : (before?.nodes.get(name)?.addresses ?? []), problems);
      const own = addresses.filter((address) => !taken.has(address));
      if (own.length < addresses.length) problems.push({ object: `Node ${name}`, message: 'it shares an address with another node' });
      for (const address of own) taken.add(address);
      return [name, own];
    }),
  );
  const fresh = freshNodeAddresses(
    pods.flatMap((pod) => pod.addresses),
    taken,
  );
  return new Map(
    names.map((name) => {
      const node = given.get(name) ?? { kind: 'Node', name, labels: { 'kubernetes.io/hostname': name }, addresses: [], podCidrs: [] };
      const addresses = usable.get(name)!;
      return [name, { ...node, addresses: addresses.length > 0 ? addresses : fresh() }];
    }),
  );
}

function spreadPods(pods: readonly Pod[], nodes: ReadonlyMap<string, Node>, before: Topology | undefined): Pod[] {
  const load = new Map([...nodes.keys()].map((name) => [name, 0]));
  const count = (node: string): void => void load.set(node, (load.get(node) ?? 0) + 1);
  const known = pods.map((pod) => pod.node ?? keptNode(pod, nodes, before));
  for (const node of known) if (node !== undefined) count(node);
  return pods.map((pod, position) => {
    let node = known[position];
    if (node === undefined) {
      node = nodeOfAddress(pod, nodes) ?? [...load].reduce((least, entry) => (entry[1] < least[1] ? entry : least))[0];
      count(node);
    }
    return { ...pod, node };
  });
}

/** Where the pod was, so that adding a pod moves no other. */
function keptNode(pod: Pod, nodes: ReadonlyMap<string, Node>, before: Topology | undefined): string | undefined {
  const node = before?.pods.get(qualifiedName(pod))?.node;
  return node !== undefined && nodes.has(node) ? node : undefined;
}

/** The node whose addresses a hostNetwork pod has. */
function nodeOfAddress(pod: Pod, nodes: ReadonlyMap<string, Node>): string | undefined {
  if (!pod.hostNetwork) return undefined;
  return [...nodes.values()].find(({ addresses }) => addresses.some((address) => pod.addresses.includes(address)))?.name;
}

/** A hostNetwork pod has its node's addresses, the first of each family. */
function withNodeAddresses(pod: Pod, nodes: ReadonlyMap<string, Node>, problems: Problem[]): Pod {
  const ofNode = nodes.get(pod.node!)!.addresses;
  const strange = pod.assumedAddress ? undefined : pod.addresses.find((address) => !ofNode.includes(address));
  if (strange !== undefined) problems.push({ object: objectOf(pod), message: `${strange} is no address of its node ${pod.node}` });
  const own = pod.addresses.filter((address) => ofNode.includes(address));
  const firsts = [ofNode.find((address) => !address.includes(':')), ofNode.find((address) => address.includes(':'))];
  const addresses = own.length > 0 ? own : firsts.filter((address) => address !== undefined);
  return { ...pod, addresses, assumedAddress: false };
}

const objectOf = (pod: Pod): string => `Pod ${qualifiedName(pod)}`;

/** The pod with the addresses that it can have, or nothing when none is left. */
function placePod(pod: Pod, index: AddressIndex, nodeOf: ReadonlyMap<string, Node>, problems: Problem[]): Pod[] {
  if (pod.hostNetwork) return [pod];
  if (pod.addresses.length === 0) problems.push({ object: objectOf(pod), message: 'it has no address' });
  const addresses = usableAddresses(objectOf(pod), pod.addresses, problems).filter((address) => {
    const owner = nodeOf.get(address) ?? index.ownerOf(address)!;
    if (owner !== pod)
      problems.push({ object: objectOf(pod), message: `${address} is the address of ${owner.kind} ${qualifiedName(owner)} too` });
    return owner === pod;
  });
  return addresses.length === 0 ? [] : [addresses.length === pod.addresses.length ? pod : { ...pod, addresses }];
}

function usableAddresses(object: string, addresses: readonly string[], problems: Problem[]): string[] {
  return addresses.filter((address) => {
    const reason = unusableReason(address);
    if (reason !== undefined) problems.push({ object, message: `${address} cannot be an address in the lab: ${reason}` });
    return reason === undefined;
  });
}

/** The hosts outside that are asked for and the default ones, less those that are somebody's already. */
function placeExternals(asked: readonly string[], ownerOf: (address: string) => Named | undefined, problems: Problem[]): string[] {
  const canonical = asked.map((address) => canonicalIp(address) ?? address);
  const kept = canonical.filter((address) => {
    const owner = ownerOf(address);
    const isUsable = usableAddresses(`external ${address}`, [address], problems).length > 0;
    if (owner !== undefined)
      problems.push({ object: `external ${address}`, message: `it is the address of ${owner.kind} ${qualifiedName(owner)}` });
    return isUsable && owner === undefined;
  });
  return [...new Set([...kept, ...defaultExternals.filter((address) => ownerOf(address) === undefined)])].sort(compare);
}
