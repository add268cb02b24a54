import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultChoices } from '#core/api/choices.ts';
import { connectionOf } from '#kube/connect.ts';
import { readItems, readList } from '#kube/list.ts';
import { Projection } from '#kube/projection.ts';
import { namespaces, nodes, pods, type Resource } from '#kube/resource.ts';
import { cannotRunControlPlane } from '../cluster/programs.ts';
import { pod, shop } from './shop.ts';
import { World } from './world.ts';

const missing = cannotRunControlPlane();

const sidecar = {
  name: 'proxy',
  image: 'registry.example.com/proxy:1',
  restartPolicy: 'Always',
  ports: [{ name: 'admin', containerPort: 15000 }],
};
const once = { name: 'once', image: 'registry.example.com/once:1', ports: [{ name: 'setup', containerPort: 1 }] };
const plain = pod('rich', 'everything', {
  labels: { 'example.org/tier': 'web', empty: '' },
  ip: '10.244.11.9',
  node: 'n1',
  owner: ['apps/v1', 'ReplicaSet', 'web-5d'],
});

/** Everything that is read of objects, and values that differ most between the two forms. */
const rich = [
  {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: 'rich',
      labels: { team: '' },
      annotations: { 'policy.sallyport.dev/audit': 'true', note: 'zwölf Boxkämpfer \u{1f6a2}, and a text of some length' },
    },
  },
  {
    ...plain,
    metadata: { ...plain.metadata, finalizers: ['example.org/wait'] },
    spec: {
      ...(plain.spec as object),
      initContainers: [sidecar, once],
      containers: [
        {
          name: 'main',
          image: 'registry.example.com/main:1',
          ports: [
            { name: 'web', containerPort: 65535, protocol: 'SCTP' },
            { containerPort: 53, protocol: 'UDP' },
          ],
        },
      ],
    },
    status: { phase: 'Running', podIP: '10.244.11.9', podIPs: [{ ip: '10.244.11.9' }, { ip: 'fd00::9' }] },
  },
  pod('rich', 'without-address', { phase: 'Pending' }),
  {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'rich' },
    spec: { podCIDR: '10.250.0.0/24', podCIDRs: ['10.250.0.0/24', 'fd00:1::/64'] },
  },
];

describe.skipIf(missing !== undefined)(`lists of an API server${missing === undefined ? '' : ` (${missing})`}`, () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ users: [{ token: 'token-of-stranger', name: 'stranger' }] });
    await world.plane.create([...shop, ...rich]);
    // It stays, as somebody must see to the finalizer.
    await world.plane.send('DELETE', '/api/v1/namespaces/rich/pods/everything?gracePeriodSeconds=0');
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  test.each([pods, namespaces, nodes])('$name in protobuf say what they say in JSON', async (resource: Resource) => {
    const connection = await connectionOf({ kubeconfig: world.kubeconfig });
    const projection = new Projection(
      defaultChoices,
      () => undefined,
      () => undefined,
    );
    const objectOf = (item: unknown) => projection.objectOf(item, resource);
    const raw: unknown[] = [];
    const { items } = await readItems(connection, { resource, pageSize: 3 }, (item) => {
      raw.push(item);
      return objectOf(item);
    });
    const inJson = (await readList(connection, { resource }, (page) => page.items)).flat();
    expect(items.length).toBeGreaterThan(2);
    expect(items).toEqual(inJson.map(objectOf));
    // Nothing but what is read has come.
    expect(JSON.stringify(inJson)).toContain('managedFields');
    expect(JSON.stringify(raw)).not.toContain('managedFields');
  });

  test('a pod that is being deleted, with all that it says', async () => {
    const connection = await connectionOf({ kubeconfig: world.kubeconfig });
    const { items, version } = await readItems(connection, { resource: pods, namespace: 'rich' }, (item) => item);
    expect(Number(version)).toBeGreaterThan(0);
    expect(items).toMatchObject([
      {
        metadata: { name: 'everything', deletionTimestamp: expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) },
        spec: { initContainers: [{ restartPolicy: 'Always', ports: [{ name: 'admin', containerPort: 15000, protocol: 'TCP' }] }, {}] },
        status: { podIPs: [{ ip: '10.244.11.9' }, { ip: 'fd00::9' }] },
      },
      { metadata: { name: 'without-address' }, status: { phase: 'Pending' } },
    ]);
  });

  test('a refusal comes with the words of the server', async () => {
    const connection = await connectionOf({ kubeconfig: world.kubeconfig, token: 'token-of-stranger' });
    await expect(readItems(connection, { resource: pods }, (item) => item)).rejects.toThrow(
      /pods is forbidden: User "stranger" cannot list resource "pods"/,
    );
  });
});
