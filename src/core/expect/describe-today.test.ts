import { expect, test } from 'vitest';
import { decodeObject } from '../api/decode.ts';
import { clusterOf } from '../cluster/cluster.ts';
import { Analysis } from '../verdict/analysis.ts';
import { describeToday } from './describe-today.ts';

const apps = 40;

/** A chain of apps in two namespaces, each of which only the one before may reach, and a block outside. */
const objects = Array.from({ length: apps }, (_, index) => {
  const [namespace, app] = [`team-${index % 2}`, `app-${index}`];
  const before = { podSelector: { matchLabels: { app: `app-${index - 1}` } }, namespaceSelector: {} };
  const from = [before, { ipBlock: { cidr: `198.51.100.${index}/32` } }];
  return [
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace, name: app, labels: { app } },
      status: { phase: 'Running', podIP: `10.0.0.${index}` },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { namespace, name: app },
      spec: { podSelector: { matchLabels: { app } }, ingress: [{ from, ports: [{ port: 8000 + index }] }] },
    },
  ];
});

test('whoever asks for one endpoint gets what is written of it among all', () => {
  const analysis = new Analysis(clusterOf(objects.flat().flatMap((object) => decodeObject(object).objects)));
  const all = describeToday(analysis);
  const alone = Array.from({ length: apps }, (_, index) =>
    describeToday(analysis, ({ id }) => id === `team-${index % 2}/Pod/app-${index}`),
  );
  const byName = <T extends { readonly name: string }>(tests: readonly T[]): T[] => tests.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  expect(byName(alone.flat())).toEqual(byName(all));
  expect(alone[7]![0]).toEqual({
    name: 'what reaches team-1/Pod/app-7',
    direction: 'ingress',
    subjects: ['team-1/Pod/app-7'],
    allow: [{ others: ['team-0/Pod/app-6', '198.51.100.7'], ports: ['TCP/8007'] }],
    nothingElse: true,
  });
});
