import { describe, expect, it } from 'vitest';
import { Analysis } from '#core/verdict/analysis.ts';
import { denyIngress, node, pod, service } from '#test/kernel/lab-objects.ts';
import { everyPair, type PlannedFlow, planFlows } from './flows.ts';
import { topologyOf } from './topology.ts';

const web = [{ protocol: 'TCP', port: 80 }] as const;
const objects = [
  node('n1', ['192.168.0.11']),
  pod(1, { addresses: ['10.0.0.1', 'fd00::1'], ports: web }),
  pod(2, { addresses: ['fd00::2'], ports: web }),
  pod(3, { addresses: ['10.0.0.3'], ports: [], owner: { kind: 'Deployment', name: 'd' } }),
  service('one', { app: 'p1' }, { clusterIps: ['10.96.0.9'], ports: [{ protocol: 'TCP', port: 8000, targetPort: 80 }] }),
  service('all', {}, { clusterIps: ['10.96.0.10'], ports: [{ protocol: 'TCP', port: 8000, targetPort: 80 }] }),
  denyIngress('p1'),
];
const topology = topologyOf(objects);
const analysis = new Analysis(topology.cluster);
const plan = (from: string, to: string, port = 80): PlannedFlow => {
  const planned = planFlows(analysis, [{ from, to, port }]);
  if ('error' in planned) throw new Error(planned.error);
  return planned[0]!;
};

describe('everyPair', () => {
  it('takes each declared port of each destination, from everybody who has an address of a family with it', () => {
    expect(everyPair(topology).map(({ from, to, family }) => `${from} ${to} ${family}`)).toEqual([
      'shop/Pod/p1 shop/Pod/p2 6',
      'shop/Pod/p2 shop/Pod/p1 6',
      'shop/Pod/p3 shop/Pod/p1 4',
      'node:n1 shop/Pod/p1 4',
      '2001:db8::10 shop/Pod/p1 6',
      '2001:db8::10 shop/Pod/p2 6',
      '203.0.113.10 shop/Pod/p1 4',
    ]);
  });

  it('has verdicts for all of them', () => {
    expect(planFlows(analysis, everyPair(topology))).toHaveLength(7);
  });
});

describe('planFlows', () => {
  it('tries pods at their addresses', () => {
    expect(plan('shop/p3', 'shop/p1')).toMatchObject({
      from: { id: 'shop/Pod/p3' },
      to: { id: 'shop/Pod/p1', ip: '10.0.0.1' },
      verdict: 'deny',
      family: 4,
      trials: [{ from: '10.0.0.3', to: '10.0.0.1', protocol: 'TCP', port: 80, expected: 'deny' }],
    });
  });

  it('tries Services at theirs, often enough to meet every pod', () => {
    const once = { from: '10.0.0.3', to: '10.96.0.9', protocol: 'TCP', port: 8000, expected: 'any' };
    expect(plan('shop/p3', 'shop/service/one', 8000).trials).toEqual([once]);
    expect(plan('shop/p3', 'shop/service/all', 8000).trials).toEqual(new Array(4).fill({ ...once, to: '10.96.0.10' }));
  });

  it('stands an address that a machine can have for a range', () => {
    expect(plan('internet', 'shop/p1').trials.map(({ from }) => from)).toEqual(['1.0.0.0']);
    expect(plan('127.0.0.0/7', 'shop/p1').trials.map(({ from }) => from)).toEqual(['126.0.0.0']);
    expect(plan('198.51.100.7', 'shop/p1').trials.map(({ from }) => from)).toEqual(['198.51.100.7']);
  });

  it('says which flow has no answer', () => {
    const flows = [
      { from: 'shop/p1', to: 'shop/p2', port: 80 },
      { from: 'shop/p1', to: 'shop/p9', port: 80 },
    ];
    expect(planFlows(analysis, flows)).toMatchObject({ index: 1, error: expect.stringContaining('unknown endpoint `shop/p9`') });
  });
});
