import { describe, expect, it } from 'vitest';
import { decodeObject } from '../api/decode.ts';
import { clusterOf } from '../cluster/cluster.ts';
import { Analysis } from '../verdict/analysis.ts';
import { portTexts } from './port-ranges.ts';
import { decodeTest } from './read-test.ts';
import { TestRun } from './run-tests.ts';

const object = (apiVersion: string, kind: string, metadata: object, rest: object) =>
  decodeObject({ apiVersion, kind, metadata, ...rest }).objects[0]!;

const pod = (name: string, ips: readonly string[], { node = 'n1', app = name } = {}) =>
  object(
    'v1',
    'Pod',
    { name, namespace: 'shop', labels: { app } },
    {
      spec: { nodeName: node, containers: [{ name: 'main', image: 'x' }] },
      status: { phase: 'Running', podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) },
    },
  );

const policy = (name: string, spec: object) => object('networking.k8s.io/v1', 'NetworkPolicy', { name, namespace: 'shop' }, { spec });

const cluster = [
  object('v1', 'Node', { name: 'n1' }, { status: { addresses: [{ type: 'InternalIP', address: '192.168.0.1' }] } }),
  object('v1', 'Node', { name: 'n2' }, { status: { addresses: [{ type: 'InternalIP', address: '192.168.0.2' }] } }),
  pod('web-0', ['10.0.0.1', 'fd00::1'], { app: 'web' }),
  pod('web-1', ['10.0.0.2', 'fd00::2'], { app: 'web', node: 'n2' }),
  pod('db', ['10.0.0.3', 'fd00::3']),
  object(
    'v1',
    'Service',
    { name: 'db', namespace: 'shop' },
    {
      spec: { selector: { app: 'db' }, ports: [{ port: 80, targetPort: 5432 }] },
    },
  ),
  policy('db', {
    podSelector: { matchLabels: { app: 'db' } },
    ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ port: 5432 }] }],
  }),
  policy('web', {
    podSelector: { matchLabels: { app: 'web' } },
    policyTypes: ['Egress'],
    egress: [
      { to: [{ podSelector: { matchLabels: { app: 'db' } } }], ports: [{ port: 5432 }] },
      { to: [{ ipBlock: { cidr: '203.0.113.0/24' } }, { ipBlock: { cidr: '2001:db8::/32' } }], ports: [{ port: 443 }] },
    ],
  }),
];

/** What becomes of a test: its status, and what is wrong. */
function run(test: object): string[] {
  const { test: document, diagnostics } = decodeTest({
    apiVersion: 'sallyport.dev/v1alpha1',
    kind: 'ConnectivityTest',
    metadata: { name: 'x' },
    tests: [{ name: 'x', ...test }],
  });
  if (document === undefined) throw new Error(JSON.stringify(diagnostics));
  const [result] = [...new TestRun(new Analysis(clusterOf(cluster)), document).results()];
  const { status, violations, errors } = result!;
  return [
    status,
    ...violations.map(({ expected, from, to, traffic }) => `${expected}: ${from} → ${to} ${portTexts(traffic).join(' ')}`),
    ...errors.map(({ error }) => error),
  ];
}

describe('nothingElse', () => {
  it('leaves the own node out and no other', () => {
    expect(run({ to: 'shop/db', allow: [{ from: 'shop/{app=web}', ports: 5432 }], nothingElse: true })).toEqual(['passed']);
    expect(run({ to: 'shop/web-0', allow: ['shop/db', 'shop/web-1', 'outside'], nothingElse: true })).toEqual([
      'failed',
      'allow: shop/web-1 → shop/web-0 TCP UDP SCTP',
      'nothing else: node:n1 → shop/Pod/web-0 TCP UDP SCTP',
      'nothing else: node:n2 → shop/Pod/web-0 TCP UDP SCTP',
    ]);
  });

  it('takes what stands behind a Service, at its own port', () => {
    const allow = [{ to: 'shop/service/db' }, { to: ['203.0.113.0/24', '2001:db8::/32'], ports: 443 }];
    expect(run({ from: 'shop/{app=web}', allow, nothingElse: true })).toEqual(['passed']);
  });

  it('divides external addresses by whom the test means', () => {
    const allow = [
      { to: 'shop/db', ports: 5432 },
      { to: '203.0.113.0/25', ports: 443 },
    ];
    expect(run({ from: 'shop/web-0', allow, nothingElse: true })).toEqual([
      'failed',
      'nothing else: shop/Pod/web-0 → 203.0.113.128-203.0.113.255 TCP/443',
      'nothing else: shop/Pod/web-0 → 2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff TCP/443',
    ]);
  });

  it('tells members and families of an endpoint apart', () => {
    expect(run({ to: 'shop/db', allow: [{ from: 'shop/web-0', ports: 5432 }], nothingElse: true })).toEqual([
      'failed',
      'nothing else: shop/Pod/web-1 → shop/Pod/db TCP/5432',
    ]);
    expect(run({ to: 'shop/db', family: 4, allow: [{ from: 'shop/{app=web}', ports: 5432 }], nothingElse: true })).toEqual([
      'failed',
      'nothing else: shop/Pod/web-0 → shop/Pod/db TCP/5432',
    ]);
  });

  it('may be said of some ports only', () => {
    expect(run({ to: 'shop/web-0', nothingElse: ['UDP/53', 'TCP/80-81'] })[1]).toBe(
      'nothing else: shop/Pod/db → shop/Pod/web-0 TCP/80-81 UDP/53',
    );
    expect(run({ to: 'shop/db', nothingElse: [80] })).toEqual(['passed']);
  });

  it('is said of pods', () => {
    expect(run({ to: 'node:n1', nothingElse: true })).toEqual(['error', expect.stringContaining('node:n1 is none')]);
  });
});

describe('expectations', () => {
  it('without ports are of every port', () => {
    expect(run({ from: 'shop/web-0', to: 'shop/db', expect: 'allow' })).toEqual([
      'failed',
      'allow: shop/web-0 → shop/db TCP/1-5431 TCP/5433-65535 UDP SCTP',
    ]);
    expect(run({ from: 'shop/web-0', to: 'shop/db', ports: 'TCP/5000-6000', expect: 'deny' })).toEqual([
      'failed',
      'deny: shop/web-0 → shop/db TCP/5432',
    ]);
  });

  it('prove something or are errors', () => {
    expect(run({ from: 'shop/{app=wbe}', to: 'shop/db', expect: 'deny' })).toEqual(['error', expect.stringContaining('selects no pod')]);
    expect(run({ from: 'blog/*', to: 'shop/db', expect: 'deny' })).toEqual(['error', expect.stringContaining('no namespace blog')]);
    expect(run({ from: 'shop/web-0', to: 'shop/service/db', ports: 5432, expect: 'deny' })).toEqual([
      'error',
      expect.stringContaining('has no port TCP/5432'),
    ]);
    expect(run({ from: 'node:n1', to: 'shop/db', family: 6, expect: 'deny' })).toEqual(['error', 'node:n1 has no IPv6 address']);
    expect(run({ from: '198.51.100.1', to: '2001:db8::1', expect: 'deny' })).toEqual(['error', expect.stringContaining('one family')]);
  });
});
