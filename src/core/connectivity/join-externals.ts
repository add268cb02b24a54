import { formatRanges, uniteAllAddresses } from '../net/address-set.ts';
import { rangesAddresses } from '../verdict/endpoint-name.ts';
import type { Difference, DifferenceEndpoint } from './difference.ts';

/** Makes one endpoint of external addresses to which the same happens: what else tells them apart is beside the point of a difference. */
export function joinExternals(difference: Difference): Difference {
  if (!difference.endpoints.some(isExternal)) return difference;
  const happenings = happeningsOf(difference);
  const groups = new Map<string, DifferenceEndpoint[]>();
  for (const endpoint of difference.endpoints) {
    const key = isExternal(endpoint) ? happenings.get(endpoint.id)!.join('\n') : endpoint.id;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [endpoint]);
    else group.push(endpoint);
  }
  if (groups.size === difference.endpoints.length) return difference;
  const names = new Map<string, string | undefined>();
  const endpoints = Array.from(groups.values(), (group) => {
    const joined = join(group);
    for (const [index, { id }] of group.entries()) names.set(id, index === 0 ? joined.id : undefined);
    return joined;
  });
  return {
    ...difference,
    endpoints,
    added: renamed(difference.added, names),
    removed: renamed(difference.removed, names),
    changed: renamed(difference.changed, names),
  };
}

const isExternal = ({ kind }: DifferenceEndpoint): boolean => kind === 'External';

/** For each external endpoint all that happens to it, as texts in which it has no name of its own. */
function happeningsOf({ endpoints, added, removed, changed }: Difference): Map<string, string[]> {
  const happenings = new Map<string, string[]>(endpoints.filter(isExternal).map(({ id }) => [id, []]));
  for (const [kind, list] of Object.entries({ added, removed, changed }))
    for (const { witness: _, ...each } of list) {
      happenings.get(each.from)?.push(JSON.stringify({ ...each, kind, from: '' }));
      happenings.get(each.to)?.push(JSON.stringify({ ...each, kind, to: '' }));
    }
  return happenings;
}

function join([first, ...others]: readonly DifferenceEndpoint[]): DifferenceEndpoint {
  if (others.length === 0) return first!;
  const addresses = uniteAllAddresses([first!, ...others].map(({ ranges = [] }) => rangesAddresses(ranges)));
  const ranges = formatRanges(addresses);
  return { ...first!, id: ranges.join(), ranges };
}

/** The answers of those that keep a name, under their new names. */
function renamed<T extends { readonly from: string; readonly to: string }>(
  answers: readonly T[],
  names: ReadonlyMap<string, string | undefined>,
): T[] {
  return answers.flatMap((answer) => {
    const [from, to] = [names.get(answer.from), names.get(answer.to)];
    return from === undefined || to === undefined ? [] : [{ ...answer, from, to }];
  });
}
