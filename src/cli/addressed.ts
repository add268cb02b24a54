import { type KubernetesObject, qualifiedName } from '#core/api/types.ts';
import { podsLeftOut } from '#core/cluster/address-faults.ts';
import { assignAddresses } from '#core/cluster/assign-addresses.ts';
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
