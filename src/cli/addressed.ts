import { type KubernetesObject, qualifiedName } from '#core/api/types.ts';
import { podsLeftOut, sharedAddress } from '#core/cluster/address-faults.ts';
import { assignAddresses } from '#core/cluster/assign-addresses.ts';
import { formatSource } from '#core/render/diagnostics.ts';
import { count } from '#core/render/text.ts';
import { CannotAnswer } from './exit.ts';

/** The objects with addresses for pods without. Where the ranges have too few of them there is no answer: it would leave pods out. */
export function addressed(
  objects: readonly KubernetesObject[],
  podCidr: readonly string[] | undefined,
  known: readonly KubernetesObject[] = [],
): KubernetesObject[] {
  const placed = assignAddresses(objects, podCidr, known);
  const [first, ...others] = podsLeftOut(placed, podCidr);
  if (first === undefined) return placed;
  const more = others.length === 0 ? '' : ` and for ${count(others.length, 'other pod')}`;
  const ranges = podCidr === undefined ? 'the ranges that are assumed for pods' : `--pod-cidr ${podCidr.join(',')}`;
  throw new CannotAnswer(
    `${ranges}: no address is left for ${qualifiedName(first)}${more}`,
    '--pod-cidr names larger ranges, one of each family',
  );
}

/** Ends a command that would not know whom an address belongs to. */
export function refuseSharedAddress(objects: readonly KubernetesObject[]): void {
  const shared = sharedAddressIn(objects);
  if (shared !== undefined) throw new CannotAnswer(shared);
}

/** Where two live pods have one address, what is said of that address: which of them it belongs to, nobody knows. */
export function sharedAddressIn(objects: readonly KubernetesObject[]): string | undefined {
  const shared = sharedAddress(objects);
  if (shared === undefined) return undefined;
  const names = shared.pods.map((pod) => `${qualifiedName(pod)}${pod.source === undefined ? '' : ` (${formatSource(pod.source)})`}`);
  return `${names.join(' and ')} both have the address ${shared.address}, and an address belongs to one pod`;
}
