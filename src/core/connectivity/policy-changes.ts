import { type ClusterNetworkPolicy, type Direction, directions, isPolicyKind, type NetworkPolicy, qualifiedName } from '../api/types.ts';
import { type Cluster, findObject } from '../cluster/cluster.ts';
import { type ObjectChange, saysTheSame } from '../cluster/object-changes.ts';

type Policy = NetworkPolicy | ClusterNetworkPolicy;

/** A policy that is not the same in two snapshots. */
export interface PolicyChange {
  readonly change: ObjectChange['change'];
  readonly old: Policy | undefined;
  readonly now: Policy | undefined;
}

/** The changes of policies, by `namespace/name`. */
export type PolicyChanges = ReadonlyMap<string, PolicyChange>;

/** Those of policies among all changes between two snapshots. */
export function policyChanges(objects: readonly ObjectChange[], before: Cluster, after: Cluster): PolicyChanges {
  const policies = objects.filter(({ object }) => isPolicyKind(object.kind));
  return new Map(
    policies.map(({ change, object }) => {
      const [old, now] = [before, after].map((cluster) => findObject(cluster, object) as Policy | undefined);
      return [qualifiedName(object), { change, old, now }];
    }),
  );
}

/**
 * Whether a rule of one of the versions is not in the other, or what the policy says beside its rules (its subject, its priority) is other
 * there. A rule that only stands elsewhere in the list is the same.
 */
export function isRuleEdited(change: PolicyChange, isOfNow: boolean, direction: Direction, index: number): boolean {
  const [own, other] = isOfNow ? [change.now, change.old] : [change.old, change.now];
  const rule = own?.[direction]?.[index];
  return isFrameEdited(change) || !(other?.[direction] ?? []).some((each) => saysTheSame(each, rule));
}

/** Whether the policy isolates others than it did, or in other directions. */
export const isIsolationEdited = (change: PolicyChange, direction: Direction): boolean =>
  isFrameEdited(change) || (change.old?.[direction] === undefined) !== (change.now?.[direction] === undefined);

const isFrameEdited = ({ old, now }: PolicyChange): boolean =>
  old === undefined || now === undefined || !saysTheSame(frameOf(old), frameOf(now));

/** Directions that a policy does not name are seen in its lists of rules. */
const frameOf = (policy: Policy): object => ({ ...policy, ingress: undefined, egress: undefined, isEgressImplied: undefined });

/** The policies of which a rule with a named port is other than it was, by `namespace/name`. */
export const namedPortsEdited = (changes: PolicyChanges): string[] =>
  [...changes].flatMap(([name, change]) => (hasNamedPortEdited(change) ? name : []));

const hasNamedPortEdited = (change: PolicyChange): boolean =>
  [true, false].some((isOfNow) =>
    directions.some((direction) =>
      ((isOfNow ? change.now : change.old)?.[direction] ?? []).some(
        ({ ports = [] }, index) => ports.some(({ kind }) => kind === 'named') && isRuleEdited(change, isOfNow, direction, index),
      ),
    ),
  );
