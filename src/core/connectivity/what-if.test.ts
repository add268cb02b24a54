import { expect, it } from 'vitest';
import { decodeObject } from '../api/decode.ts';
import { clusterOf } from '../cluster/cluster.ts';
import { Analysis } from '../verdict/analysis.ts';
import { WhatIf } from './what-if.ts';

const objectOf = (manifest: object) => decodeObject(manifest).objects[0]!;

const pod = (name: string, labels: object, ip: string) =>
  objectOf({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', labels },
    status: { podIP: ip, podIPs: [{ ip }], phase: 'Running' },
  });

it('says nothing of a pod that was treated like those that a new policy isolates, and is not isolated', () => {
  const before = new Analysis(clusterOf([pod('web', {}, '10.244.0.1'), pod('db', { tier: 'db' }, '10.244.0.2')]));
  const isolation = objectOf({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'isolate-db', namespace: 'shop' },
    spec: { podSelector: { matchLabels: { tier: 'db' } }, policyTypes: ['Egress'] },
  });
  const { removed } = new WhatIf(before).difference([{ type: 'put', object: isolation }]);
  expect(removed.map(({ from, to }) => `${from} → ${to}`)).toEqual(['shop/Pod/db → shop/Pod/web', 'shop/Pod/db → 0.0.0.0-255.255.255.255']);
});
