import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ChoiceName, choices } from '#core/api/choices.ts';
import { decodeObject } from '#core/api/decode.ts';
import { choicesOfProfile, profileNames } from '#core/api/profiles.ts';
import { type Cluster, clusterOf } from '#core/cluster/cluster.ts';
import type { ConnectionAnswer } from '#core/connectivity/answers.ts';
import { connectivityOf } from '#core/connectivity/connectivity.ts';
import { type Dependences, dependencesOf } from '#core/connectivity/dependence.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { type CheckAnswer, checkConnection } from '#core/verdict/answer.ts';
import { isUnanswerable } from '#core/verdict/unanswerable.ts';
import { decoded, interestingPort, rawCluster } from './arbitraries.ts';

const key = ({ from, to }: Pick<ConnectionAnswer, 'from' | 'to'>): string => `${from} -> ${to}`;

/** What pairs may do, without port 0, which nobody serves; what is said of pairs of which policy knows neither end depends on the choice. */
function answersOf(analysis: Analysis, choice: ChoiceName): (pair: string) => string {
  const denied = choice === 'hostnetwork';
  const answers = new Map(
    Array.from(connectivityOf(analysis, { denied }).connections, ({ traffic, partial, ...pair }) => [
      key(pair),
      JSON.stringify([traffic, partial]).replaceAll('"0-65535"', '"1-65535"').replaceAll(everyPort, '"all"'),
    ]),
  );
  return (pair) => answers.get(pair) ?? (denied ? '["all",null]' : 'not listed');
}

const everyPort = JSON.stringify(['TCP', 'UDP', 'SCTP'].map((protocol) => ({ protocol, ports: ['1-65535'] })));

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

/** Sees that exactly those pairs depend on the choice that are answered otherwise with another value of it. */
function expectDependent(cluster: Cluster, choice: ChoiceName): Dependences {
  const base = new Analysis(cluster);
  const { endpoints } = connectivityOf(base);
  const dependences = dependencesOf(base, { endpoints });
  const now = answersOf(base, choice);
  const others = choices[choice]
    .slice(1)
    .map((value) => answersOf(new Analysis(cluster, { ...base.model.choices, [choice]: value }), choice));
  // Bare pods and addresses outside may be grouped otherwise; workloads and nodes are the same everywhere.
  const stable = endpoints.filter(({ kind }) => kind === 'Workload' || kind === 'Node');
  for (const from of stable)
    for (const to of stable) {
      const pair = key({ from: from.id, to: to.id });
      const differs = others.some((answers) => answers(pair) !== now(pair));
      expect({ pair, choice, depends: dependences.of(from.id, to.id)?.includes(choice) ?? false }).toEqual({
        pair,
        choice,
        depends: differs,
      });
    }
  return dependences;
}

test('a pair that depends on a choice is answered otherwise with another value, and no other pair is', () => {
  fc.assert(
    fc.property(rawCluster, fc.constantFrom(...tested), (raw, choice) => {
      expectDependent(clusterOf(decoded(raw)), choice);
    }),
    { numRuns: 200 },
  );
});

test('nor where more gates are looked at than are asked one by one', () => {
  // Every fifth app is closed to all but some addresses, of other apps or one outside, and what they may is the port that is called `web`.
  const objects = Array.from({ length: 200 }, (_, index) => {
    const app = `app-${index}`;
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: 'shop', name: app, labels: { app }, ownerReferences: [ownedBy(app)] },
      spec: { containers: [{ name: 'main', ports: [{ name: 'web', containerPort: 8000 + index }] }] },
      status: { phase: 'Running', podIP: `10.0.0.${index}` },
    };
    const from = [{ ipBlock: { cidr: index % 10 === 0 ? '10.0.0.0/26' : `198.51.100.${index}/32` } }];
    const policy = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { namespace: 'shop', name: app },
      spec: { podSelector: { matchLabels: { app } }, ingress: [{ from, ports: [{ port: 'web' }] }] },
    };
    return index % 5 === 0 ? [pod, policy] : [pod];
  });
  const cluster = clusterOf(objects.flat().flatMap((object) => decodeObject(object).objects));
  const { pairs } = expectDependent(cluster, 'named-port-with-ipblock');
  const outside = pairs.filter(({ from }) => from.startsWith('198.51.100.')).map(key);
  const closed = Array.from({ length: 20 }, (_, turn) => turn * 10 + 5);
  expect(outside.sort()).toEqual(closed.map((index) => `198.51.100.${index} -> shop/StatefulSet/app-${index}`).sort());
});

const ownedBy = (name: string) => ({ apiVersion: 'apps/v1', kind: 'StatefulSet', name, uid: name, controller: true });

/** What of a verdict the matrix says nothing about: a pod's connections to itself, and ends of which policy sees neither in that family. */
const isElsewhere = (choice: ChoiceName, { egress, ingress }: CheckAnswer): boolean =>
  choice === 'service-hairpin' || (choice === 'hostnetwork' && [egress, ingress].every(({ reason }) => reason === 'unpoliced-endpoint'));

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
            const missing = (answer.dependsOn ?? []).filter((choice) => !isElsewhere(choice, answer) && !of(from, to)?.includes(choice));
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
