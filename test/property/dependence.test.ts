import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ChoiceName, choices } from '#core/api/choices.ts';
import { choicesOfProfile, profileNames } from '#core/api/profiles.ts';
import { clusterOf } from '#core/cluster/cluster.ts';
import type { ConnectionAnswer } from '#core/connectivity/answers.ts';
import { connectivityOf } from '#core/connectivity/connectivity.ts';
import { dependencesOf } from '#core/connectivity/dependence.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { checkConnection } from '#core/verdict/answer.ts';
import { isUnanswerable } from '#core/verdict/unanswerable.ts';
import { decoded, interestingPort, rawCluster } from './arbitraries.ts';

const key = ({ from, to }: Pick<ConnectionAnswer, 'from' | 'to'>): string => `${from} -> ${to}`;

/** What pairs may do, without port 0, which nobody serves. */
const answersOf = (analysis: Analysis): Map<string, string> =>
  new Map(
    Array.from(connectivityOf(analysis).connections, ({ traffic, partial, ...pair }) => [
      key(pair),
      JSON.stringify([traffic, partial]).replaceAll('"0-65535"', '"1-65535"').replaceAll('"all"', JSON.stringify('TCP UDP SCTP')),
    ]),
  );

const tested: readonly ChoiceName[] = [
  'ipblock-pods',
  'ipblock-nodes',
  'hostnetwork',
  'own-node-egress',
  'terminal-pods',
  'named-port-with-ipblock',
  'duplicate-port-name',
  'sidecar-named-ports',
  'baseline-skip',
];

test('a pair that depends on a choice is answered otherwise with another value, and no other pair is', () => {
  fc.assert(
    fc.property(rawCluster, fc.constantFrom(...tested), (raw, choice) => {
      const cluster = clusterOf(decoded(raw));
      const base = new Analysis(cluster);
      const { endpoints } = connectivityOf(base);
      const { of } = dependencesOf(base, { endpoints });
      const now = answersOf(base);
      const others = choices[choice].slice(1).map((value) => answersOf(new Analysis(cluster, { ...base.model.choices, [choice]: value })));
      // Bare pods and addresses outside may be grouped otherwise; workloads and nodes are the same everywhere.
      const stable = endpoints.filter(({ kind }) => kind === 'Workload' || kind === 'Node');
      for (const from of stable)
        for (const to of stable) {
          const pair = key({ from: from.id, to: to.id });
          const differs = others.some((answers) => answers.get(pair) !== now.get(pair));
          expect({ pair, choice, depends: of(from.id, to.id)?.includes(choice) ?? false }).toEqual({ pair, choice, depends: differs });
        }
    }),
    { numRuns: 200 },
  );
});

/** A pod's connections to itself are not in the matrix, nor are those of nodes with hostNetwork pods, which as-pods would put under policy. */
const elsewhere: ReadonlySet<ChoiceName> = new Set<ChoiceName>(['service-hairpin', 'hostnetwork']);

test('what check says to depend on a choice, the matrix does, too', () => {
  fc.assert(
    fc.property(rawCluster, fc.constantFrom('TCP' as const, 'UDP' as const), interestingPort, (raw, protocol, port) => {
      const analysis = new Analysis(clusterOf(decoded(raw)));
      const { endpoints } = connectivityOf(analysis);
      const { of } = dependencesOf(analysis, { endpoints });
      // Pairs of ends that policy does not see are not in the matrix, though a choice may make it see them.
      // Where families or members differ, the matrix has one answer for all of them.
      const all = [...connectivityOf(analysis, { denied: true }).connections];
      const known = new Set(all.filter(({ partial }) => partial === undefined).map(key));
      const ends = endpoints.filter(({ kind, pods = 1 }) => kind !== 'External' && (kind !== 'Pod' || pods === 1));
      for (const { id: from } of ends)
        for (const { id: to } of ends) {
          if (!known.has(key({ from, to }))) continue;
          for (const family of [4, 6] as const) {
            const answer = checkConnection(analysis, { from, to, protocol, port, family });
            if (isUnanswerable(answer)) continue;
            const missing = (answer.dependsOn ?? []).filter((choice) => !elsewhere.has(choice) && !of(from, to)?.includes(choice));
            expect({ asked: `${from} -> ${to} ${protocol}/${port}`, missing }).toEqual({
              asked: `${from} -> ${to} ${protocol}/${port}`,
              missing: [],
            });
          }
        }
    }),
    { numRuns: 60 },
  );
});

test('a profile that settles every choice leaves nothing open, and other profiles only what they do not settle', () => {
  fc.assert(
    fc.property(rawCluster, fc.constantFrom(...profileNames), (raw, profile) => {
      const { choices: settings, settled } = choicesOfProfile(profile);
      const analysis = new Analysis(clusterOf(decoded(raw)), settings, settled);
      const { endpoints } = connectivityOf(analysis);
      const open = dependencesOf(analysis, { endpoints }).choices.map(({ choice }) => choice);
      expect(open.filter((choice) => settled.has(choice))).toEqual([]);
      if (profile === 'spec') expect(open).toEqual([]);
    }),
    { numRuns: 40 },
  );
});
