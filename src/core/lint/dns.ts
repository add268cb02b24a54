import type { Pod, Service } from '../api/types.ts';
import { dnsServices, isForDns } from '../verdict/cluster-dns.ts';
import { podsBehind } from '../verdict/service-backends.ts';
import type { LintContext } from './context.ts';

/** The cluster's DNS as it runs here: for each protocol the pods that answer, with the ports that they are reached at. */
export interface ClusterDns {
  readonly service: Service;
  readonly UDP: ReadonlyMap<Pod, number>;
  readonly TCP: ReadonlyMap<Pod, number>;
}

/** The cluster's DNS, if it is among what was read. */
export function dnsOf(context: LintContext): ClusterDns | undefined {
  return context.keep('dns', () => {
    const found = dnsServices(context.analysis.cluster).map(
      (service): ClusterDns => ({ service, UDP: answering(context, service, 'UDP'), TCP: answering(context, service, 'TCP') }),
    );
    return found.find(({ UDP }) => UDP.size > 0);
  });
}

function answering({ analysis }: LintContext, service: Service, protocol: string): Map<Pod, number> {
  const port = service.ports.find((each) => isForDns(each) && each.protocol === protocol);
  return new Map(port === undefined ? [] : podsBehind(analysis.cluster, service, port));
}
