import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Manifest } from '../cluster/control-plane.ts';
import { cannotRunControlPlane } from '../cluster/programs.ts';
import { shop } from './shop.ts';
import { type Ran, World } from './world.ts';

const missing = cannotRunControlPlane();

const role = (namespace: string, name: string, resources: readonly (readonly [group: string, resource: string])[]): Manifest => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata: { namespace, name },
  rules: resources.map(([group, resource]) => ({ apiGroups: [group], resources: [resource], verbs: ['get', 'list'] })),
});

const binding = (namespace: string, kind: 'Role' | 'ClusterRole', name: string, user: string): Manifest => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { namespace, name: `${name}-${user}` },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
  subjects: [{ kind: 'User', name: user, apiGroup: 'rbac.authorization.k8s.io' }],
});

const least = [
  ['', 'namespaces'],
  ['', 'pods'],
  ['networking.k8s.io', 'networkpolicies'],
] as const;

describe.skipIf(missing !== undefined)(`permissions${missing === undefined ? '' : ` (${missing})`}`, () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create();
    await world.plane.create([...shop, role('shop', 'least', least), binding('shop', 'Role', 'least', 'dev')]);
    // What Kubernetes' own role `view` is made of; a controller would do that, and none runs here.
    const view = 'system:aggregate-to-view';
    await world.plane.create(['shop', 'pay'].map((namespace) => binding(namespace, 'ClusterRole', view, 'viewer')));
    await granted('dev', 'shop');
    await granted('viewer', 'pay');
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  /** The server learns of a role a moment after it is made. */
  const granted = (user: string, namespace: string): Promise<void> =>
    world.plane.until(async () => (await world.kubectl('get', 'pods', '-n', namespace, '--as', user)).code === 0);

  const check = (user: string, from: string, to: string): Promise<Ran> =>
    world.sallyport('check', '--as', user, '--from', from, '--to', to, '--port', '8080');

  test('whoever may read one namespace can ask about it', async () => {
    const ran = await check('dev', 'shop/client', 'shop/deployment/web');
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('allowed  shop/Pod/client → shop/Deployment/web');
  });

  test('owners that may not be read are missing in the answer, and that is said', async () => {
    const ran = await check('dev', 'shop/canary-7c9-xxxxx', 'shop/deployment/web');
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringMatching(/^note: replicasets may not be listed: .*\n$/) });
    expect((await check('dev', 'shop/replicaset/canary-7c9', 'shop/client')).code).toBe(1);
    expect(await check('viewer', 'shop/rollout/canary', 'shop/client')).toMatchObject({ code: 1, stderr: '' });
  });

  test('the role view, bound in two namespaces, is enough for questions between them', async () => {
    expect(await check('viewer', 'shop/deployment/web', 'pay/db-0')).toMatchObject({ code: 1, stderr: '' });
    const through = await world.sallyport(
      'check',
      '--as',
      'viewer',
      '--from',
      'shop/deployment/web',
      '--to',
      'pay/svc/db',
      '--port',
      '5432',
    );
    expect(through).toMatchObject({ code: 0, stderr: '' });
  });

  test('what is missing is named, all of it, with the commands that grant it, and these do', async () => {
    const question = ['check', '--as', 'dev', '--from', 'shop/client', '--to', 'pay/svc/db', '--port', '5432'];
    const ran = await world.sallyport(...question);
    expect(ran).toEqual({
      code: 2,
      stdout: '',
      stderr: `error: user "dev" may not get namespaces/pay, list endpointslices.discovery.k8s.io in namespace pay, list endpointslices.discovery.k8s.io in namespace shop, list networkpolicies.networking.k8s.io in namespace pay, list pods in namespace pay, list services in namespace pay, list services in namespace shop
permission can be granted with
  kubectl create role sallyport-reader --namespace=pay --verb=get,list --resource=namespaces,endpointslices.discovery.k8s.io,networkpolicies.networking.k8s.io,pods,services
  kubectl create rolebinding sallyport-reader --namespace=pay --role=sallyport-reader --user=dev
  kubectl create role sallyport-reader --namespace=shop --verb=list --resource=endpointslices.discovery.k8s.io,services
  kubectl create rolebinding sallyport-reader --namespace=shop --role=sallyport-reader --user=dev
`,
    });
    await grantAsSaid(ran);
    await granted('dev', 'pay');
    await world.plane.until(async () => (await world.sallyport(...question)).code !== 2);
    expect(await world.sallyport(...question)).toMatchObject({ code: 1, stdout: expect.stringContaining('denied') });
  });

  /** Runs the commands of a message as they stand, where nobody has run such commands before. */
  async function grantAsSaid({ stderr }: Ran): Promise<void> {
    await world.kubectl('delete', 'clusterrole,clusterrolebinding', 'sallyport-reader');
    for (const namespace of ['shop', 'pay']) await world.kubectl('delete', 'role,rolebinding', 'sallyport-reader', '-n', namespace);
    const commands = stderr.split('\n').filter((line) => line.startsWith('  kubectl '));
    expect(commands.length).toBeGreaterThan(0);
    for (const command of commands) expect(await world.bash(command)).toMatchObject({ code: 0 });
  }

  test('a matrix needs the cluster, and nothing less is passed off as it', async () => {
    const ran = await world.sallyport('matrix', '--as', 'dev', '-n', 'shop');
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain(
      'user "dev" may not list endpointslices.discovery.k8s.io in all namespaces, list namespaces, list networkpolicies.networking.k8s.io in all namespaces, list nodes, list pods in all namespaces, list services in all namespaces\n',
    );
    await world.kubectl('create', 'serviceaccount', 'robot', '-n', 'shop');
    const robot = 'system:serviceaccount:shop:robot';
    const asRobot = await world.sallyport('matrix', '--as', robot);
    expect(asRobot.stderr).toContain(
      'kubectl create clusterrolebinding sallyport-reader --clusterrole=sallyport-reader --serviceaccount=shop:robot\n',
    );
    await grantAsSaid(asRobot);
    await world.plane.until(async () => (await world.sallyport('matrix', '--as', robot)).code === 0);
    const [mine, all] = [await world.sallyport('matrix', '--as', robot), await world.sallyport('matrix')];
    // It may not read who made the ReplicaSet, which is a name and nothing more.
    const words = ({ stdout }: Ran): string[] => stdout.replaceAll('canary-7c9', 'canary').split(/\s+/);
    expect(words(mine)).toEqual(words(all));
    expect(mine.stderr).toContain('note: ');
  });

  test('a pod without an address needs the cluster, too, and it is said why', async () => {
    const ran = await check('viewer', 'shop/starting', 'shop/client');
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('; all of the cluster is needed, because pod shop/starting has no address yet\n');
  });

  test('names that a shell would take apart are quoted', async () => {
    const ran = await check("it's me", 'shop/client', 'shop/client');
    expect(ran.stderr).toContain(`--user='it'\\''s me'`);
    await grantAsSaid(ran);
    await granted("it's me", 'shop');
  });

  test('cluster-wide policies that may not be read keep every answer back', async () => {
    const name = 'clusternetworkpolicies.policy.networking.k8s.io';
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    await world.plane.create([
      {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name, annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubernetes-sigs/network-policy-api' } },
        spec: {
          group: 'policy.networking.k8s.io',
          scope: 'Cluster',
          names: {
            kind: 'ClusterNetworkPolicy',
            plural: 'clusternetworkpolicies',
            singular: 'clusternetworkpolicy',
            listKind: 'ClusterNetworkPolicyList',
          },
          versions: [{ name: 'v1alpha2', served: true, storage: true, schema }],
        },
      },
    ]);
    await world.plane.until(async () => (await check('viewer', 'shop/client', 'shop/deployment/web')).code === 2);
    const ran = await check('viewer', 'shop/client', 'shop/deployment/web');
    expect(ran.stderr).toContain(`error: user "viewer" may not list ${name}\n`);
    await grantAsSaid(ran);
    await world.plane.until(async () => (await check('viewer', 'shop/client', 'shop/deployment/web')).code === 0);
  });
});
