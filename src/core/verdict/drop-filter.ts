import { type Direction, qualifiedName } from '../api/types.ts';
import type { Drop, DropEnd } from './drop.ts';

/** Which drops are asked for; what is absent leaves all. */
export interface DropFilter {
  /** One end is in one of them. */
  readonly namespaces?: readonly string[];
  /** One end is that pod or workload: `shop/web`, `shop/deployment/web`. */
  readonly workload?: string;
  readonly direction?: Direction;
  /** One of the policies is that: `shop/deny-all`, or its name alone. */
  readonly policy?: string;
  /** What was told of and passed, instead of what was denied; absent: both. */
  readonly audit?: boolean;
}

/** Whether the drop is asked for. */
export function isWanted(drop: Drop, { namespaces, workload, direction, policy, audit }: DropFilter): boolean {
  const ends = [drop.from, drop.to];
  return (
    (namespaces === undefined || ends.some(({ namespace = '' }) => namespaces.includes(namespace))) &&
    (workload === undefined || ends.some((end) => isCalled(end, workload.toLowerCase()))) &&
    (direction === undefined || drop.direction === direction) &&
    (policy === undefined || drop.policies.some((each) => [qualifiedName(each), each.name].includes(policy))) &&
    (audit === undefined || drop.audit === audit)
  );
}

/** An end by its id, that of its workload, or either without the kind. */
const isCalled = ({ id, workload = id }: DropEnd, name: string): boolean =>
  [id, workload].some((each) => each.toLowerCase() === name || each.replace(/\/[^/]+\//, '/').toLowerCase() === name);
