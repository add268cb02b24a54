import { describe, expect, test } from 'vitest';
import { type Choices, defaultChoices } from '../api/choices.ts';
import { decodeObject } from '../api/decode.ts';
import { choicesOfProfile } from '../api/profiles.ts';
import type { Pod } from '../api/types.ts';
import { clusterOf } from '../cluster/cluster.ts';
import { Analysis } from './analysis.ts';
import { type CheckAnswer, checkConnection } from './answer.ts';
import type { Flow } from './check.ts';
import { isUnanswerable } from './unanswerable.ts';

const node = (name: string, address: string, labels = {}): object => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels },
  status: { addresses: [{ type: 'InternalIP', address }] },
});

interface PodOptions {
  readonly app?: string;
  readonly owner?: string;
  readonly node?: string;
  readonly hostNetwork?: boolean;
  readonly ports?: readonly object[];
  readonly phase?: string;
}

const pod = (
  name: string,
  ips: readonly string[],
  { app = name, owner, node: nodeName, hostNetwork, ports = [], phase }: PodOptions = {},
): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'shop',
    labels: { app },
    ...(owner && {
      ownerReferences: [{ apiVersion: 'apps/v1', kind: owner.split('/')[0], name: owner.split('/')[1], uid: 'u', controller: true }],
    }),
  },
  spec: { ...(nodeName && { nodeName }), ...(hostNetwork && { hostNetwork }), containers: [{ name: 'main', image: 'none', ports }] },
  status: { ...(phase && { phase }), podIPs: ips.map((ip) => ({ ip })) },
});

const service = (name: string, spec: object): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'shop' },
  spec,
});

const policy = (name: string, spec: object): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: 'shop' },
  spec,
});

const app = (name: string): object => ({ podSelector: { matchLabels: { app: name } } });

/** A shop: two web pods of a StatefulSet on two nodes, a database, a client, an agent in the host's network. */
const shop: readonly object[] = [
  node('n1', '192.168.0.11', { 'node-role.kubernetes.io/control-plane': '' }),
  node('n2', '192.168.0.12'),
  pod('web-0', ['10.244.0.1', 'fd00::1'], {
    app: 'web',
    owner: 'StatefulSet/web',
    node: 'n1',
    ports: [{ name: 'http', containerPort: 8080 }],
  }),
  pod('web-1', ['10.244.0.2', 'fd00::2'], {
    app: 'web',
    owner: 'StatefulSet/web',
    node: 'n2',
    ports: [{ name: 'http', containerPort: 9090 }],
  }),
  pod('db', ['10.244.0.3'], { node: 'n1' }),
  pod('client', ['10.244.0.4'], { node: 'n2' }),
  pod('agent', ['192.168.0.12'], { node: 'n2', hostNetwork: true }),
  pod('done', ['10.244.0.9'], { phase: 'Succeeded' }),
  service('web', { selector: { app: 'web' }, clusterIP: '10.96.0.1', ports: [{ port: 80, targetPort: 'http' }] }),
];

const toWeb = policy('to-web', {
  ...app('web'),
  ingress: [
    { from: [app('client')], ports: [{ port: 8080 }] },
    { from: [{ ipBlock: { cidr: '203.0.113.0/24', except: ['203.0.113.128/25'] } }], ports: [{ port: 8080 }, { port: 9090 }] },
  ],
});

function analysisOf(objects: readonly object[], choices: Partial<Choices> = {}, change: (pod: Pod) => Pod = (each) => each): Analysis {
  const { objects: decoded, diagnostics } = decodeObject({ apiVersion: 'v1', kind: 'List', items: objects });
  expect(diagnostics).toEqual([]);
  return new Analysis(clusterOf(decoded.map((each) => (each.kind === 'Pod' ? change(each) : each))), { ...defaultChoices, ...choices });
}

function answer(analysis: Analysis, flow: Flow): CheckAnswer {
  const answered = checkConnection(analysis, flow);
  if (isUnanswerable(answered)) throw new Error(answered.error);
  return answered;
}

const errorOf = (analysis: Analysis, flow: Flow): string => {
  const answered = checkConnection(analysis, flow);
  return isUnanswerable(answered) ? answered.error : `allowed: ${answered.allowed}`;
};

