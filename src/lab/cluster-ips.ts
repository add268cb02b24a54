import { qualifiedName, type Service, type ServicePort } from '#core/api/types.ts';
import { parseCidr } from '#core/net/cidr.ts';
import { type Family, families } from '#core/net/ip.ts';
import { addressesFrom } from './addresses.ts';

const ranges: Readonly<Record<Family, string>> = { 4: '10.96.0.0/16', 6: 'fd00:10:96::/112' };
// The first ten are left to what clusters put there: the API server at .1, DNS at .10.
const reserved = 11n;
const firstNodePort = 30_000;

/**
 * Gives every Service that has none its addresses, one of each family, and every port of a NodePort Service its node port, in the order of
 * the list. A headless Service gets an address too: the lab has no DNS to reach it by. What another Service has already is reported and
 * replaced.
 */
export function giveClusterIps(services: readonly Service[], report: (service: Service, message: string) => void): Service[] {
  const owners = new Map<string, Service>();
  const claim = (service: Service, what: string, key: string): boolean => {
    const owner = owners.get(key);
    if (owner === undefined) owners.set(key, service);
    else report(service, `${what} is that of Service ${qualifiedName(owner)} too`);
    return owner === undefined;
  };
  const own = services.filter(({ type }) => type !== 'ExternalName').map((service) => withOwn(service, claim));
  const next = families.map((family) => addressesFrom(family, parseCidr(ranges[family])!.cidr.base + reserved, owners));
  const given = own.map((service) =>
    service.clusterIps.length > 0 ? service : { ...service, clusterIps: next.map((addresses) => addresses.next().value) },
  );
  const nextPort = numbersFrom(firstNodePort, owners);
  return given.map((service) => (service.type === 'ClusterIP' ? service : withNodePorts(service, nextPort)));
}

/** The Service without what is not its own. */
function withOwn(service: Service, claim: (service: Service, what: string, key: string) => boolean): Service {
  const clusterIps = service.clusterIps.filter((address) => claim(service, address, address));
  const ports = service.ports.map((port): ServicePort => {
    const { nodePort, ...rest } = port;
    if (nodePort === undefined || service.type === 'ClusterIP') return rest;
    return claim(service, `node port ${nodePort}`, `${port.protocol} ${nodePort}`) ? port : rest;
  });
  return { ...service, clusterIps, ports };
}

function withNodePorts(service: Service, next: Generator<number, never>): Service {
  return { ...service, ports: service.ports.map((port) => ({ ...port, nodePort: port.nodePort ?? next.next().value })) };
}

/** Numbers that are nobody's port of any protocol. */
function* numbersFrom(first: number, taken: ReadonlyMap<string, unknown>): Generator<number, never> {
  for (let number = first; ; number++) {
    if (!['TCP', 'UDP', 'SCTP'].some((protocol) => taken.has(`${protocol} ${number}`))) yield number;
  }
}
