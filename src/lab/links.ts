import { createHash } from 'node:crypto';
import { type Node, type Pod, qualifiedName } from '#core/api/types.ts';
import type { Family } from '#core/net/ip.ts';
import type { Topology } from './topology.ts';

/**
 * Commands for `ip -batch`, by the namespace that they are for. Those of one stage may run side by side. `{shop/web}` in a command stands
 * for a path at which that namespace can be opened.
 */
export type Stage = ReadonlyMap<string, readonly string[]>;

/** What has to be done to a network. */
export interface Change {
  /** Namespaces to make, before any command. */
  readonly fresh: readonly string[];
  /** To run in order. */
  readonly stages: readonly Stage[];
  /** Namespaces to close, after all commands. */
  readonly gone: readonly string[];
}

/** The router between nodes and to the world. */
export const wire = 'wire';
/** Where all hosts outside the cluster live. */
export const outside = 'outside';
/** The name of a node's namespace, and of the node as an end of connections. A pod's is `namespace/name`. */
export const nodePlace = (name: string): string => `node:${name}`;

// Every link is point to point and without neighbour discovery: an interface that does no ARP sends to its own hardware address, so both
// ends have the same one. Neighbour tables have one limit for all namespaces of a machine, which bridged pods soon reach.
const hardware = 'address ee:ee:ee:ee:ee:ee';
/** The gateway in every route: nobody's address, for nobody is asked for it. */
const gateways: Readonly<Record<Family, string>> = { 4: '169.254.1.1', 6: 'fe80::1' };

/** Interface names have at most 15 characters. */
const interfaceName = (prefix: string, place: string): string =>
  prefix +
  createHash('sha256')
    .update(place)
    .digest('hex')
    .slice(0, 15 - prefix.length);
/** The node's end of a pod's link. */
const podInterface = (pod: Pod): string => interfaceName('veth', qualifiedName(pod));
/** What the names of all nodes' ends of pods' links have in common, in nft's words. */
export const podInterfaces = 'veth*';

const doomed = 7;

const familyOf = (address: string): Family => (address.includes(':') ? 6 : 4);
const host = (address: string): string => `${address}/${familyOf(address) === 4 ? 32 : 128}`;
const addAddress = (address: string, device: string): string =>
  `address add ${host(address)} dev ${device}${familyOf(address) === 6 ? ' nodad' : ''}`;
const addRoute = (address: string, device: string): string =>
  `route add ${host(address)} via ${gateways[familyOf(address)]} dev ${device} onlink`;
const deleteRoute = (address: string, device: string): string => `route delete ${host(address)} dev ${device}`;
const up = (device: string): string => `link set ${device} up arp off`;
const loopbackUp = 'link set lo up';

/**
 * How to make the network of `after` of that of `before` (undefined: of nothing). `families` are those that the machine knows. A pod or
 * node whose addresses change is made anew.
 */
export function changeBetween(before: Topology | undefined, after: Topology, families: readonly Family[]): Change {
  return new Draft(families).between(before, after);
}

/** The topology without a cluster, from which every network starts. */
const nothing: Pick<Topology, 'nodes' | 'pods' | 'externals'> = { nodes: new Map(), pods: new Map(), externals: [] };

class Draft {
  readonly #families: readonly Family[];
  readonly #fresh: string[] = [];
  readonly #gone: string[] = [];
  /** Interfaces to delete, by namespace. */
  readonly #doomed = new Map<string, string[]>();
  readonly #removals = new Map<string, string[]>();
  readonly #wires = new Map<string, string[]>();
  readonly #hosts = new Map<string, string[]>();
  readonly #pods = new Map<string, string[]>();

  constructor(families: readonly Family[]) {
    this.#families = families;
  }