describe('an answer', () => {
  test('is the object of the contract', () => {
    const analysis = analysisOf([...shop, toWeb]);
    expect(answer(analysis, { from: 'shop/client', to: 'shop/web-0', port: 8080 })).toEqual({
      from: { id: 'shop/Pod/client', kind: 'Pod', namespace: 'shop', name: 'client', ip: '10.244.0.4' },
      to: { id: 'shop/Pod/web-0', kind: 'Pod', namespace: 'shop', name: 'web-0', ip: '10.244.0.1' },
      protocol: 'TCP',
      port: 8080,
      family: 4,
      allowed: true,
      certainty: 'defined',
      egress: { allowed: true, reason: 'not-isolated', policies: [], rules: [], nearMisses: [] },
      ingress: {
        allowed: true,
        reason: 'rule',
        policies: [{ kind: 'NetworkPolicy', namespace: 'shop', name: 'to-web' }],
        rules: [{ policy: { kind: 'NetworkPolicy', namespace: 'shop', name: 'to-web' }, index: 0 }],
        nearMisses: [],
      },
    });
  });

  test('names the rules of which one half fits', () => {
    const { ingress } = answer(analysisOf([...shop, toWeb]), { from: 'shop/db', to: 'shop/web-0', port: 8080 });
    expect(ingress).toMatchObject({ allowed: false, reason: 'no-rule-matched', rules: [] });
    expect(ingress.nearMisses.map(({ index, failed }) => `${index} ${failed}`)).toEqual(['0 peer', '1 peer']);
    const other = answer(analysisOf([...shop, toWeb]), { from: 'shop/client', to: 'shop/web-0', port: 9090 });
    expect(other.ingress.nearMisses.map(({ index, failed }) => `${index} ${failed}`)).toEqual(['0 port', '1 peer']);
  });

  test('has the place of a rule where it is known', () => {
    const place = { file: 'a.yaml', line: 12, column: 5 };
    const decoded = decodeObject({ apiVersion: 'v1', kind: 'List', items: [...shop, toWeb] }, { place: () => place });
    const answered = answer(new Analysis(clusterOf(decoded.objects)), { from: 'shop/client', to: 'shop/web-0', port: 8080 });
    expect(answered.ingress.rules[0]).toMatchObject({ index: 0, source: place });
  });
});

