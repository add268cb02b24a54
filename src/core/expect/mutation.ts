import type { Source } from '../api/diagnostic.ts';
import {
  type ClusterNetworkPolicy,
  type ClusterRule,
  type Direction,
  directions,
  type NetworkPolicy,
  type PolicyId,
  qualifiedName,
  type Rule,
} from '../api/types.ts';
import type { Cluster, ClusterChange } from '../cluster/cluster.ts';
import { changesNothing, type Difference } from '../connectivity/difference.ts';
import { WhatIf } from '../connectivity/what-if.ts';
import type { Witness } from '../connectivity/witness.ts';
import type { Analysis } from '../verdict/analysis.ts';
import type { ConnectivityTest } from './connectivity-test.ts';
import { TestRun } from './run-tests.ts';

type AnyPolicy = NetworkPolicy | ClusterNetworkPolicy;

/** Something that is taken away from a policy. */
export interface Mutant {
  readonly policy: PolicyId;
  /** What is gone: the policy, one of its rules, or one peer or port of a rule that has several. */
  readonly removed: 'policy' | 'rule' | 'peer' | 'port';
  readonly direction?: Direction;
  /** The rule, from 0, and its peer or port. */
  readonly index?: number;
  readonly item?: number;
  readonly source?: Source;
}

/** What became of a mutant. */
export interface MutantResult extends Mutant {
  /**
   * `killed`: a test fails without it. `survived`: none does, although some connections are others. `redundant`: without it every connection
   * is what it was.
   */
  readonly fate: 'killed' | 'survived' | 'redundant';
  /** Of a survivor a connection that is another and that no test asks about. */
  readonly witness?: Witness;
}

/** Takes one thing after the other away from the policies and sees whether a test fails. The tests must pass as things are. */
export function* mutate(analysis: Analysis, documents: readonly ConnectivityTest[]): Generator<MutantResult> {
  const whatIf = new WhatIf(analysis);
  for (const policy of policiesIn(analysis.cluster))
    for (const { mutant, result } of mutantsOf(policy)) {
      const changes: ClusterChange[] = [result === undefined ? { type: 'delete', id: mutant.policy } : { type: 'put', object: result }];
      const difference = whatIf.difference(changes, { explain: false });
      const changed = whatIf.analysisAfter(changes);
      if (changesNothing(difference)) yield { ...mutant, fate: 'redundant' };
      else if (documents.some((document) => isNoticed(changed, document))) yield { ...mutant, fate: 'killed' };
      // Only a survivor has to be shown.
      else yield { ...mutant, fate: 'survived', ...witnessIn(whatIf.difference(changes)) };
    }
}

function isNoticed(changed: Analysis, document: ConnectivityTest): boolean {
  for (const { status } of new TestRun(changed, document).results()) if (status !== 'passed') return true;
  return false;
}

function witnessIn({ added, removed, changed }: Difference): Pick<MutantResult, 'witness'> {
  const witness = [...added, ...removed, ...changed].map((each) => each.witness).find((each) => each !== undefined);
  return witness === undefined ? {} : { witness };
}

/** All policies, in the order of their names. */
function policiesIn({ namespaces, clusterPolicies }: Cluster): AnyPolicy[] {
  const policies = [...clusterPolicies.values(), ...[...namespaces.values()].flatMap((content) => [...content.policies.values()])];
  return policies.sort((a, b) => (qualifiedName(a) < qualifiedName(b) ? -1 : 1));
}

/** A mutant with what is left of the policy; undefined when that is gone. */
interface Mutation {
  readonly mutant: Mutant;
  readonly result?: AnyPolicy;
}

function* mutantsOf(policy: AnyPolicy): Generator<Mutation> {
  const { kind, name, source } = policy;
  const id: PolicyId = { kind, ...('namespace' in policy && { namespace: policy.namespace }), name };
  yield { mutant: { policy: id, removed: 'policy', ...(source && { source }) } };
  for (const direction of directions)
    for (const [index, rule] of (policy[direction] ?? []).entries())
      for (const { removed, item, rest, at } of partsOf(rule)) {
        const rules = (policy[direction] as readonly (Rule | ClusterRule)[]).flatMap((each, place) =>
          place === index ? (rest ?? []) : [each],
        );
        const mutant = { policy: id, removed, direction, index, ...(item !== undefined && { item }), ...(at && { source: at }) };
        yield { mutant, result: { ...policy, [direction]: rules } as AnyPolicy };
      }
}

/** What can be taken from a rule, with the rest. The only peer or port is not taken: without it the rule would mean any. */
function partsOf(
  rule: Rule | ClusterRule,
): { removed: Mutant['removed']; item?: number; rest?: Rule | ClusterRule; at: Source | undefined }[] {
  const { peers = [], ports = [], source } = rule;
  const without = <T>(list: readonly T[], index: number): T[] => list.toSpliced(index, 1);
  return [
    { removed: 'rule', at: source },
    ...(peers.length < 2 ? [] : peers).map((peer, item) => ({
      removed: 'peer' as const,
      item,
      rest: { ...rule, peers: without<unknown>(peers, item) } as Rule | ClusterRule,
      at: peer.source ?? source,
    })),
    ...(ports.length < 2 ? [] : ports).map((_, item) => ({
      removed: 'port' as const,
      item,
      rest: { ...rule, ports: without(ports, item) },
      at: source,
    })),
  ];
}
