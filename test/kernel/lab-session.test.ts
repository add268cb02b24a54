import { afterEach, describe, expect, it } from 'vitest';
import { defaultChoices } from '#core/api/choices.ts';
import type { EndpointSlice, KubernetesObject, NetworkPolicy } from '#core/api/types.ts';
import { selector } from '#core/label/selector.ts';
import { addressesOf } from '#core/net/address-set.ts';
import { parseCidr } from '#core/net/cidr.ts';
import type { Flow } from '#core/verdict/check.ts';
import { Lab } from '#lab/lab.ts';
import type { LabReport } from '#lab/run.ts';
import { Session } from '#lab/session.ts';
import { cannotRunLab } from './lab-needs.ts';
import { denyIngress, node, pod, service } from './lab-objects.ts';

const reason = cannotRunLab();
const app = (value: string) => selector([{ key: 'app', operator: 'In', values: [value] }]);

describe.skipIf(reason !== undefined)(`packets compared with verdicts${reason === undefined ? '' : ` (${reason})`}`, () => {
  let lab: Lab;
  afterEach(() => lab.close());

  async function start(objects: readonly KubernetesObject[], flows?: readonly Flow[]): Promise<Session> {
    lab = await Lab.create(objects);
    return new Session(lab, { choices: defaultChoices, ...(flows && { flows }) });
  }
  async function reportOf(session: Session): Promise<LabReport> {
    const report = await session.report();
    if ('error' in report) throw new Error(report.error);
    return report;
  }
  const inNamespace = (place: string, ...command: string[]): Promise<unknown> => {
    const child = lab.exec(place, command, { stdio: 'inherit' });
    return new Promise((resolve) => child.once('exit', resolve));
  };

  it('agree for every pair, and after every change of policy', async () => {
    const pods = [
      pod(1),
      pod(2),
      pod(3, { hostNetwork: true, addresses: [], ports: [{ protocol: 'TCP', port: 9999 }] }),
      node('n1'),
      node('n2'),
    ];
    const session = await start([...pods, denyIngress('p1')]);
    await session.begin();
    const report = await reportOf(session);
    // Two pods with three ports from five others, one with one port from six; the pod on the node's network is one of those.
    expect(report.flows).toHaveLength(2 * 3 * 6 + 6);
    expect(report).toMatchObject({ mismatches: 0, errors: 0, skipped: 0 });
    expect(report.flows.filter(({ verdict }) => verdict === 'deny').map(({ to }) => to.id)).toContain('shop/Pod/p1');
    await session.update([...pods, denyIngress()]);
    const later = await reportOf(session);
    expect(later).toMatchObject({ mismatches: 0, errors: 0, skipped: 0 });
    expect(later.flows.filter(({ observed }) => observed === 'deny').length).toBeGreaterThan(
      report.flows.filter(({ observed }) => observed === 'deny').length,
    );
    expect(await session.probe({ from: 'shop/p1', to: 'shop/p2', port: 7777 })).toEqual({
      from: { id: 'shop/Pod/p1', kind: 'Pod', namespace: 'shop', name: 'p1', ip: '10.244.0.1' },
      to: { id: 'shop/Pod/p2', kind: 'Pod', namespace: 'shop', name: 'p2', ip: '10.244.0.2' },
      protocol: 'TCP',
      port: 7777,
      family: 4,
      verdict: 'deny',
      observed: 'deny',
      match: true,
    });
    await expect(session.probe({ from: 'shop/p1', to: 'shop/p8', port: 1 })).rejects.toThrow('unknown endpoint');
  });

  it('agree for Services, the internet, blocks and hosts outside', async () => {
    const onlyP2: NetworkPolicy = {
      kind: 'NetworkPolicy',
      namespace: 'shop',
      name: 'only-p2',
      subject: app('p1'),
      egress: [{ peers: [{ kind: 'pods', pods: app('p2') }] }],
    };
    const session = await start(
      [pod(1), pod(2), pod(4), service('even', { tier: 'even' }), service('two', { app: 'p2' }), service('own', { app: 'p1' }), onlyP2],
      [
        { from: 'shop/p1', to: 'shop/service/even', port: 80 },
        { from: 'shop/p1', to: 'shop/service/two', port: 80 },
        { from: 'shop/p1', to: 'shop/service/own', port: 80 },
        { from: 'shop/p4', to: 'shop/service/even', port: 80, family: 6 },
        { from: 'internet', to: 'shop/p1', port: 443 },
        { from: 'shop/p1', to: 'internet', port: 443 },
        { from: 'shop/p4', to: '198.51.100.0/24', port: 443 },
        { from: 'shop/p1', to: '9.9.9.9', protocol: 'UDP', port: 53 },
        { from: 'shop/p2', to: '2620:fe::9', protocol: 'SCTP', port: 53 },
        { from: 'node:node-1', to: 'shop/p1', port: 1 },
        { from: 'shop/p1', to: 'shop/p2', protocol: 'ICMP', port: 0 },
      ],
    );
    await session.begin();
    const { flows, mismatches, skipped } = await reportOf(session);
    expect(flows.filter(({ match }) => !match)).toEqual([]);
    expect([mismatches, skipped]).toEqual([0, 1]);
    expect(flows.map(({ observed }) => observed).join(' ')).toBe('deny allow allow allow allow deny allow deny allow allow skipped');
  });

  it('agree for ports of nodes, load balancers and slices, whatever is translated on the way', async () => {
    const block = (cidr: string) => ({ kind: 'block' as const, cidr, except: [], addresses: addressesOf([parseCidr(cidr)!.cidr]) });
    const onlyFrom = (name: string, who: string, ...cidrs: string[]): NetworkPolicy => ({
      kind: 'NetworkPolicy',
      namespace: 'shop',
      name,
      subject: app(who),
      ingress: [{ peers: cidrs.map(block) }],
    });
    const port = { protocol: 'TCP', port: 80, targetPort: 'http' } as const;
    const client = '203.0.113.10';
    const [one, two] = ['192.168.7.1', '192.168.7.2'];
    const slice: EndpointSlice = {
      kind: 'EndpointSlice',
      namespace: 'shop',
      name: 'outside-1',
      service: 'outside',
      addresses: [client],
      ports: [{ name: '', protocol: 'TCP', port: 8443 }],
    };
    const { selector: _, ...selectorless } = service('outside', {}, { ports: [{ protocol: 'TCP', port: 443, targetPort: 443 }] });
    const session = await start(
      [
        node('n1', [one]),
        node('n2', [two]),
        pod(1, { node: 'n1' }),
        pod(2, { node: 'n2' }),
        pod(3, { node: 'n1' }),
        pod(4, { node: 'n2' }),
        service('spread', {}, { type: 'NodePort', ports: [{ ...port, nodePort: 30080 }] }),
        service('kept', { app: 'p1' }, { type: 'NodePort', externalTrafficPolicy: 'Local', ports: [{ ...port, nodePort: 30081 }] }),
        service('near', { app: 'p1' }, { type: 'LoadBalancer', loadBalancerIps: ['198.51.100.80'], ports: [{ ...port, nodePort: 30082 }] }),
        selectorless,
        slice,
        onlyFrom('p1', 'p1', `${client}/32`, `${two}/32`),
        { ...onlyFrom('p2', 'p2'), ingress: [], egress: [{ peers: [block(`${one}/32`), block(`${client}/32`)] }] },
      ],
      [
        { from: client, to: 'node:n1', port: 30081 },
        { from: client, to: 'node:n1', port: 30080 },
        { from: client, to: 'node:n2', port: 30082 },
        { from: client, to: 'node:n1', port: 30082 },
        { from: 'shop/p2', to: 'node:n1', port: 30081 },
        { from: 'shop/p2', to: 'node:n2', port: 30081 },
        { from: 'shop/p4', to: 'node:n1', port: 30082 },
        { from: 'shop/p4', to: 'node:n2', port: 30082 },
        { from: 'shop/p3', to: '198.51.100.80', port: 80 },
        { from: 'shop/p4', to: '198.51.100.80', port: 80 },
        { from: 'shop/p2', to: 'shop/service/outside', port: 443 },
        { from: 'shop/p2', to: 'shop/service/kept', port: 80 },
      ],
    );
    await session.begin();
    const { flows, mismatches, errors } = await reportOf(session);
    expect(flows.filter(({ match }) => !match)).toEqual([]);
    expect([mismatches, errors]).toEqual([0, 0]);
    expect(new Set(flows.map(({ observed }) => observed))).toEqual(new Set(['allow', 'deny']));
  });

  it('disagree when a ruleset does not do its work', async () => {
    const session = await start([pod(1), pod(2), denyIngress('p2')]);
    await session.begin();
    for (const name of lab.topology.nodes.keys()) {
      lab.killAgent(name, 'SIGSTOP');
      await inNamespace(`node:${name}`, 'nft', 'delete', 'table', 'inet', 'sallyport');
    }
    const report = await reportOf(session);
    const wrong = report.flows.filter(({ match }) => !match);
    expect(wrong.length).toBe(report.mismatches);
    expect(new Set(wrong.map(({ to, verdict, observed }) => `${to.id} ${verdict} ${observed}`))).toEqual(
      new Set(['shop/Pod/p2 deny allow']),
    );
  });

  it('say nothing about policy where the path is broken', async () => {
    const session = await start([pod(1), pod(2), denyIngress('p2')]);
    await inNamespace(
      'wire',
      'nft',
      'add table inet broken; add chain inet broken c { type filter hook forward priority 0; policy drop; }',
    );
    await session.begin();
    const { flows, errors } = await reportOf(session);
    const between = flows.filter(({ from, to }) => from.kind === 'Pod' && to.kind === 'Pod');
    expect(new Set(between.map(({ detail }) => detail))).toEqual(
      new Set(['without any policy already: no answer, and no node has recorded a denial']),
    );
    expect(errors).toBeGreaterThanOrEqual(between.length);
  });

  it('report a flow that nobody can answer, by its place in the list', async () => {
    const session = await start(
      [pod(1)],
      [
        { from: 'shop/p1', to: 'shop/p1', port: 1 },
        { from: 'shop/p1', to: 'nowhere/x', port: 1 },
      ],
    );
    expect(await session.begin()).toMatchObject({ index: 1 });
  });
});
