import { isFinished, type KubernetesObject, type Pod } from '../api/types.ts';
import { defaultPodCidrs } from './assign-addresses.ts';

/**
 * The pods for which no address of some family was left in the pod ranges when `assignAddresses` gave out addresses: without one, policy
 * would not be asked about them.
 */
export function podsLeftOut(objects: readonly KubernetesObject[], podCidrs: readonly string[] = defaultPodCidrs): Pod[] {
  const families = new Set(podCidrs.map((cidr) => cidr.includes(':'))).size;
  return objects.filter((object): object is Pod => object.kind === 'Pod' && object.assumedAddress && object.addresses.length < families);
}

/** An address that two pods have. */
export interface SharedAddress {
  readonly address: string;
  readonly pods: readonly [Pod, Pod];
}

/**
 * The first address that two live pods of the pod network say they have, if there is one. Who of them is meant by it, nobody knows.
 * Source: semantics.md section 2.4: at most one live pod owns an address.
 */
export function sharedAddress(objects: readonly KubernetesObject[]): SharedAddress | undefined {
  const owners = new Map<string, Pod>();
  for (const object of objects) {
    if (object.kind !== 'Pod' || object.hostNetwork || isFinished(object)) continue;
    for (const address of object.addresses) {
      const owner = owners.get(address);
      if (owner !== undefined) return { address, pods: [owner, object] };
      owners.set(address, object);
    }
  }
  return undefined;
}
