import { expect, test } from 'vitest';
import { observedFlows } from './observed.ts';

test('conntrack: who opened it, and who answers after translation; each once, of both families', () => {
  const text = `tcp      6 431999 ESTABLISHED src=10.244.1.5 dst=10.96.0.10 sport=40000 dport=80 src=10.244.2.7 dst=10.244.1.5 sport=8080 dport=40000 [ASSURED] mark=0 use=1
tcp      6 86399 ESTABLISHED src=10.244.1.5 dst=10.96.0.10 sport=40001 dport=80 src=10.244.2.7 dst=10.244.1.5 sport=8080 dport=40001 [ASSURED] mark=0 use=1
udp      17 29 src=10.244.1.5 dst=10.96.0.11 sport=5000 dport=53 [UNREPLIED] src=10.244.2.8 dst=10.244.1.5 sport=53 dport=5000 mark=0 use=1
icmp     1 29 src=10.244.1.5 dst=10.244.2.7 type=8 code=0 id=5 src=10.244.2.7 dst=10.244.1.5 type=0 code=0 id=5 mark=0 use=1
ipv6     10 udp      17 29 src=fd00:10:244:0::5 dst=fd00:10:244::7 sport=5000 dport=53 src=fd00:10:244::7 dst=fd00:10:244::5 sport=53 dport=5000 mark=0 use=1
`;
  expect(observedFlows(text)).toEqual({
    flows: [
      { from: '10.244.1.5', to: '10.244.2.7', protocol: 'TCP', port: 8080 },
      { from: 'fd00:10:244::5', to: 'fd00:10:244::7', protocol: 'UDP', port: 53 },
    ],
    passedOver: 2,
  });
});

const hubble = (flow: object): object => ({
  verdict: 'FORWARDED',
  is_reply: false,
  IP: { source: '10.0.1.2', destination: '10.0.2.3', ipVersion: 'IPv4' },
  l4: { TCP: { source_port: 41000, destination_port: 8080, flags: { SYN: true } } },
  source: { namespace: 'shop', pod_name: 'client-7d9f-x', workloads: [{ name: 'client', kind: 'Deployment' }] },
  destination: { namespace: 'shop', pod_name: 'web-0' },
  Type: 'L3_L4',
  ...flow,
});

test('Hubble: by workload, pod or address, what was forwarded and no reply, in an envelope or not', () => {
  const lines = [
    { flow: hubble({}), node_name: 'n1' },
    hubble({}),
    { flow: hubble({ destination: { labels: ['reserved:world'] }, IP: { source: '10.0.1.2', destination: '203.0.113.7' } }) },
    ...[{ is_reply: true }, { verdict: 'DROPPED' }, { Type: 'SOCK' }, { l4: { ICMPv4: { type: 8 } } }].map((flow) => ({
      flow: hubble(flow),
    })),
  ];
  expect(observedFlows(lines.map((line) => JSON.stringify(line)).join('\n'))).toEqual({
    flows: [
      { from: 'shop/Deployment/client', to: 'shop/web-0', protocol: 'TCP', port: 8080 },
      { from: 'shop/Deployment/client', to: '203.0.113.7', protocol: 'TCP', port: 8080 },
    ],
    passedOver: 4,
  });
});

test('drops: what was denied and what policies in audit tell of, by workload, pod or address', () => {
  const drop = (rest: object): object => ({ audit: true, packets: 2, protocol: 'TCP', port: 8080, ...rest });
  const client = { id: 'shop/Pod/client-x', kind: 'Pod', workload: 'shop/Deployment/client' };
  const web = { id: 'shop/Pod/web', kind: 'Pod' };
  const lines = [
    drop({ from: client, to: web }),
    drop({ from: client, to: web, audit: false }),
    { time: '2026-11-29T14:00:00Z', node: 'n1', missed: 7 },
    drop({ from: { id: '203.0.113.7', kind: 'External' }, to: web, protocol: 'UDP', port: 53 }),
    drop({ from: client, to: web, protocol: 'ICMP', port: 0 }),
  ];
  expect(observedFlows(lines.map((line) => JSON.stringify(line)).join('\n'))).toEqual({
    flows: [
      { from: 'shop/Deployment/client', to: 'shop/Pod/web', protocol: 'TCP', port: 8080 },
      { from: '203.0.113.7', to: 'shop/Pod/web', protocol: 'UDP', port: 53 },
    ],
    passedOver: 2,
  });
});

test('lists of wanted flows are something else', () => {
  for (const text of ['', '[]', '{"from":"a/b","to":"c/d","port":80}', '- {from: a/b, to: c/d, port: 80}', 'from,to,port\na/b,c/d,80'])
    expect(observedFlows(text)).toBeUndefined();
});
