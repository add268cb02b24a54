import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ClusterNetworkPolicy, type NetworkPolicy, qualifiedName, type Rule } from '#core/api/types.ts';
import { type ClusterChange, clusterOf } from '#core/cluster/cluster.ts';
import { WhatIf } from '#core/connectivity/what-if.ts';
import { LintContext } from '#core/lint/context.ts';
import type { Finding } from '#core/lint/finding.ts';
import { lint } from '#core/lint/lint.ts';
import type { LintedRule } from '#core/lint/linted-policy.ts';
import { oneSidedIn } from '#core/lint/one-sided.ts';
import { memberOf, verdictOf } from '#core/lint/reach.ts';
import { redundanciesIn } from '#core/lint/redundancy.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { decoded, interestingPort, rawCluster } from './arbitraries.ts';
import { rawClusterPolicy } from './cluster-policy-arbitraries.ts';

const analysis = fc
  .tuple(rawCluster, fc.array(rawClusterPolicy, { maxLength: 2 }))
  .map(([raw, others]) => new Analysis(clusterOf(decoded({ ...raw, policies: [...raw.policies, ...others] }))));

/** The policy with a rule replaced, or taken out. */
function edited({ policy: { policy }, direction, index }: LintedRule, rules: readonly Rule[]): ClusterChange {
  return { type: 'put', object: { ...policy, [direction]: policy[direction]!.toSpliced(index, 1, ...rules) } as NetworkPolicy };
}

const isNothing = (whatIf: WhatIf, change: ClusterChange): boolean => {
  const { added, removed, changed } = whatIf.difference([change]);
  return added.length + removed.length + changed.length === 0;
};

test('what is called redundant could go, and no connection would be another', () => {
  let seen = 0;
  fc.assert(
    fc.property(analysis, (each) => {
      const { policies, rules, peers, ports } = redundanciesIn(new LintContext(each));
      const whatIf = new WhatIf(each);
      for (const { id } of policies.keys()) expect(isNothing(whatIf, { type: 'delete', id })).toBe(true);
      for (const { rule } of rules) expect(isNothing(whatIf, edited(rule, []))).toBe(true);
      for (const { rule, place } of peers)
        expect(isNothing(whatIf, edited(rule, [{ ...rule.rule, peers: rule.rule.peers!.toSpliced(place, 1) }]))).toBe(true);
      for (const { rule, place } of ports)
        expect(isNothing(whatIf, edited(rule, [{ ...rule.rule, ports: rule.rule.ports!.toSpliced(place, 1) }]))).toBe(true);
      seen += policies.size + rules.length + peers.length + ports.length;
    }),
    { numRuns: 450 },
  );
  expect(seen).toBeGreaterThan(25);
});

test('rules that say that they are never asked, or that nothing gets through, are right', () => {
  fc.assert(
    fc.property(analysis, (each) => {
      const findings = lint(new LintContext(each));
      const whatIf = new WhatIf(each);
      for (const { code, policy, message } of findings) {
        if (code === 'vacuous-policy') expect(isNothing(whatIf, { type: 'delete', id: policy! })).toBe(true);
        if (code !== 'tier-unreachable-rule') continue;
        const [, direction, number] = /^(ingress|egress) rule (\d+)/.exec(message)!;
        const whole = each.cluster.clusterPolicies.get(policy!.name)!;
        const rules = whole[direction as 'ingress' | 'egress']!.toSpliced(Number(number) - 1, 1);
        expect(isNothing(whatIf, { type: 'put', object: { ...whole, [direction!]: rules } as ClusterNetworkPolicy })).toBe(true);
      }
    }),
    { numRuns: 100 },
  );
});

test('of the policies asked about the same is said as when all are asked about', () => {
  fc.assert(
    fc.property(analysis, (each) => {
      const all = lint(new LintContext(each));
      for (const name of each.model.policies.keys()) {
        const asked = lint(new LintContext(each, undefined, { about: new Set([name]) }));
        const isAbout = ({ policy }: Finding): boolean => policy?.namespace !== undefined && qualifiedName(policy) === name;
        expect(asked.filter(isAbout)).toEqual(all.filter(isAbout));
        expect(asked.filter(({ policy }) => policy?.namespace !== undefined).every(isAbout)).toBe(true);
      }
    }),
    { numRuns: 100 },
  );
});

test('of a peer that the other side is said to refuse, nothing gets through by its rule', () => {
  let seen = 0;
  fc.assert(
    fc.property(analysis, fc.uniqueArray(interestingPort, { minLength: 3, maxLength: 6 }), (each, ports) => {
      for (const { peer, from, to } of oneSidedIn(new LintContext(each))) {
        seen++;
        for (const protocol of ['TCP', 'UDP', 'SCTP'])
          for (const port of ports) {
            const verdict = verdictOf(each, memberOf(from), memberOf(to), { protocol, port });
            const { rules } = verdict?.[peer.of.direction] ?? { rules: [] };
            const isBy = rules.some((match) => match.rule === peer.of.compiled && match.peer === peer.place);
            expect(isBy && verdict!.allowed).toBe(false);
          }
      }
    }),
    { numRuns: 600 },
  );
  expect(seen).toBeGreaterThan(10);
});
