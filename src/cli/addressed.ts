import type { KubernetesObject } from '#core/api/types.ts';
import { addressesMissing } from '#core/cluster/address-faults.ts';
import { assignAddresses } from '#core/cluster/assign-addresses.ts';
import { CannotAnswer } from './exit.ts';

/** The objects with addresses for pods without. Where the ranges have too few of them there is no answer: it would leave pods out. */
export function addressed(
  objects: readonly KubernetesObject[],
  podCidr: readonly string[] | undefined,
  known: readonly KubernetesObject[] = [],
): KubernetesObject[] {
  const placed = assignAddresses(objects, podCidr, known);
  const [missing] = addressesMissing(placed, podCidr);
  if (missing === undefined) return placed;
  const given = podCidr === undefined ? '' : `--pod-cidr ${podCidr.join(',')}: `;
  throw new CannotAnswer(`${given}${missing.message}`, '--pod-cidr names larger ranges, one of each family');
}