  between(before: Topology | undefined, after: Topology): Change {
    const old = before ?? nothing;
    if (before === undefined) this.#begin();
    const isNodeKept = (name: string): boolean => sameAddresses(old.nodes.get(name), after.nodes.get(name));
    const isPodKept = (place: string): boolean => {
      const [was, now] = [old.pods.get(place), after.pods.get(place)];
      return was !== undefined && now !== undefined && isNodeKept(was.node!) && isUnmoved(was, now);
    };
    for (const [place, pod] of old.pods) if (!isPodKept(place)) this.#removePod(place, pod, isNodeKept(pod.node!));
    for (const [name, node] of old.nodes) if (!isNodeKept(name)) this.#removeNode(node);
    for (const [name, node] of after.nodes) if (!isNodeKept(name)) this.#addNode(node);
    for (const [place, pod] of after.pods) if (!isPodKept(place)) this.#addPod(place, pod);
    this.#moveExternals(old.externals, after.externals);
    // Together, as a group: one by one each would wait some 20 ms for the kernel.
    for (const [namespace, devices] of this.#doomed) {
      add(this.#removals, namespace, ...devices.map((device) => `link set ${device} group ${doomed}`), `link delete group ${doomed}`);
    }
    const stages = [this.#removals, this.#wires, this.#hosts, this.#pods].filter((stage) => stage.size > 0);
    return { fresh: this.#fresh, stages, gone: this.#gone };
  }

  #begin(): void {
    this.#fresh.push(wire, outside);
    add(this.#wires, wire, loopbackUp, ...this.#link('outside', outside));
    add(this.#hosts, outside, loopbackUp, ...this.#ownEnd([]));
  }

  #addNode(node: Node): void {
    const place = nodePlace(node.name);
    const device = interfaceName('node', node.name);
    this.#fresh.push(place);
    add(this.#wires, wire, ...this.#link(device, place), ...this.#known(node).map((address) => addRoute(address, device)));
    add(this.#hosts, place, loopbackUp, ...this.#ownEnd(this.#known(node)));
  }

  #removeNode(node: Node): void {
    // Its routes go with the link.
    add(this.#doomed, wire, interfaceName('node', node.name));
    this.#gone.push(nodePlace(node.name));
  }

  #addPod(place: string, pod: Pod): void {
    if (pod.hostNetwork) return;
    const device = podInterface(pod);
    const addresses = this.#known(pod);
    this.#fresh.push(place);
    add(this.#wires, wire, ...addresses.map((address) => addRoute(address, interfaceName('node', pod.node!))));
    add(
      this.#hosts,
      nodePlace(pod.node!),
      ...this.#link(device, place),
      ...addresses.map((address) => `route add ${host(address)} dev ${device}`),
    );
    add(this.#pods, place, loopbackUp, ...this.#ownEnd(addresses));
  }

  #removePod(place: string, pod: Pod, isNodeKept: boolean): void {
    if (pod.hostNetwork) return;
    this.#gone.push(place);
    if (!isNodeKept) return;
    add(this.#doomed, nodePlace(pod.node!), podInterface(pod));
    add(this.#removals, wire, ...this.#known(pod).map((address) => deleteRoute(address, interfaceName('node', pod.node!))));
  }

  #moveExternals(before: readonly string[], after: readonly string[]): void {
    const fresh = this.#known({ addresses: after.filter((address) => !before.includes(address)) });
    const gone = this.#known({ addresses: before.filter((address) => !after.includes(address)) });
    add(this.#removals, wire, ...gone.map((address) => deleteRoute(address, 'outside')));
    add(this.#removals, outside, ...gone.map((address) => `address delete ${host(address)} dev lo`));
    add(this.#wires, wire, ...fresh.map((address) => addRoute(address, 'outside')));
    add(this.#hosts, outside, ...fresh.map((address) => addAddress(address, 'lo')));
  }

  /** A link from here to `eth0` of another namespace. */
  #link(device: string, to: string): string[] {
    return [`link add ${device} ${hardware} type veth peer name eth0 ${hardware} netns {${to}}`, up(device)];
  }

  /** The far end of a link: everything that is not here is beyond it. */
  #ownEnd(addresses: readonly string[]): string[] {
    return [
      up('eth0'),
      ...addresses.map((address) => addAddress(address, 'eth0')),
      ...this.#families.map((family) => `route add default via ${gateways[family]} dev eth0 onlink`),
    ];
  }

  #known({ addresses }: { readonly addresses: readonly string[] }): string[] {
    return addresses.filter((address) => this.#families.includes(familyOf(address)));
  }
}

function sameAddresses(
  a: { readonly addresses: readonly string[] } | undefined,
  b: { readonly addresses: readonly string[] } | undefined,
): boolean {
  return a !== undefined && b !== undefined && a.addresses.join() === b.addresses.join();
}

/** Whether the pod is where it was, so that its namespace can stay. */
export const isUnmoved = (a: Pod, b: Pod): boolean => a.node === b.node && a.hostNetwork === b.hostNetwork && sameAddresses(a, b);

function add(stage: Map<string, string[]>, namespace: string, ...commands: string[]): void {
  if (commands.length === 0) return;
  const list = stage.get(namespace);
  if (list === undefined) stage.set(namespace, commands);
  else list.push(...commands);
}