describe('pods and workloads', () => {
  const analysis = analysisOf([
    ...shop,
    toWeb,
    policy('only-web-0', { podSelector: { matchLabels: { app: 'db' } }, ingress: [{ from: [{ ipBlock: { cidr: '10.244.0.1/32' } }] }] }),
  ]);

  test.each(['shop/web-0', 'shop/pod/web-0', 'shop/Pod/web-0', 'shop/po/web-0', '10.244.0.1'])('%s is the pod', (from) => {
    expect(answer(analysis, { from, to: 'shop/db', port: 1 })).toMatchObject({
      from: { id: 'shop/Pod/web-0', ip: '10.244.0.1' },
      allowed: true,
    });
  });

  test.each(['shop/web', 'shop/statefulset/web', 'shop/StatefulSet/web', 'shop/sts/web'])('%s is the workload', (from) => {
    const answered = answer(analysis, { from, to: 'shop/db', port: 1 });
    expect(answered.from).toEqual({
      id: 'shop/StatefulSet/web',
      kind: 'Workload',
      namespace: 'shop',
      name: 'web',
      workloadKind: 'StatefulSet',
    });
    expect(answered.allowed).toBe(false);
    expect(answered.results?.map(({ from: who, to, allowed }) => ({ who, to, allowed }))).toEqual([
      { who: ['shop/Pod/web-0'], to: ['shop/Pod/db'], allowed: true },
      { who: ['shop/Pod/web-1'], to: ['shop/Pod/db'], allowed: false },
    ]);
  });

  test('a workload whose members agree has no results', () => {
    expect(answer(analysis, { from: 'shop/web', to: 'shop/client', port: 1 })).not.toHaveProperty('results');
  });

  test('a workload reaches itself when its members reach each other, a single pod always does', () => {
    expect(answer(analysis, { from: 'shop/web', to: 'shop/web', port: 8080 })).toMatchObject({
      allowed: false,
      ingress: { reason: 'no-rule-matched' },
    });
    expect(answer(analysis, { from: 'shop/web-0', to: 'shop/web-0', port: 8080 })).toMatchObject({
      allowed: true,
      egress: { reason: 'self' },
      ingress: { reason: 'self' },
    });
  });

  test('what a pod may do with itself is not the reason of its workload', () => {
    expect(answer(analysisOf(shop), { from: 'shop/web', to: 'shop/web', port: 1 })).toMatchObject({
      allowed: true,
      egress: { reason: 'not-isolated' },
    });
  });

  test('a pod wins over a workload of its name, and kinds of one name must be told apart', () => {
    const twins = analysisOf([
      ...shop,
      pod('web', ['10.244.0.20']),
      pod('x-1', ['10.244.0.21'], { owner: 'StatefulSet/x' }),
      pod('x-2', ['10.244.0.22'], { owner: 'DaemonSet/x' }),
    ]);
    expect(answer(twins, { from: 'shop/web', to: 'shop/db', port: 1 }).from.id).toBe('shop/Pod/web');
    expect(answer(twins, { from: 'shop/sts/web', to: 'shop/db', port: 1 }).from.id).toBe('shop/StatefulSet/web');
    expect(errorOf(twins, { from: 'shop/x', to: 'shop/db', port: 1 })).toBe(
      'endpoint `shop/x` is ambiguous: say shop/DaemonSet/x or shop/StatefulSet/x',
    );
  });

  test.each([
    ['shop/wbe-0', 'unknown endpoint `shop/wbe-0`; did you mean shop/web-0?'],
    ['shop/deployment/web', 'unknown endpoint `shop/deployment/web`'],
    ['10.0.0.0/33', 'endpoint `10.0.0.0/33`: 33 is no prefix length'],
    ['127.0.0.1', '`127.0.0.1` is a loopback address: whoever uses it means itself, and no policy has a say there'],
    ['::1', '`::1` is a loopback address: whoever uses it means itself, and no policy has a say there'],
    ['shpo/web-0', 'unknown endpoint `shpo/web-0`: there is no namespace shpo; did you mean shop/web-0?'],
    ['node:n3', 'unknown endpoint `node:n3`; did you mean node:n1?'],
    [
      'interent',
      'unknown endpoint `interent`: must be namespace/pod, namespace/kind/name, an address, a CIDR, node:NAME, internet, apiserver or namespace/{labels}; did you mean internet?',
    ],
    ['shop/service/wbe', 'unknown endpoint `shop/service/wbe`; did you mean shop/Service/web?'],
    [
      'a/b/c/d',
      'unknown endpoint `a/b/c/d`: must be namespace/pod, namespace/kind/name, an address, a CIDR, node:NAME, internet, apiserver or namespace/{labels}',
    ],
  ])('%s is unknown', (to, error) => {
    expect(errorOf(analysis, { from: 'shop/db', to, port: 1 })).toBe(error);
  });
});

