import type { Service } from '../api/types.ts';
import {
  type AddressSet,
  addressesFrom,
  formatCidrs,
  hasAddress,
  intersectAddresses,
  isEmptyAddresses,
  subtractAddresses,
} from '../net/address-set.ts';
import { type Family, parseIp } from '../net/ip.ts';
import type { FlowVerdict } from './check.ts';
import { portsReached } from './outcome.ts';
import { isOpenToOutside } from './passage.ts';
import type { Way } from './service-backends.ts';

/** Something about the way to a Service that changes what policy sees. */
export interface ServiceNote {
  readonly code:
    | 'port-translated'
    | 'headless'
    | 'no-selector'
    | 'block-of-cluster-ip'
    | 'closed-to-outside'
    | 'source-replaced'
    | 'source-kept'
    | 'load-balancer'
    | 'source-ranges'
    | 'nodes-unknown'
    | 'local-endpoints';
  /** One sentence or two, without a final period. */
  readonly message: string;
}

/** Everything about the way to a Service that should be known of a verdict. Source: semantics.md section 4.5. */
export function serviceNotes(verdict: FlowVerdict, hasNodes: boolean): ServiceNote[] {
  if (verdict.to.members.kind !== 'backends') return [];
  const { way } = verdict.to.members.backends;
  return [...portNotes(verdict, way), ...sourceNotes(verdict, way, hasNodes)];
}

function portNotes({ outcomes, port: asked }: FlowVerdict, { kind, service, port }: Way): ServiceNote[] {
  const called = `Service ${service.namespace}/${service.name}`;
  const targets = portsReached(outcomes);
  const others = targets.filter((target) => target !== asked);
  const notes: ServiceNote[] = [];
  if (service.headless) {
    const ports =
      others.length === 0
        ? ''
        : `; clients that read ports from DNS (SRV records) arrive at ${others.join(', ')}, which is judged here, and one that dials ${asked} itself arrives there`;
    notes.push({
      code: 'headless',
      message: `${called} is headless: its name leads to the pods themselves, and nothing is translated${ports}`,
    });
  } else if (others.length > 0) {
    const from = kind === 'node-port' ? `node port ${port.nodePort}` : `port ${asked}`;
    notes.push({
      code: 'port-translated',
      message: `${from} of ${called} is ${targets.join(', ')} at the pods, and only that is what rules can name`,
    });
  }
  if (service.selector === undefined)
    notes.push({
      code: 'no-selector',
      message: `${called} has no selector: EndpointSlices say which addresses are behind it, and policy sees those`,
    });
  if (hasBlockOfService(outcomes, service.clusterIps))
    notes.push({
      code: 'block-of-cluster-ip',
      message: `an ipBlock that holds the cluster address of ${called} lets nothing through: policy sees the endpoints behind it`,
    });
  return notes;
}

/** Whether an egress rule of a source speaks of the Service's own address, which no gate ever sees. */
function hasBlockOfService(outcomes: FlowVerdict['outcomes'], clusterIps: readonly string[]): boolean {
  const ips = clusterIps.map((address) => parseIp(address)!);
  const peers = outcomes.flatMap(({ verdict }) =>
    verdict.egress.allowed ? [] : verdict.egress.policies.flatMap(({ egress = [] }) => egress.flatMap((rule) => rule.peers ?? [])),
  );
  return peers.some((peer) => peer.kind === 'addresses' && ips.some((ip) => hasAddress(peer.addresses, ip)));
}

function sourceNotes(verdict: FlowVerdict, way: Way, hasNodes: boolean): ServiceNote[] {
  const { outcomes } = verdict;
  const { kind, service } = way;
  const called = `Service ${service.namespace}/${service.name}`;
  const isOutside = outcomes.some(({ connection }) => connection.from.owner.kind === 'External');
  const isReplaced = outcomes.some(({ connection }) => connection.passage?.seenFrom !== undefined);
  const notes: ServiceNote[] = [];
  if (isOutside && kind !== 'node-port' && !isOpenToOutside(way))
    notes.push({
      code: 'closed-to-outside',
      message: `nothing leads to ${called} from outside the cluster (type ${service.type}): this is what policy would say of an address there; what an ingress controller forwards comes from the controller's own pods`,
    });
  else if (isReplaced)
    notes.push({
      code: 'source-replaced',
      message: `externalTrafficPolicy of ${called} is Cluster: a node that the connection comes to puts its own address in the place of the source, unless the endpoint runs there, so rules by the address of the source may not see it`,
    });
  else if (isOutside && service.externalTrafficPolicy === 'Local')
    notes.push({ code: 'source-kept', message: `externalTrafficPolicy of ${called} is Local: the address of the source is kept` });
  else if (isOutside && !hasNodes)
    notes.push({
      code: 'nodes-unknown',
      message: `externalTrafficPolicy of ${called} is Cluster and no Node is known: endpoints may see the address of a node instead of the source`,
    });
  if (isOutside && service.type === 'LoadBalancer')
    notes.push({
      code: 'load-balancer',
      message: 'a load balancer may put its own address in the place of the source, and policy would see that',
    });
  if (kind === 'load-balancer' || (isOutside && kind === 'name')) notes.push(...rangeNotes(verdict, service, called));
  if (service.internalTrafficPolicy === 'Local')
    notes.push({
      code: 'local-endpoints',
      message: `internalTrafficPolicy of ${called} is Local: a pod is led to endpoints of its own node only`,
    });
  return notes;
}

/** Load balancers and kube-proxy ask it of the client's own address. Source: LoadBalancerSourceRanges of ServiceSpec in core/v1. */
function rangeNotes(verdict: FlowVerdict, { sourceRanges }: Service, called: string): ServiceNote[] {
  if (sourceRanges === undefined) return [];
  const sources = sourcesOf(verdict);
  const isOutside = isEmptyAddresses(intersectAddresses(sources, sourceRanges));
  const isWithin = isEmptyAddresses(subtractAddresses(sources, sourceRanges));
  const here = isOutside ? 'the source is not among them' : isWithin ? 'the source is among them' : 'a part of the source is among them';
  const ranges = formatCidrs(sourceRanges).join(', ');
  return [
    {
      code: 'source-ranges',
      message: `loadBalancerSourceRanges of ${called} lets in ${ranges} alone, whatever policy says: ${here}`,
    },
  ];
}

/** All addresses that connections come from, of the families that were judged. */
function sourcesOf({ from: { members }, outcomes }: FlowVerdict): AddressSet {
  const ips = outcomes.map(({ connection }) => connection.from.ip);
  if (members.kind !== 'space') return addressesFrom(ips);
  const ofFamily = (family: Family) => (ips.some((ip) => ip.family === family) ? members.addresses[family] : []);
  return { 4: ofFamily(4), 6: ofFamily(6) };
}
