import { type Diagnostic, sourceText } from '../api/diagnostic.ts';
import { isFinished, type KubernetesObject, kindAndName, type Pod } from '../api/types.ts';
import { defaultPodCidrs } from './assign-addresses.ts';

/**
 * That no address of some family was left in the pod ranges when `assignAddresses` gave out addresses: about a pod without one policy would not
 * be asked. One fault for all such pods.
 */
export function addressesMissing(objects: readonly KubernetesObject[], podCidrs: readonly string[] = defaultPodCidrs): Diagnostic[] {
  const families = new Set(podCidrs.map((cidr) => cidr.includes(':'))).size;
  const isLeftOut = (object: KubernetesObject): object is Pod =>
    object.kind === 'Pod' && object.assumedAddress && object.addresses.length < families;
  const [first, ...others] = objects.filter(isLeftOut);
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  const message = `no address is left in the ranges for pods for ${kindAndName(first)}${more}`;
  return [{ code: 'limit', severity: 'error', message, object: kindAndName(first), ...(first.source && { source: first.source }) }];
}

/**
 * Live pods of the pod network that say they have an address that another has. Who of them is meant by it, nobody knows.
 * Source: semantics.md section 2.4: at most one live pod owns an address.
 */
export function duplicateAddresses(objects: readonly KubernetesObject[]): Diagnostic[] {
  const owners = new Map<string, Pod>();
  const faults: Diagnostic[] = [];
  for (const object of objects) {
    if (object.kind !== 'Pod' || object.hostNetwork || isFinished(object)) continue;
    for (const address of object.addresses) {
      const owner = owners.get(address);
      if (owner !== undefined) faults.push(duplicateAddress(address, owner, object));
      owners.set(address, object);
    }
  }
  return faults;
}

function duplicateAddress(address: string, first: Pod, second: Pod): Diagnostic {
  const at = first.source && ` at ${sourceText(first.source)}`;
  return {
    code: 'duplicate-address',
    severity: 'error',
    message: `${kindAndName(second)} has the address ${address} of ${kindAndName(first)}${at ?? ''}, and an address belongs to one pod`,
    object: kindAndName(second),
    ...(second.source && { source: second.source }),
  };
}
