import { type KubernetesObject, type Node, type Pod, qualifiedName } from '../api/types.ts';
import { type Cidr, parseCidr, rangeOf } from '../net/cidr.ts';
import { families, formatIp } from '../net/ip.ts';

/** The pod ranges that are assumed unless the user names others. Source: design.md section 7. */
export const defaultPodCidrs: readonly string[] = ['10.244.0.0/16', 'fd00:10:244::/56'];

/**
 * Gives every pod without addresses one of each family that the pod ranges have, marked as assumed. The order is that of
 * namespaces and names, and addresses that a pod or node has already are passed over, so that the same objects always get the
 * same addresses. A hostNetwork pod has its node's addresses, which are not assumed; where these are not known it gets some like other pods,
 * after all of them. A pod for which no address is left stays without. `podCidrs` are valid CIDRs. A pod that is among `known` with assumed
 * addresses, too, gets these, where nobody else has them.
 */
export function assignAddresses(
  objects: readonly KubernetesObject[],
  podCidrs: readonly string[] = defaultPodCidrs,
  known: readonly KubernetesObject[] = [],
): KubernetesObject[] {
  const pods = objects.filter((object) => object.kind === 'Pod');
  const nodes = objects.filter((object) => object.kind === 'Node');
  const addressesOf = new Map(nodes.map((node) => [node.name, onePerFamily(node)]));
  const taken = new Set([...pods, ...nodes].flatMap(({ addresses }) => addresses));
  const keep = addressesKept(known, taken);
  const free = freeAddresses(podCidrs, taken);
  const assigned = new Map<KubernetesObject, Pod>();
  for (const pod of pods.filter(({ addresses }) => addresses.length === 0).sort(hostsLast)) {
    const ofNode = pod.hostNetwork ? (addressesOf.get(pod.node ?? '') ?? []) : [];
    assigned.set(pod, ofNode.length > 0 ? { ...pod, addresses: ofNode } : { ...pod, addresses: keep(pod) ?? free(), assumedAddress: true });
  }
  return objects.map((object) => assigned.get(object) ?? object);
}

/** The addresses that a pod was given before, as long as nobody has them; all of these are taken from now on. */
function addressesKept(known: readonly KubernetesObject[], taken: Set<string>): (pod: Pod) => readonly string[] | undefined {
  const kept = new Map<string, readonly string[]>();
  for (const object of known) {
    if (object.kind !== 'Pod' || !object.assumedAddress || object.addresses.some((address) => taken.has(address))) continue;
    kept.set(qualifiedName(object), object.addresses);
  }
  for (const addresses of kept.values()) for (const address of addresses) taken.add(address);
  return (pod) => kept.get(qualifiedName(pod));
}

function hostsLast(a: Pod, b: Pod): number {
  if (a.hostNetwork !== b.hostNetwork) return a.hostNetwork ? 1 : -1;
  if (a.namespace !== b.namespace) return a.namespace < b.namespace ? -1 : 1;
  return a.name < b.name ? -1 : 1;
}

/** A node's first address of each family. */
function onePerFamily({ addresses }: Node): string[] {
  const ofFamily = (six: boolean): string[] => addresses.filter((address) => address.includes(':') === six).slice(0, 1);
  return [...ofFamily(false), ...ofFamily(true)];
}

/** Draws one address of each family that is not taken, in ascending order. */
function freeAddresses(podCidrs: readonly string[], taken: ReadonlySet<string>): () => string[] {
  const cidrs = podCidrs.map(cidrOf);
  const streams = families.map((family) =>
    hostsOf(
      cidrs.filter((cidr) => cidr.family === family),
      taken,
    ),
  );
  return () =>
    streams.flatMap((stream) => {
      const next = stream.next();
      return next.done ? [] : [next.value];
    });
}

function cidrOf(text: string): Cidr {
  const written = parseCidr(text);
  if (written === undefined) throw new RangeError(`${text} is no CIDR`);
  return written.cidr;
}

/** The addresses of the blocks that pods may have: neither the network's own nor, in IPv4, its broadcast address. */
function* hostsOf(cidrs: readonly Cidr[], taken: ReadonlySet<string>): Generator<string> {
  for (const cidr of cidrs) {
    const [first, last] = rangeOf(cidr);
    const end = cidr.family === 4 ? last - 1n : last;
    for (let value = first + 1n; value <= end; value++) {
      const address = formatIp({ family: cidr.family, value });
      if (!taken.has(address)) yield address;
    }
  }
}
