import type { Matrix, PageGroup } from './matrix.ts';

/** A row or column of the grid: a group, or one endpoint of it. */
export type Item =
  | { readonly kind: 'group'; readonly key: string; readonly label: string; readonly group: PageGroup; readonly isOpen: boolean }
  | {
      readonly kind: 'endpoint';
      readonly key: string;
      readonly label: string;
      readonly group: PageGroup;
      readonly place: number;
      /** It stands below its group, whose name it need not repeat. */
      readonly isInside: boolean;
      /** Its label begins with its namespace. */
      readonly isNamed: boolean;
    };

/** Beyond this many endpoints a page begins with groups. */
const mostEndpoints = 60;

/** The groups that are open when a page begins. */
export function openAtFirst({ endpoints, groups }: Matrix, by: 'workload' | 'namespace' | undefined): Set<string> {
  if (by === 'namespace') return new Set();
  if (by === 'workload' || endpoints.length <= mostEndpoints) return new Set(groups.map(({ name }) => name));
  return new Set();
}

/** The rows or columns: groups, those that are open with their members below. With a text only the endpoints that have it in their name. */
export function axisOf(matrix: Matrix, open: ReadonlySet<string>, text: string): Item[] {
  const wanted = text.trim().toLowerCase();
  return matrix.groups.flatMap((group): Item[] => {
    if (wanted !== '')
      return group.places
        .filter((place) => matrix.names[place]!.toLowerCase().includes(wanted))
        .map((place) => endpointItem(matrix, place, false));
    if (group.places.length === 1) return [endpointItem(matrix, group.places[0]!, false)];
    const isOpen = open.has(group.name);
    const head: Item = { kind: 'group', key: group.name, label: groupLabel(group), group, isOpen };
    return isOpen ? [head, ...group.places.map((place) => endpointItem(matrix, place, true))] : [head];
  });
}

/** What a group is called on an axis. */
export const groupLabel = ({ name, kind }: PageGroup): string => (kind === 'namespace' ? name.slice(0, -2) : name);

function endpointItem(matrix: Matrix, place: number, isInside: boolean): Item {
  const name = matrix.names[place]!;
  const { namespace, id } = matrix.endpoints[place]!;
  const label = isInside && namespace !== undefined && name.startsWith(`${namespace}/`) ? name.slice(namespace.length + 1) : name;
  return {
    kind: 'endpoint',
    key: id,
    label,
    group: matrix.groupOf[place]!,
    place,
    isInside,
    isNamed: namespace !== undefined && label === name,
  };
}

/** The places of the endpoints that an item stands for. */
export const placesOf = (item: Item): readonly number[] => (item.kind === 'group' ? item.group.places : [item.place]);