describe('Services', () => {
  const analysis = analysisOf([...shop, toWeb]);

  test.each(['shop/service/web', 'shop/svc/web', 'shop/Service/web', '10.96.0.1'])('%s leads to its pods, each at its own port', (to) => {
    const answered = answer(analysis, { from: 'shop/client', to, port: 80 });
    expect(answered).toMatchObject({
      to: { id: 'shop/Service/web', kind: 'Service' },
      port: 80,
      targetPorts: [8080, 9090],
      allowed: false,
    });
    expect(answered.results?.map(({ to: whom, port, allowed }) => ({ whom, port, allowed }))).toEqual([
      { whom: ['shop/Pod/web-0'], port: 8080, allowed: true },
      { whom: ['shop/Pod/web-1'], port: 9090, allowed: false },
    ]);
  });

  test('a pod reaches itself through a Service, as the choice says', () => {
    const closed = [
      ...shop,
      policy('closed', { ...app('db'), policyTypes: ['Ingress', 'Egress'] }),
      service('db', { selector: { app: 'db' }, ports: [{ port: 5432 }] }),
    ];
    const flow = { from: 'shop/db', to: 'shop/svc/db', port: 5432 };
    expect(answer(analysisOf(closed), flow)).toMatchObject({
      allowed: true,
      certainty: 'cni-dependent',
      dependsOn: ['service-hairpin'],
      egress: { reason: 'hairpin' },
      ingress: { reason: 'hairpin' },
    });
    expect(answer(analysisOf(closed, { 'service-hairpin': 'policy' }), flow)).toMatchObject({ allowed: false, certainty: 'cni-dependent' });
    expect(answer(analysisOf(closed), { ...flow, to: 'shop/db' })).toMatchObject({
      allowed: true,
      certainty: 'defined',
      egress: { reason: 'self' },
    });
  });

  test.each([
    [{ selector: { app: 'web' }, ports: [{ port: 443 }] }, 'Service shop/s has no port TCP/80: it has TCP/443'],
    [{ selector: { app: 'web' }, ports: [{ port: 80, protocol: 'UDP' }] }, 'Service shop/s has no port TCP/80: it has UDP/80'],
    [{ ports: [{ port: 80 }] }, 'Service shop/s has no selector, and no EndpointSlice says who is behind its port TCP/80'],
    [
      { type: 'ExternalName', externalName: 'example.com' },
      'Service shop/s is a name for the host example.com: give the address of that host',
    ],
    [{ selector: { app: 'none' }, ports: [{ port: 80 }] }, 'Service shop/s selects no pod'],
    [
      { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'grpc' }] },
      'Service shop/s leads to port grpc, which none of its pods declares',
    ],
  ])('%j can not be asked', (spec, error) => {
    expect(errorOf(analysisOf([...shop, service('s', spec)]), { from: 'shop/client', to: 'shop/svc/s', port: 80 })).toBe(error);
  });

  test('a Service is no source', () => {
    expect(errorOf(analysis, { from: 'shop/svc/web', to: 'shop/db', port: 1 })).toBe(
      'a Service opens no connections: Service shop/web can only be a destination',
    );
  });
});

describe('addresses, blocks and ranges', () => {
  const analysis = analysisOf([...shop, toWeb]);

  test.each([
    ['203.0.113.0/25', true],
    ['203.0.113.0-203.0.113.127', true],
    ['203.0.113.127', true],
    ['203.0.113.128', false],
    ['203.0.113.0-203.0.113.128', false],
    ['203.0.112.255-203.0.113.0', false],
    ['203.0.113.1,203.0.113.3-203.0.113.5', true],
    ['203.0.113.0/24', false],
  ])('every address of %s: %s', (from, allowed) => {
    expect(answer(analysis, { from, to: 'shop/web', port: 8080 }).allowed).toBe(allowed);
  });

  test('the results cut a block at the edges of what rules say', () => {
    const answered = answer(analysis, { from: '203.0.112.0/23', to: 'shop/web', port: 8080 });
    expect(answered.from).toEqual({ id: '203.0.112.0-203.0.113.255', kind: 'External', ranges: ['203.0.112.0-203.0.113.255'] });
    expect(answered.results?.map(({ from, allowed }) => ({ from, allowed }))).toEqual([
      { from: ['203.0.112.0-203.0.112.255', '203.0.113.128-203.0.113.255'], allowed: false },
      { from: ['203.0.113.0-203.0.113.127'], allowed: true },
    ]);
  });

  test('a block means the pods and nodes in it, too, and ranges only addresses that nobody has', () => {
    const pods = analysisOf([
      ...shop,
      policy('db', { ...app('db'), ingress: [{ from: [{ ipBlock: { cidr: '10.244.0.0/16', except: ['10.244.0.4/32'] } }] }] }),
    ]);
    const block = answer(pods, { from: '10.244.0.0/16', to: 'shop/db', port: 1 });
    expect(block).toMatchObject({ from: { id: '10.244.0.0-10.244.255.255' }, allowed: false });
    expect(block.results?.find(({ allowed }) => !allowed)?.from).toEqual(['shop/Pod/client']);
    expect(answer(pods, { from: '10.244.0.0-10.244.255.255', to: 'shop/db', port: 1 })).toMatchObject({
      from: { id: '10.244.0.0-10.244.255.255' },
      allowed: true,
    });
    expect(errorOf(pods, { from: '10.244.0.4-10.244.0.4', to: 'shop/db', port: 1 })).toMatch(/^no address of 10.244.0.4 /);
  });

  test('an address that a finished pod had is free', () => {
    expect(answer(analysis, { from: '10.244.0.9-10.244.0.9', to: 'shop/db', port: 1 })).toMatchObject({
      from: { kind: 'External' },
      allowed: true,
    });
    expect(answer(analysis, { from: '10.244.0.8/29', to: 'shop/db', port: 1 }).from.id).toBe('10.244.0.8-10.244.0.15');
  });

  test('an address is whoever has it', () => {
    expect(answer(analysis, { from: '192.168.0.12', to: 'shop/db', port: 1 }).from).toEqual({
      id: 'node:n2',
      kind: 'Node',
      name: 'n2',
      ip: '192.168.0.12',
    });
    expect(answer(analysis, { from: '10.244.0.9', to: 'shop/db', port: 1 }).from).toEqual({
      id: '10.244.0.9',
      kind: 'External',
      ip: '10.244.0.9',
    });
    expect(answer(analysis, { from: '::ffff:203.0.113.1', to: 'shop/db', port: 1 }).from.id).toBe('203.0.113.1');
  });

  test('the internet is every public address', () => {
    const outward = (cidr: string, except: string[] = []): Analysis =>
      analysisOf([
        ...shop,
        policy('out', { ...app('client'), policyTypes: ['Egress'], egress: [{ to: [{ ipBlock: { cidr, except } }] }] }),
      ]);
    const flow = { from: 'shop/client', to: 'internet', port: 443 };
    const apart = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '127.0.0.0/8', '203.0.113.0/24'];
    expect(answer(outward('0.0.0.0/0', apart), flow)).toMatchObject({ to: { id: 'internet', kind: 'Internet' }, family: 4, allowed: true });
    const holed = answer(outward('0.0.0.0/0', ['8.8.8.8/32']), flow);
    expect(holed.allowed).toBe(false);
    expect(holed.results?.find(({ allowed }) => !allowed)?.to).toEqual(['8.8.8.8']);
  });

  test('the API server is the control plane', () => {
    expect(answer(analysis, { from: 'shop/client', to: 'apiserver', port: 6443 })).toMatchObject({
      to: { id: 'apiserver', kind: 'Node', name: 'n1', ip: '192.168.0.11' },
      allowed: true,
    });
    const { error } = checkConnection(analysisOf([pod('a', ['10.0.0.1']).valueOf()]), { from: 'shop/a', to: 'apiserver', port: 6443 }) as {
      error: string;
    };
    expect(error).toMatch(/node-role.kubernetes.io\/control-plane/);
  });
});

