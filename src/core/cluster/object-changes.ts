import type { Source } from '../api/diagnostic.ts';
import { kindAndName, type ObjectId } from '../api/types.ts';
import { type Cluster, differenceOf, findObject, idOf } from './cluster.ts';

/** What became of one object between two snapshots. */
export interface ObjectChange {
  readonly change: 'added' | 'removed' | 'edited';
  readonly object: ObjectId;
  /** Where it stands: in the new snapshot, or the old one of an object that is gone. */
  readonly source?: Source;
}

/** The objects that do not say the same in both snapshots; where they stand and how often they were written is no matter. By kind and name. */
export function objectChanges(before: Cluster, after: Cluster): ObjectChange[] {
  const changes = differenceOf(before, after).flatMap((change): ObjectChange[] => {
    const id = change.type === 'put' ? idOf(change.object) : change.id;
    const [old, now] = [findObject(before, id), findObject(after, id)];
    if (saysTheSame(old, now)) return [];
    const { source } = (now ?? old)!;
    return [{ change: old === undefined ? 'added' : now === undefined ? 'removed' : 'edited', object: id, ...(source && { source }) }];
  });
  return changes.sort((a, b) => (kindAndName(a.object) < kindAndName(b.object) ? -1 : 1));
}

/** Beside the point of what an object says. */
const beside: ReadonlySet<string> = new Set(['source', 'generation']);

/** Whether two objects, or parts of them, say the same; where they stand and how often they were written is no matter. */
export function saysTheSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, index) => saysTheSame(item, b[index]));
  const [own, other] = [fieldsOf(a), fieldsOf(b)];
  return own.size === other.size && [...own].every(([name, value]) => other.has(name) && saysTheSame(value, other.get(name)));
}

const fieldsOf = (object: object): Map<string, unknown> =>
  new Map(Object.entries(object).filter(([name, value]) => value !== undefined && !beside.has(name)));
