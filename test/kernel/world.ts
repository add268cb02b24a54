import type { KubernetesObject, NetworkPolicy, Pod } from '#core/api/types.ts';
import { everything, type Selector, selector } from '#core/label/selector.ts';

/** The small cluster of the tests that look closely at packets: `client` on one node, `server` and `closed` on another. */
export const client = '10.244.0.1';
export const server = '10.244.0.2';
export const closed = '10.244.0.3';

export const app = (name: string): Selector => selector([{ key: 'app', operator: 'In', values: [name] }]);

/** A pod of namespace `x`, or another, with TCP and UDP port 80. */
export const pod = (name: string, address: string, node: string, namespace = 'x'): Pod => ({
  kind: 'Pod',
  namespace,
  name,
  labels: { app: name },
  addresses: [address],
  assumedAddress: false,
  node,
  hostNetwork: false,
  phase: 'Running',
  terminating: false,
  ports: [
    { protocol: 'TCP', port: 80 },
    { protocol: 'UDP', port: 80 },
  ],
});

const node = (name: string, address: string): KubernetesObject => ({ kind: 'Node', name, labels: {}, addresses: [address], podCidrs: [] });

/** Client and server on two nodes, so that each gate is another kernel's table. */
export const world: readonly KubernetesObject[] = [
  node('n1', '192.168.0.11'),
  node('n2', '192.168.0.12'),
  pod('client', client, 'n1'),
  pod('server', server, 'n2'),
  pod('closed', closed, 'n2'),
];

/** A policy of namespace `x`, for all its pods unless it says otherwise. */
export const policy = (name: string, spec: Partial<NetworkPolicy>): NetworkPolicy => ({
  kind: 'NetworkPolicy',
  namespace: 'x',
  name,
  subject: everything,
  ...spec,
});

export const isolateAll = policy('isolate', { ingress: [], egress: [] });

/** What lets `client` reach `server` in an isolated namespace: one policy for each gate. */
export const allowOut = policy('out', { subject: app('client'), egress: [{ peers: [{ kind: 'pods', pods: everything }] }] });
export const allowIn = policy('in', { subject: app('server'), ingress: [{ peers: [{ kind: 'pods', pods: app('client') }] }] });