describe('the family', () => {
  const analysis = analysisOf([...shop, toWeb]);

  test('is that of an address, else that of the first address of the destination', () => {
    expect(answer(analysis, { from: '2001:db8::1', to: 'shop/web', port: 80 }).family).toBe(6);
    expect(answer(analysis, { from: 'shop/web-0', to: 'shop/web-1', port: 80 })).toMatchObject({ family: 4, to: { ip: '10.244.0.2' } });
    expect(answer(analysis, { from: 'shop/web-0', to: 'shop/web-1', port: 80, family: 6 })).toMatchObject({
      family: 6,
      to: { ip: 'fd00::2' },
    });
    expect(answer(analysis, { from: 'internet', to: 'shop/db', port: 80 }).family).toBe(4);
  });

  test('must be one that both ends have', () => {
    expect(errorOf(analysis, { from: '2001:db8::1', to: 'shop/db', port: 80 })).toBe('shop/Pod/db has no IPv6 address');
    expect(errorOf(analysis, { from: '2001:db8::1', to: '10.0.0.1', port: 80 })).toBe(
      '2001:db8::1 and 10.0.0.1 are addresses of different families',
    );
  });
});

describe('how sure it is', () => {
  test('a pod that asks its own node depends on the plugin, the node that asks its pod does not', () => {
    const closed = [...shop, policy('closed', { ...app('db'), policyTypes: ['Ingress', 'Egress'] })];
    expect(answer(analysisOf(closed), { from: 'shop/db', to: 'node:n1', port: 10250 })).toMatchObject({
      allowed: true,
      certainty: 'cni-dependent',
      dependsOn: ['own-node-egress'],
      egress: { reason: 'own-node' },
      ingress: { reason: 'unpoliced-endpoint' },
    });
    expect(answer(analysisOf(closed, { 'own-node-egress': 'policy' }), { from: 'shop/db', to: 'node:n1', port: 10250 }).allowed).toBe(
      false,
    );
    expect(answer(analysisOf(closed), { from: 'node:n1', to: 'shop/db', port: 5432 })).toMatchObject({
      allowed: true,
      certainty: 'defined',
      ingress: { reason: 'own-node' },
    });
    expect(answer(analysisOf(closed), { from: 'node:n2', to: 'shop/db', port: 5432 })).toMatchObject({
      allowed: false,
      certainty: 'defined',
    });
    const open = [...shop, policy('open', { ...app('db'), policyTypes: ['Egress'], egress: [{}] })];
    expect(answer(analysisOf(open), { from: 'shop/db', to: 'node:n1', port: 10250 }).certainty).toBe('defined');
  });

  test('a pod in the network of its host depends on the plugin where a selector would mean it', () => {
    const fromAgent = [...shop, policy('db', { ...app('db'), ingress: [{ from: [app('agent')] }] })];
    expect(answer(analysisOf(fromAgent), { from: 'shop/agent', to: 'shop/db', port: 1 })).toMatchObject({
      from: { id: 'shop/Pod/agent', ip: '192.168.0.12' },
      allowed: false,
      certainty: 'cni-dependent',
      dependsOn: ['hostnetwork'],
      egress: { reason: 'unpoliced-endpoint' },
    });
    expect(answer(analysisOf(fromAgent, { hostnetwork: 'as-pods' }), { from: 'shop/agent', to: 'shop/db', port: 1 }).allowed).toBe(true);
    expect(answer(analysisOf([...shop, toWeb]), { from: 'shop/agent', to: 'shop/db', port: 1 }).certainty).toBe('defined');
  });

  test('a port name and a block depend on the plugin', () => {
    const named = [
      ...shop,
      policy('web', { ...app('web'), ingress: [{ from: [{ ipBlock: { cidr: '0.0.0.0/0' } }], ports: [{ port: 'http' }] }] }),
    ];
    expect(answer(analysisOf(named), { from: 'shop/db', to: 'shop/web-0', port: 8080 })).toMatchObject({
      allowed: true,
      dependsOn: ['ipblock-pods', 'named-port-with-ipblock'],
    });
  });

  test('a block that holds a pod or a node is read otherwise by some plugins, and it is said by which', () => {
    const block = [...shop, policy('web', { ...app('web'), ingress: [{ from: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }] })];
    const flow: Flow = { from: 'shop/db', to: 'shop/web-0', port: 8080 };
    expect(answer(analysisOf(block), flow)).toMatchObject({
      allowed: true,
      certainty: 'cni-dependent',
      dependsOn: ['ipblock-pods'],
      opinions: [
        { choice: 'ipblock-pods', value: 'match', allowed: true },
        { choice: 'ipblock-pods', value: 'ignore', allowed: false, profiles: ['cilium'] },
      ],
    });
    expect(answer(analysisOf(block), { ...flow, from: '203.0.113.7' })).toMatchObject({ allowed: true, certainty: 'defined' });
    for (const [name, allowed] of [
      ['calico', true],
      ['cilium', false],
    ] as const) {
      const { choices, settled } = choicesOfProfile(name);
      const analysis = new Analysis(analysisOf(block).cluster, choices, settled);
      expect(answer(analysis, flow)).toMatchObject({ allowed, certainty: 'defined' });
    }
  });

  test('other protocols are not defined, and predicted', () => {
    const some = [...shop, toWeb, policy('db', { ...app('db'), ingress: [{ from: [app('client')] }] })];
    const ping = (from: string, to: string, choices: Partial<Choices> = {}): CheckAnswer =>
      answer(analysisOf(some, choices), { from, to, protocol: 'ICMP', port: 0 });
    expect(ping('shop/client', 'shop/db')).toMatchObject({ allowed: true, certainty: 'undefined', ingress: { reason: 'rule' } });
    expect(ping('shop/web-0', 'shop/db')).toMatchObject({ allowed: false, certainty: 'undefined' });
    expect(ping('shop/client', 'shop/web-0')).toMatchObject({ allowed: false, ingress: { reason: 'no-rule-matched' } });
    expect(ping('shop/client', 'shop/web-0', { 'other-l4': 'allow' }).allowed).toBe(true);
    expect(ping('shop/client', 'shop/db', { 'other-l4': 'deny' }).allowed).toBe(false);
    expect(ping('shop/db', 'shop/client', { 'other-l4': 'deny' })).toMatchObject({ allowed: true, certainty: 'undefined' });
  });
});

