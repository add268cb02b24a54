import { type Cluster, podsOf } from '../cluster/cluster.ts';
import { type AddressSet, addressesOf, allAddresses, hasAddress, subtractAddresses } from '../net/address-set.ts';
import { parseCidr } from '../net/cidr.ts';
import { type Ip, parseIp } from '../net/ip.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import type { Unanswerable } from './unanswerable.ts';

const blocks = (...texts: string[]): AddressSet => addressesOf(texts.map((text) => parseCidr(text)!.cidr));

/**
 * What `internet` means: of IPv4 every address that is not set apart by the IANA special-purpose registry (private and shared
 * space, loopback, link-local, documentation, benchmarking, multicast, reserved), of IPv6 the global unicast space 2000::/3 without
 * documentation. Addresses that pods and nodes have are none of it wherever they lie. Source: RFC 6890 and its registries.
 */
export const internetSpace: AddressSet = subtractAddresses(
  { 4: allAddresses[4], 6: blocks('2000::/3')[6] },
  blocks(
    ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24'],
    ...['192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
    ...['2001:db8::/32', '3fff::/20'],
  ),
);

/** The addresses in the space that a pod or a node has. */
export function ownedAddresses(cluster: Cluster, model: PolicyModel, space: AddressSet): string[] {
  const inside = [...addressesIn(cluster)].filter(([, ip]) => hasAddress(space, ip));
  return inside.flatMap(([address]) => (model.ownerOf(address).kind === 'External' ? [] : [address]));
}

/** The addresses that pods and nodes say they have, read once for a cluster. */
function addressesIn(cluster: Cluster): ReadonlyMap<string, Ip> {
  let addresses = known.get(cluster);
  if (addresses === undefined) {
    const texts = [...podsOf(cluster), ...cluster.nodes.values()].flatMap((each) => each.addresses);
    addresses = new Map(texts.map((text) => [text, parseIp(text)!]));
    known.set(cluster, addresses);
  }
  return addresses;
}

const known = new WeakMap<Cluster, ReadonlyMap<string, Ip>>();

const controlPlaneLabel = 'node-role.kubernetes.io/control-plane';

/**
 * The addresses of the API server: those behind its Service `default/kubernetes`, else those of the nodes that are labelled as control
 * plane. With the name of the node, if it is one.
 */
export function apiServerAt({
  namespaces,
  nodes,
}: Cluster): { readonly addresses: readonly string[]; readonly node?: string } | Unanswerable {
  const slices = [...(namespaces.get('default')?.endpointSlices.values() ?? [])].filter(({ service }) => service === 'kubernetes');
  const addresses = slices.flatMap((slice) => slice.addresses);
  if (addresses.length > 0) return { addresses };
  const labelled = [...nodes.values()].filter(({ labels }) => Object.hasOwn(labels, controlPlaneLabel));
  if (labelled.some((node) => node.addresses.length > 0))
    return { addresses: labelled.flatMap((node) => node.addresses), ...(labelled.length === 1 && { node: labelled[0]!.name }) };
  return {
    error: `endpoint \`apiserver\` is not known: no EndpointSlice of Service default/kubernetes is there, and no Node with an address is labelled ${controlPlaneLabel}; give the address of the API server`,
  };
}
