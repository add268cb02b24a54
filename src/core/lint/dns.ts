import type { Pod, Service } from '../api/types.ts';
import { behind } from '../verdict/service-backends.ts';
import type { LintContext } from './context.ts';

/** The cluster's DNS as it runs here: for each protocol the pods that answer, with the ports that they are reached at. */
export interface ClusterDns {
  readonly service: Service;
  readonly UDP: ReadonlyMap<Pod, number>;
  readonly TCP: ReadonlyMap<Pod, number>;
}

/** What the Service of the cluster's DNS is called: by Kubernetes, and by distributions that say otherwise. */
const names: ReadonlySet<string> = new Set(['kube-dns', 'coredns', 'dns-default', 'rke2-coredns-rke2-coredns']);
const homes: ReadonlySet<string> = new Set(['kube-system', 'openshift-dns']);

/** The cluster's DNS, if it is among what was read. */
export function dnsOf(context: LintContext): ClusterDns | undefined {
  return context.keep('dns', () => {
    const service = context.services.find(({ name, namespace }) => names.has(name) && homes.has(namespace));
    if (service === undefined) return undefined;
    const dns = { service, UDP: podsBehind(context, service, 'UDP'), TCP: podsBehind(context, service, 'TCP') };
    return dns.UDP.size > 0 ? dns : undefined;
  });
}

function podsBehind({ analysis }: LintContext, service: Service, protocol: string): Map<Pod, number> {
  const port = service.ports.find((each) => each.port === 53 && each.protocol === protocol);
  if (port === undefined) return new Map();
  const backends = behind(analysis.cluster, { kind: 'name', service, port });
  if ('error' in backends) return new Map();
  return new Map([...backends.targets].filter((entry): entry is [Pod, number] => typeof entry[0] !== 'string'));
}

/** Where NodeLocal DNSCache listens on every node. */
export const nodeLocalAddress = '169.254.20.10';
