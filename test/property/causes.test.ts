import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type NetworkPolicy, qualifiedName } from '#core/api/types.ts';
import { type Cluster, clusterOf, findObject } from '#core/cluster/cluster.ts';
import { saysTheSame } from '#core/cluster/object-changes.ts';
import { differenceBetween } from '#core/connectivity/difference-between.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import type { RawCluster, RawPolicy } from '../reference/raw.ts';
import { decoded, rawCluster } from './arbitraries.ts';

type Edit = 'none' | 'first' | 'last';

/** Without the first or last rule of each direction that has several. */
function without(policy: RawPolicy, edit: Edit): RawPolicy {
  const spec = policy.spec as { readonly ingress?: readonly unknown[] | null; readonly egress?: readonly unknown[] | null } | undefined;
  const fewer = (rules: readonly unknown[]): readonly unknown[] => (edit === 'first' ? rules.slice(1) : rules.slice(0, -1));
  const edited = (['ingress', 'egress'] as const).flatMap((direction) => {
    const rules = spec?.[direction];
    return edit === 'none' || !rules || rules.length < 2 ? [] : [[direction, fewer(rules)] as const];
  });
  return { ...policy, spec: { ...spec, ...Object.fromEntries(edited) } };
}

/** NetworkPolicies of which some lose a rule, and keep the others, while pods get other labels. */
const edited: fc.Arbitrary<readonly [RawCluster, RawCluster]> = fc
  .tuple(rawCluster, fc.func(fc.constantFrom<Edit>('none', 'first', 'last')), fc.func(fc.constantFrom('web', 'db', undefined)))
  .map(([raw, editOf, appOf]) => {
    const policies = raw.policies.filter(({ kind }) => kind === 'NetworkPolicy');
    const after = policies.map((policy) => without(policy, editOf(`${policy.metadata.namespace}/${policy.metadata.name}`)));
    const pods = raw.pods.map((pod) => {
      const app = appOf(pod.name);
      return app === undefined ? pod : { ...pod, labels: { ...pod.labels, app } };
    });
    return [
      { ...raw, policies },
      { ...raw, policies: after, pods },
    ];
  });

test('of an edited policy only rules that are in one version alone are a cause, whatever else was edited', () => {
  let seen = 0;
  fc.assert(
    fc.property(edited, ([rawBefore, rawAfter]) => {
      const [before, after] = [rawBefore, rawAfter].map((raw) => new Analysis(clusterOf(decoded(raw)))) as [Analysis, Analysis];
      const { added, removed } = differenceBetween(before, after);
      // Of NetworkPolicies a rule decides where it lets through: afterwards what is gained, before what is lost.
      for (const [pairs, own, other] of [[added, after, before] as const, [removed, before, after] as const])
        for (const { policy, gate, index } of pairs.flatMap(({ because }) => because)) {
          if (policy === undefined || index === undefined) continue;
          seen++;
          const rule = rulesIn(own.cluster, policy, gate!)[index];
          const isThere = rulesIn(other.cluster, policy, gate!).some((each) => saysTheSame(each, rule));
          expect(isThere, `${qualifiedName(policy)} ${gate}[${index}]`).toBe(false);
        }
    }),
    { numRuns: 300 },
  );
  expect(seen).toBeGreaterThan(0);
});

const rulesIn = (cluster: Cluster, id: Parameters<typeof findObject>[1], gate: 'ingress' | 'egress'): readonly unknown[] =>
  (findObject(cluster, id) as NetworkPolicy | undefined)?.[gate] ?? [];