describe('an address that was made up', () => {
  const assume = (each: Pod): Pod => ({ ...each, assumedAddress: true });
  const fromBlock = (cidr: string): object =>
    policy('db', { ...app('db'), ingress: [{ from: [{ ipBlock: { cidr } }], ports: [{ port: 5432 }] }] });
  const ask = (objects: readonly object[], flow: Partial<Flow> = {}): CheckAnswer =>
    answer(analysisOf(objects, {}, assume), { from: 'shop/client', to: 'shop/db', port: 5432, ...flow });

  test('matters where a block that pods may be in decides', () => {
    expect(ask([...shop, fromBlock('10.244.0.4/32')])).toMatchObject({ allowed: true, assumedAddress: true });
    expect(ask([...shop, fromBlock('10.1.0.0/16')])).toMatchObject({ allowed: false, assumedAddress: true });
  });

  test('does not matter where the block holds all that pods may have, or nothing of it', () => {
    expect(ask([...shop, fromBlock('0.0.0.0/0')])).not.toHaveProperty('assumedAddress');
    expect(ask([...shop, fromBlock('203.0.113.0/24')])).not.toHaveProperty('assumedAddress');
  });

  test('does not matter where another rule, the port or the other gate decides', () => {
    expect(ask([...shop, fromBlock('10.244.0.4/32'), policy('all', { ...app('db'), ingress: [{}] })])).not.toHaveProperty('assumedAddress');
    expect(ask([...shop, fromBlock('10.244.0.4/32')], { port: 80 })).not.toHaveProperty('assumedAddress');
    expect(ask([...shop, fromBlock('10.244.0.4/32'), policy('closed', { ...app('client'), policyTypes: ['Egress'] })])).not.toHaveProperty(
      'assumedAddress',
    );
  });

  test('does not matter to a pod that asks itself', () => {
    const analysis = analysisOf([...shop, fromBlock('10.244.0.3/32')], { 'service-hairpin': 'policy' }, assume);
    expect(answer(analysis, { from: 'shop/db', to: 'shop/db', port: 5432 })).not.toHaveProperty('assumedAddress');
  });

  describe('of a pod in the network of a node that is not known', () => {
    const agent = pod('agent', ['10.244.0.9'], { hostNetwork: true });
    const among = (objects: readonly object[], flow: Partial<Flow> = {}): CheckAnswer => ask([...shop, agent, ...objects], flow);
    const toAgent = { from: 'shop/client', to: 'shop/agent', port: 9100 };
    const toBlock = (cidr: string): object =>
      policy('client', { ...app('client'), policyTypes: ['Egress'], egress: [{ to: [{ ipBlock: { cidr } }] }] });

    test('matters where a block that any address may be in decides', () => {
      for (const cidr of ['203.0.113.0/24', '10.244.0.9/32'])
        expect(among([toBlock(cidr)], toAgent)).toHaveProperty('assumedAddress', true);
      expect(among([toBlock('0.0.0.0/0')], toAgent)).not.toHaveProperty('assumedAddress');
    });

    test('matters where it could be on the own node of the other', () => {
      const closed = (app_: string, policyTypes: readonly string[]): object => policy('closed', { ...app(app_), policyTypes });
      expect(among([closed('db', ['Ingress'])], { from: 'shop/agent' })).toMatchObject({ allowed: false, assumedAddress: true });
      const toNode = (choices: Partial<Choices>): CheckAnswer =>
        answer(analysisOf([...shop, agent, closed('client', ['Egress'])], choices, assume), toAgent);
      expect(toNode({ 'own-node-egress': 'always-allow' })).toMatchObject({ allowed: false, assumedAddress: true });
      expect(toNode({ 'own-node-egress': 'policy' })).not.toHaveProperty('assumedAddress');
    });
  });

  test('matters where somebody names it', () => {
    expect(ask(shop, { from: '10.244.0.4' })).toMatchObject({ allowed: true, assumedAddress: true });
  });
});
