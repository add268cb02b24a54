import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { Diagnosis, Examined } from '#core/enforcement/examination.ts';
import { agentLabels } from '#core/enforcement/well-known.ts';
import { withNamespace } from '#dataplane/namespace.ts';
import type { Manifest } from '../cluster/control-plane.ts';
import { cannotRunControlPlane, clone } from '../cluster/programs.ts';
import { faultsOf } from '../schema/schemas.ts';
import { ask } from './asking.ts';
import { agentRole, boundTo, NodeAgent } from './node-agent.ts';
import { clusterPolicyKind, daemonSet, kindOf, node, nodeOf, pod, workload } from './shop.ts';
import { type Ran, World } from './world.ts';

const missing = cannotRunControlPlane() ?? (process.getuid?.() === 0 ? undefined : 'needs root');

const account = 'system:serviceaccount:kube-system:sallyport-agent';

describe.skipIf(missing !== undefined)(`doctor of a cluster${missing === undefined ? '' : ` (${missing})`}`, () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ users: [{ token: 'token-of-agent', name: 'agent' }] });
    await world.plane.create([
      nodeOf('n1', '192.168.0.11'),
      nodeOf('n2', '192.168.0.12'),
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
      clusterPolicyKind,
      agentRole,
      boundTo('agent'),
    ]);
    await world.plane.until(async () => (await world.kubectl('get', 'clusternetworkpolicies')).code === 0);
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  const doctor = async (...words: string[]): Promise<{ readonly ran: Ran; readonly found: ReadonlyMap<string, Examined> }> => {
    const ran = await world.sallyport('doctor', '--live', '-o', 'json', ...words);
    const diagnosis = JSON.parse(ran.stdout) as Diagnosis;
    expect(faultsOf('doctor', diagnosis)).toEqual([]);
    return { ran, found: new Map(diagnosis.checks.map((each) => [each.check, each])) };
  };
  const found = async (check: string, ...words: string[]): Promise<Examined> => (await doctor(...words)).found.get(check)!;
  const messages = async (check: string, ...words: string[]): Promise<string[]> =>
    (await found(check, ...words)).hindrances.map(({ severity, message }) => `${severity}: ${message}`);
  const remove = (path: string) => world.plane.send('DELETE', path);
  /** Has objects there for as long as `look` takes. */
  const withWorkloads = async <T>(workloads: readonly Manifest[], look: () => Promise<T>): Promise<T> => {
    await world.plane.create(workloads);
    try {
      return await look();
    } finally {
      for (const { kind, metadata } of workloads)
        await remove(`/apis/apps/v1/namespaces/${metadata.namespace}/${kind.toLowerCase()}s/${metadata.name}`);
    }
  };

  test('says of every check how it is, of an empty cluster that no agent is there', async () => {
    const { code, stdout } = await world.sallyport('doctor', '--live');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^ok {7}api-server {5}Kubernetes v1\.\d+\.\d+\nok {7}nodes {10}2 nodes, kernel 6\.1\.0-18-amd64\n/);
    expect(stdout).toContain('problem: no agent runs in this cluster: Sallyport enforces nothing\n');
    expect(stdout).toMatch(/^skipped {2}account {8}no agent runs as a pod/m);
    expect(stdout).toMatch(/^ok {7}engines {8}no other engine of network policy$/m);
    expect(stdout).toMatch(/^skipped {2}kube-proxy {5}no DaemonSet and no ConfigMap of it/m);
    expect(stdout).toMatch(/\n\n1 problem, 0 warnings, 2 checks skipped\n$/);
    // A flag that names a cluster means it, too.
    expect((await world.sallyport('doctor', '--kubeconfig', world.kubeconfig)).stdout).toBe(stdout);
    const guide = readFileSync(join(clone, 'docs/troubleshoot.md'), 'utf8');
    for (const name of (await doctor()).found.keys()) expect(guide).toContain(`| \`${name}\` | `);
  });

  // Source of each: what the project itself publishes to be applied.
  test.each<[name: string, ...workloads: Manifest[]]>([
    ['Calico', daemonSet('calico-node', { 'k8s-app': 'calico-node' }, ['calico-node', 'quay.io/calico/node:v3.29.1'])],
    [
      'Calico',
      workload('Deployment', 'shop', 'tigera-operator', { 'k8s-app': 'tigera-operator' }, [['o', 'quay.io/tigera/operator:v1.36.2']]),
    ],
    [
      'Canal',
      daemonSet(
        'canal',
        { 'k8s-app': 'canal' },
        ['calico-node', 'quay.io/calico/node:v3.29.1'],
        ['kube-flannel', 'docker.io/flannel/flannel:v0.24.4'],
      ),
    ],
    ['Canal', daemonSet('rke2-canal', { 'k8s-app': 'canal' }, ['calico-node', 'rancher/hardened-calico:v3.29.1-build20241218'])],
    ['Cilium', daemonSet('cilium', { 'k8s-app': 'cilium' }, ['cilium-agent', 'quay.io/cilium/cilium:v1.16.5@sha256:758ca0'])],
    ['GKE Dataplane V2', daemonSet('anetd', { 'k8s-app': 'cilium' }, ['cilium-agent', 'gke.gcr.io/cilium/cilium:v1.14.12-gke.3'])],
    [
      'Antrea',
      daemonSet(
        'antrea-agent',
        { app: 'antrea', component: 'antrea-agent' },
        ['antrea-agent', 'antrea/antrea-agent-ubuntu:v2.2.0'],
        ['antrea-ovs', 'antrea/antrea-agent-ubuntu:v2.2.0'],
      ),
    ],
    [
      'OVN-Kubernetes',
      daemonSet('ovnkube-node', { app: 'ovnkube-node' }, ['ovn-controller', 'ghcr.io/ovn-org/ovn-kubernetes/ovn-kube-ubuntu']),
    ],
    ['Kube-OVN', daemonSet('kube-ovn-cni', { app: 'kube-ovn-cni' }, ['cni-server', 'docker.io/kubeovn/kube-ovn:v1.13.2'])],
    [
      'kube-router',
      daemonSet('kube-router', { 'k8s-app': 'kube-router' }, [
        'kube-router',
        'docker.io/cloudnativelabs/kube-router',
        ['--run-router=true'],
      ]),
    ],
    [
      'Weave Net',
      daemonSet('weave-net', { name: 'weave-net' }, ['weave', 'weaveworks/weave-kube:2.8.1'], ['weave-npc', 'weaveworks/weave-npc:2.8.1']),
    ],
    [
      'kube-network-policies',
      daemonSet('kube-network-policies', { app: 'kube-network-policies' }, [
        'kube-network-policies',
        'registry.k8s.io/networking/kube-network-policies:v0.9.0',
      ]),
    ],
    // Flannel's chart puts it beside flannel.
    [
      'kube-network-policies',
      daemonSet(
        'kube-flannel-ds',
        { app: 'flannel' },
        ['kube-flannel', 'ghcr.io/flannel-io/flannel:v0.26.2'],
        ['kube-network-policies', 'registry.k8s.io/networking/kube-network-policies:v0.7.0'],
      ),
    ],
    ['kindnet', daemonSet('kindnet', { app: 'kindnet' }, ['kindnet-cni', 'docker.io/kindest/kindnetd:v20241212-9f82dd49'])],
    [
      'the policy agent of the AWS VPC CNI',
      daemonSet(
        'aws-node',
        { 'k8s-app': 'aws-node' },
        ['aws-node', '602401143452.dkr.ecr.us-west-2.amazonaws.com/amazon-k8s-cni:v1.19.0'],
        [
          'aws-eks-nodeagent',
          '602401143452.dkr.ecr.us-west-2.amazonaws.com/amazon/aws-network-policy-agent:v1.1.5',
          ['--enable-network-policy=true'],
        ],
      ),
    ],
    [
      'Azure Network Policy Manager',
      daemonSet('azure-npm', { 'k8s-app': 'azure-npm' }, ['azure-npm', 'mcr.microsoft.com/containernetworking/azure-npm:v1.5.3']),
    ],
    ['Romana', daemonSet('romana-agent', { 'romana-app': 'agent' }, ['romana-agent', 'quay.io/romana/agent:v2.0.2'])],
  ])('knows %s', async (name, ...workloads) => {
    const { kind, metadata } = workloads[0]!;
    await withWorkloads(workloads, async () => {
      const [message, ...more] = await messages('engines');
      expect(message).toContain(`problem: ${name} is at work (${kind} ${metadata.namespace}/${metadata.name}: `);
      expect(more).toEqual([]);
    });
  });

  test('knows what of these enforces nothing', async () => {
    const idle = [
      daemonSet('kube-router', { 'k8s-app': 'kube-router' }, [
        'kube-router',
        'cloudnativelabs/kube-router:v2.4.0',
        ['--run-firewall=false'],
      ]),
      daemonSet('weave-net', { name: 'weave-net' }, ['weave', 'weaveworks/weave-kube:2.8.1']),
      daemonSet('kindnet', { app: 'kindnet' }, ['kindnet-cni', 'docker.io/kindest/kindnetd:v20240202-8f1494ea']),
      daemonSet('aws-node', { 'k8s-app': 'aws-node' }, [
        'aws-eks-nodeagent',
        '602401143452.dkr.ecr.us-west-2.amazonaws.com/amazon/aws-network-policy-agent:v1.1.5',
        ['--enable-network-policy=false'],
      ]),
      daemonSet('kube-flannel-ds', { app: 'flannel' }, ['kube-flannel', 'ghcr.io/flannel-io/flannel:v0.26.2']),
      daemonSet('ingress-nginx', { app: 'nginx' }, ['controller', 'registry.k8s.io/ingress-nginx/controller:v1.12.0']),
    ];
    const { state, summary } = await withWorkloads(idle, () => found('engines'));
    expect(state).toBe('ok');
    expect(summary).toBe(
      'no other engine of network policy; that of kube-router is turned off; that of Weave Net is turned off; that of kindnet is turned off; that of the policy agent of the AWS VPC CNI is turned off',
    );
  });

  test.each([
    ['server', '["server","--disable","traefik"]', ['problem: k3s enforces with an engine of its own']],
    ['server, with policy', '["server","--disable-network-policy","false"]', ['problem: k3s enforces']],
    ['server, without policy', '["server","--disable-network-policy"]', []],
    ['server, without policy by its file', '["server","--disable-network-policy","true"]', []],
    ['agent alone', '["agent"]', ['warning: k3s has an engine of its own inside']],
    ['nothing that can be read', '["agent"', ['warning: k3s has an engine of its own inside']],
  ])('looks into k3s: %s', async (_, args, expected) => {
    await world.plane.create([nodeOf('k3s', '192.168.0.13', { kubeletVersion: 'v1.34.4+k3s1' }, { 'k3s.io/node-args': args })]);
    try {
      expect(await messages('engines')).toEqual(expected.map((begin) => expect.stringContaining(begin)));
    } finally {
      await remove('/api/v1/nodes/k3s');
    }
  });

  test('names nodes that can not have an agent, or may not', async () => {
    await world.plane.create([
      nodeOf('w1', '192.168.0.14', { operatingSystem: 'windows', kernelVersion: '10.0.20348.2849' }),
      nodeOf('old', '192.168.0.15', { kernelVersion: '4.18.0-553.el8_10.x86_64' }),
      node('new', '192.168.0.16'),
    ]);
    expect(await messages('nodes')).toEqual([
      'problem: no agent can run on w1 (windows): nothing is enforced for the pods there',
      'warning: the kernel is older than 5.4 on old (4.18.0-553.el8_10.x86_64): it may not take what a ruleset is made of',
      'warning: which kernel they have is not known of new',
    ]);
    for (const name of ['w1', 'old', 'new']) await remove(`/api/v1/nodes/${name}`);
  });

  test.each([
    ['its file', 'mode: ipvs\n', [], 'mode ipvs, v1.34.4', ['warning: kube-proxy balances with IPVS']],
    ['its file, as kubeadm writes it', 'kind: KubeProxyConfiguration\nmode: ""\n', [], 'mode iptables, v1.34.4', []],
    ['its arguments before its file', 'mode: ipvs\n', ['--proxy-mode=nftables'], 'mode nftables, v1.34.4', []],
    ['a newer one', 'mode: nftables\n', [], 'mode nftables, v1.99.0', ['warning: kube-proxy v1.99.0 is newer than the API server']],
    ['an old one', 'mode: nftables\n', [], 'mode nftables, v1.29.3', ['warning: kube-proxy v1.29.3 is more than 3 minor versions older']],
  ])("tells kube-proxy's mode and version: %s", async (_, config, args, summary, expected) => {
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'kube-system', name: 'kube-proxy' } };
    const version = /v1\S+/.exec(summary)![0];
    await world.plane.create([{ ...map, data: { 'config.conf': config } }]);
    const proxy = daemonSet('kube-proxy', { 'k8s-app': 'kube-proxy' }, ['kube-proxy', `registry.k8s.io/kube-proxy:${version}`, args]);
    const examined = await withWorkloads([proxy], () => found('kube-proxy'));
    expect(examined.summary).toBe(summary);
    expect(examined.hindrances.map(({ severity, message }) => `${severity}: ${message}`)).toEqual(
      expected.map((begin) => expect.stringContaining(begin)),
    );
    await remove('/api/v1/namespaces/kube-system/configmaps/kube-proxy');
  });

  test('counts policies that nobody here enforces, by kind, and leaves out those that somebody does', async () => {
    await world.plane.create([
      kindOf('policy.networking.k8s.io', 'AdminNetworkPolicy', 'adminnetworkpolicies'),
      kindOf('cilium.io', 'CiliumNetworkPolicy', 'ciliumnetworkpolicies', 'Namespaced'),
      kindOf('crd.projectcalico.org', 'GlobalNetworkPolicy', 'globalnetworkpolicies'),
      kindOf('crd.projectcalico.org', 'StagedGlobalNetworkPolicy', 'stagedglobalnetworkpolicies'),
      kindOf('example.com', 'ProjectNetworkPolicy', 'projectnetworkpolicies'),
    ]);
    await world.plane.until(async () => (await messages('engines')).length === 2);
    // Nobody has made one yet: the kinds alone are left of a removal, or of somebody who hides.
    expect(await messages('engines')).toEqual([
      expect.stringContaining('warning: the API has kinds of Calico (crd.projectcalico.org), and no workload of it is seen'),
      expect.stringContaining('warning: the API has kinds of Cilium (cilium.io), and no workload of it is seen'),
    ]);
    expect(await found('policies')).toMatchObject({ state: 'ok', summary: 'none of kinds that Sallyport does not enforce' });
    const at = (group: string, plural: string, namespace?: string): string =>
      `/apis/${group}/v1alpha2/${namespace === undefined ? '' : `namespaces/${namespace}/`}${plural}`;
    const put = async (path: string, kind: string, name: string): Promise<void> => {
      const apiVersion = path.split('/').slice(2, 4).join('/');
      expect(await world.plane.send('POST', path, { apiVersion, kind, metadata: { name } })).toMatchObject({ status: 201 });
    };
    await put(at('policy.networking.k8s.io', 'clusternetworkpolicies'), 'ClusterNetworkPolicy', 'ours');
    await put(at('policy.networking.k8s.io', 'adminnetworkpolicies'), 'AdminNetworkPolicy', 'one');
    await put(at('cilium.io', 'ciliumnetworkpolicies', 'shop'), 'CiliumNetworkPolicy', 'one');
    await put(at('cilium.io', 'ciliumnetworkpolicies', 'shop'), 'CiliumNetworkPolicy', 'two');
    await put(at('crd.projectcalico.org', 'globalnetworkpolicies'), 'GlobalNetworkPolicy', 'one');
    await put(at('crd.projectcalico.org', 'stagedglobalnetworkpolicies'), 'StagedGlobalNetworkPolicy', 'one');
    await put(at('example.com', 'projectnetworkpolicies'), 'ProjectNetworkPolicy', 'one');
    expect((await messages('policies')).sort()).toEqual([
      'problem: 1 object of kind AdminNetworkPolicy (policy.networking.k8s.io): Sallyport does not enforce them',
      'problem: 1 object of kind GlobalNetworkPolicy (crd.projectcalico.org): nobody is seen who enforces them',
      'problem: 2 objects of kind CiliumNetworkPolicy (cilium.io): nobody is seen who enforces them',
      'warning: 1 object of kind ProjectNetworkPolicy (example.com): nobody is seen who enforces them',
    ]);
    const canal = daemonSet('canal', { 'k8s-app': 'canal' }, ['calico-node', 'quay.io/calico/node:v3.29.1']);
    await withWorkloads([canal], async () => {
      expect((await messages('policies')).join()).not.toContain('GlobalNetworkPolicy');
      expect((await messages('engines')).join()).not.toContain('kinds of Calico');
    });
  });

  test('an API that is away keeps back what only it could say', async () => {
    const root = '/apis/apiregistration.k8s.io/v1/apiservices';
    const service = (group: string): object => ({
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: `v1.${group}` },
      spec: {
        group,
        version: 'v1',
        groupPriorityMinimum: 100,
        versionPriority: 100,
        insecureSkipTLSVerify: true,
        service: { namespace: 'shop', name: 'nobody' },
      },
    });
    const answered = async (): Promise<boolean> => (await found('policies')).state !== 'skipped';
    // No policy is there, and everybody's is away at times.
    expect(await world.plane.send('POST', root, service('metrics.k8s.io'))).toMatchObject({ status: 201 });
    expect(await answered()).toBe(true);
    expect(await world.plane.send('POST', root, service('policy.example.com'))).toMatchObject({ status: 201 });
    await world.plane.until(async () => !(await answered()));
    expect((await found('policies')).summary).toContain('GET /apis/policy.example.com/v1 gave 503');
    for (const group of ['metrics.k8s.io', 'policy.example.com']) await remove(`${root}/v1.${group}`);
    await world.plane.until(answered);
  });

  describe('with an agent', () => {
    let agent: NodeAgent;
    beforeAll(async () => {
      agent = new NodeAgent(world, 'token-of-agent').start();
      await agent.line('programmed');
      const { spec, metadata, ...rest } = pod('kube-system', 'sallyport-agent-1', { labels: agentLabels, node: 'n1' });
      // It stands for the pod that the process would be in, which nobody could reach.
      await world.plane.create([{ ...rest, metadata, spec: { ...(spec as object), serviceAccountName: 'sallyport-agent' } } as Manifest]);
    });
    afterAll(() => agent?.[Symbol.asyncDispose]());

    /** Runs it where the agent and the API server are. */
    const onNode = (...words: string[]): Promise<Ran> =>
      withNamespace(agent.namespace, () => ({ ran: world.sallyport(...words, '-s', `https://127.0.0.1:${agent.relay.port}`) })).ran;

    test('says of every node how its agent is', async () => {
      const { stdout } = await onNode('doctor', '--agent', 'http://127.0.0.1:9470');
      expect(stdout).toMatch(/^problem {2}agents {9}1 of 2 nodes has a ready agent of version \S+\n +problem: no agent runs on n2: /m);
      const said = JSON.parse((await ask(agent, '/status')).body) as object;
      const ill = {
        ...said,
        node: 'n2',
        version: '0.0.9',
        ready: false,
        checks: [{ name: 'judged', ok: false, message: 'cni0 is unjudged' }],
      };
      const files = [said, ill].map((status, index) => {
        writeFileSync(join(world.folder, `said-${index}.json`), JSON.stringify(status));
        return ['--agent', join(world.folder, `said-${index}.json`)];
      });
      expect(await messages('agents', ...files.flat())).toEqual([
        'problem: the agent of n2 is not ready: cni0 is unjudged',
        expect.stringMatching(/^warning: agents are of 2 versions: \S+ on n1; 0\.0\.9 on n2$/),
      ]);
    });

    test('an agent that does not answer is no agent that is ready', async () => {
      expect(await messages('agents')).toEqual([
        expect.stringContaining('problem: no agent runs on n2'),
        expect.stringContaining('problem: the agent of n1 does not say how it is: kube-system/sallyport-agent-1 does not answer'),
      ]);
    });

    test("names what the agents' account lacks, and the commands that grant it do", async () => {
      const [lost, mute] = await messages('account');
      expect(lost).toContain(
        `problem: the agents' account ${account} may not list namespaces, watch namespaces, list nodes, watch nodes, list pods in all namespaces`,
      );
      expect(lost).toContain('watch clusternetworkpolicies.policy.networking.k8s.io');
      expect(mute).toContain(`warning: the agents' account ${account} may not create events in all namespaces, patch events`);
      const { hindrances } = await found('account');
      const commands = hindrances.flatMap(({ remedy }) => remedy.split(' && ').map((part) => part.replace(/^.*, or /, '')));
      await world.kubectl('delete', 'clusterrole', 'sallyport-agent');
      for (const command of commands) expect(await world.bash(command)).toMatchObject({ code: 0 });
      await world.plane.until(async () => (await found('account')).state === 'ok');
      expect((await found('account')).summary).toBe(`${account} may do what agents do`);
    });

    test('the role of the manifests is enough', async () => {
      for (const name of ['sallyport-agent', 'sallyport-agent-events'])
        await world.kubectl('delete', 'clusterrole,clusterrolebinding', name);
      await world.plane.until(async () => (await found('account')).state === 'problem');
      const manifests = parseAllDocuments(readFileSync(join(clone, 'deploy/manifests/sallyport.yaml'), 'utf8'));
      const roles = manifests.map((document) => document.toJS() as Manifest).filter(({ kind }) => kind.startsWith('ClusterRole'));
      await world.plane.create(roles);
      await world.plane.until(async () => (await found('account')).state === 'ok');
    });
  });

  test('what may not be looked at is said with the rules that grant it, and is no answer', async () => {
    await world.plane.create([
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: 'onlooker' },
        rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['list'] }],
      },
      boundTo('dev', 'onlooker'),
    ]);
    await world.plane.until(async () => (await world.kubectl('get', 'nodes', '--as', 'dev')).code === 0);
    const { ran, found: checks } = await doctor('--as', 'dev');
    expect(checks.get('api-server')?.state).toBe('ok');
    expect(checks.get('nodes')?.state).toBe('ok');
    expect(checks.get('agents')).toMatchObject({ state: 'skipped', summary: 'user "dev" may not list pods in all namespaces' });
    expect(checks.get('engines')).toMatchObject({
      state: 'skipped',
      summary: 'user "dev" may not list daemonsets.apps in all namespaces, list deployments.apps in all namespaces',
    });
    expect(checks.get('kube-proxy')?.summary).toContain('get configmaps/kube-proxy in namespace kube-system');
    // Nothing was found, and that is no yes.
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/^permission can be granted with\n {2}kubectl create clusterrole sallyport-reader --verb=list --resource=/);
    const grant = async ({ stderr }: Ran): Promise<void> => {
      for (const command of stderr.split('\n').filter((line) => line.startsWith('  kubectl '))) {
        await world.bash(command.replace(/create (\S+) (\S+).*/, 'delete $1 $2 --ignore-not-found'));
        expect(await world.bash(command)).toMatchObject({ code: 0 });
      }
    };
    await grant(ran);
    await world.plane.until(async () => (await found('engines', '--as', 'dev')).state !== 'skipped');
    // Of agents that are found it may not ask yet, nor about their account.
    const second = await doctor('--as', 'dev');
    expect(second.found.get('agents')?.summary).toBe('user "dev" may not get pods/proxy in namespace kube-system');
    expect(second.found.get('account')?.summary).toBe('user "dev" may not create subjectaccessreviews.authorization.k8s.io');
    expect(second.ran.stderr).toContain(
      'kubectl create clusterrole sallyport-reviewer --verb=create --resource=subjectaccessreviews.authorization.k8s.io\n',
    );
  });

  test('a cluster that can not be reached is no answer', async () => {
    expect(await world.sallyport('doctor', '--live', '-s', 'https://127.0.0.1:1')).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining("can't be reached"),
    });
  });

  test('asks and changes nothing', () => {
    const asked = world.plane.audit().filter(({ userAgent }) => userAgent === 'sallyport');
    const other = asked.filter(
      ({ verb, requestURI }) => !['get', 'list', 'watch'].includes(verb) && !requestURI.includes('subjectaccessreviews'),
    );
    expect(asked.length).toBeGreaterThan(100);
    // The agent's own.
    expect(other.filter(({ requestURI }) => !requestURI.includes('/events'))).toEqual([]);
  });
});
