import type { ContainerPort, NetworkPolicy, Node, Pod, Service } from '#core/api/types.ts';
import { everything, selector } from '#core/label/selector.ts';

/** Pod `shop/p<number>` with an address of each family, TCP 8080 (`http`), UDP 53 and SCTP 9000. */
export function pod(number: number, overrides: Partial<Pod> = {}): Pod {
  const ports: ContainerPort[] = [
    { name: 'http', protocol: 'TCP', port: 8080 },
    { protocol: 'UDP', port: 53 },
    { protocol: 'SCTP', port: 9000 },
  ];
  return {
    kind: 'Pod',
    namespace: 'shop',
    name: `p${number}`,
    labels: { app: `p${number}`, tier: number % 2 === 0 ? 'even' : 'odd' },
    addresses: [`10.244.0.${number}`, `fd00:10:244::${number.toString(16)}`],
    assumedAddress: false,
    hostNetwork: false,
    phase: 'Running',
    terminating: false,
    ports,
    ...overrides,
  };
}

export const node = (name: string, addresses: readonly string[] = []): Node => ({
  kind: 'Node',
  name,
  labels: {},
  addresses,
  podCidrs: [],
});

/** Service `shop/<name>` for pods with these labels: TCP 80 to `http`. */
export function service(name: string, labels: Readonly<Record<string, string>>, overrides: Partial<Service> = {}): Service {
  return {
    kind: 'Service',
    namespace: 'shop',
    name,
    type: 'ClusterIP',
    selector: labels,
    clusterIps: [],
    headless: false,
    loadBalancerIps: [],
    externalIps: [],
    internalTrafficPolicy: 'Cluster',
    ports: [{ protocol: 'TCP', port: 80, targetPort: 'http' }],
    externalTrafficPolicy: 'Cluster',
    ...overrides,
  };
}

/** Policy `shop/deny`: nobody may reach the pods with this label value of `app`, or any pod. */
export function denyIngress(app?: string): NetworkPolicy {
  const subject = app === undefined ? everything : selector([{ key: 'app', operator: 'In', values: [app] }]);
  return { kind: 'NetworkPolicy', namespace: 'shop', name: 'deny', subject, ingress: [] };
}
