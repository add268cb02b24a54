import { type Pod, qualifiedName, type Service, type ServicePort } from '#core/api/types.ts';
import { type Family, families } from '#core/net/ip.ts';
import { isOfFamily } from '#core/verdict/endpoint.ts';
import { type Backend, backendsOf } from '#core/verdict/service-backends.ts';
import type { Topology } from './topology.ts';

/** Who answers for a port of a Service: the address and port where it does. */
export interface ServiceEndpoint {
  /** The pod that has the address, if one has. */
  readonly pod?: Pod;
  readonly address: string;
  readonly port: number;
}

const table = 'inet lab-proxy';
/** The packet mark of what must be masqueraded, as kube-proxy has it. */
const masqueradeMark = '0x4000';

/** nft's word for addresses of the family. */
const ip = (family: Family): string => (family === 4 ? 'ip' : 'ip6');

/** Where one port of a Service leads in one family. */
export interface ServiceRoute {
  readonly service: Service;
  readonly port: ServicePort;
  readonly family: Family;
  /** The cluster addresses of the family, and those that lead to it from outside. */
  readonly addresses: readonly string[];
  readonly outside: readonly string[];
  readonly endpoints: readonly ServiceEndpoint[];
}

/** Where all Services lead that lead somewhere, in order of namespace and name. */
export function routesOf(topology: Topology): ServiceRoute[] {
  const services = [...topology.cluster.namespaces.values()].flatMap((content) => [...content.services.values()]);
  const inOrder = services.sort((a, b) => (qualifiedName(a) < qualifiedName(b) ? -1 : 1));
  const routes = inOrder.flatMap((service) =>
    service.ports.flatMap((port) => families.map((family) => routeOf(topology, service, port, family))),
  );
  return routes.filter(({ addresses, outside, endpoints }) => addresses.length + outside.length > 0 && endpoints.length > 0);
}

function routeOf(topology: Topology, service: Service, port: ServicePort, family: Family): ServiceRoute {
  const addresses = service.clusterIps.filter((address) => isOfFamily(address, family));
  const found = backendsOf(topology.cluster, service, port.protocol, port.port, 'cluster-ip');
  const endpoints = [...('error' in found ? [] : found.targets)].flatMap(([backend, target]) =>
    endpointAt(topology, backend, target, family),
  );
  const outside = [...service.loadBalancerIps, ...service.externalIps].filter((address) => isOfFamily(address, family));
  return { service, port, family, addresses, outside, endpoints };
}

/** Where a backend answers: a pod at its address of the family, or whoever has the address that a slice names. */
function endpointAt({ pods }: Topology, backend: Backend, port: number, family: Family): ServiceEndpoint[] {
  if (typeof backend === 'string') {
    const pod = [...pods.values()].find(({ addresses }) => addresses.includes(backend));
    return isOfFamily(backend, family) ? [{ ...(pod && { pod }), address: backend, port }] : [];
  }
  const pod = pods.get(qualifiedName(backend));
  const address = pod?.addresses.find((candidate) => isOfFamily(candidate, family));
  return pod === undefined || address === undefined ? [] : [{ pod, address, port }];
}

/**
 * The nft script that makes a node do what kube-proxy does for the Services: ClusterIP, NodePort and addresses from outside by translation of
 * the destination, to the endpoints in turn, so that some connections reach all of them; masquerade for a pod that reaches itself and for
 * what comes by NodePort or an address from outside, where the traffic policy is Cluster. It replaces what an earlier script has made.
 */
export function proxyScript(topology: Topology, node: string): string {
  const pods = [...topology.pods.values()].flatMap(({ hostNetwork, addresses }) => (hostNetwork ? [] : addresses));
  const draft = new Draft(node, pods);
  for (const route of routesOf(topology)) draft.add(route);
  return draft.print();
}

class Draft {
  readonly #node: string;
  readonly #chains: string[] = [];
  readonly #clusterIps: Record<Family, string[]> = { 4: [], 6: [] };
  readonly #nodePorts: Record<Family, string[]> = { 4: [], 6: [] };
  readonly #pods: readonly string[];

  constructor(node: string, pods: readonly string[]) {
    this.#node = node;
    this.#pods = pods;
  }

  add({ service, port, family, addresses, outside, endpoints }: ServiceRoute): void {
    const protocol = port.protocol.toLowerCase();
    const suffix = `${family}-${service.namespace}-${service.name}-${protocol}-${port.port}`;
    this.#addBalancer(`to${suffix}`, protocol, family, endpoints);
    this.#clusterIps[family].push(...addresses.map((address) => `${address} . ${protocol} . ${port.port} : goto to${suffix}`));
    if (port.nodePort === undefined && outside.length === 0) return;
    if (port.nodePort !== undefined) this.#nodePorts[family].push(`${protocol} . ${port.nodePort} : goto at${suffix}`);
    this.#clusterIps[family].push(...outside.map((address) => `${address} . ${protocol} . ${port.port} : goto at${suffix}`));
    this.#addFromOutside(suffix, protocol, family, service, endpoints);
  }

  #addFromOutside(suffix: string, protocol: string, family: Family, service: Service, endpoints: readonly ServiceEndpoint[]): void {
    if (service.externalTrafficPolicy === 'Cluster') {
      this.#addChain(`at${suffix}`, [`meta mark set meta mark or ${masqueradeMark}`, `goto to${suffix}`]);
      return;
    }
    const local = endpoints.filter(({ pod }) => pod?.node === this.#node);
    if (local.length === 0) this.#addChain(`local${suffix}`, ['drop']);
    else this.#addBalancer(`local${suffix}`, protocol, family, local);
    // What comes from pods is not from outside: it is led to all endpoints and keeps its source.
    this.#addChain(`at${suffix}`, [`${ip(family)} saddr @pods${family} goto to${suffix}`, `goto local${suffix}`]);
  }

  /** A chain that leads to one of the endpoints, and one for each endpoint. */
  #addBalancer(name: string, protocol: string, family: Family, endpoints: readonly ServiceEndpoint[]): void {
    const choices = endpoints.map((_, index) => `${index} : goto ${name}-${index}`);
    for (const [index, { address, port }] of endpoints.entries()) {
      this.#addChain(`${name}-${index}`, [
        `${ip(family)} saddr ${address} meta mark set meta mark or ${masqueradeMark}`,
        `meta l4proto ${protocol} dnat ${ip(family)} to ${family === 4 ? address : `[${address}]`}:${port}`,
      ]);
    }
    this.#addChain(name, [`numgen inc mod ${endpoints.length} vmap { ${choices.join(', ')} }`]);
  }

  #addChain(name: string, rules: readonly string[]): void {
    this.#chains.push(`  chain ${name} {\n${rules.map((rule) => `    ${rule}\n`).join('')}  }`);
  }

  print(): string {
    const map = (name: string, type: string, elements: readonly string[]): string =>
      `  map ${name} {\n    type ${type} : verdict\n${elements.length === 0 ? '' : `    elements = { ${elements.join(', ')} }\n`}  }`;
    const [key4, key6] = ['ipv4_addr . inet_proto . inet_service', 'ipv6_addr . inet_proto . inet_service'];
    const hook = (name: string, priority: string, rule: string): string =>
      `  chain ${name} {\n    type nat hook ${name} priority ${priority}; policy accept;\n    ${rule}\n  }`;
    const ofFamily = (family: Family): string[] => this.#pods.filter((address) => isOfFamily(address, family));
    const set = (name: string, type: string, elements: readonly string[]): string =>
      `  set ${name} {\n    type ${type}\n${elements.length === 0 ? '' : `    elements = { ${elements.join(', ')} }\n`}  }`;
    const parts = [
      set('pods4', 'ipv4_addr', ofFamily(4)),
      set('pods6', 'ipv6_addr', ofFamily(6)),
      ...this.#chains,
      map('cluster-ips4', key4, this.#clusterIps[4]),
      map('cluster-ips6', key6, this.#clusterIps[6]),
      map('node-ports4', 'inet_proto . inet_service', this.#nodePorts[4]),
      map('node-ports6', 'inet_proto . inet_service', this.#nodePorts[6]),
      `  chain services {
    ip daddr . meta l4proto . th dport vmap @cluster-ips4
    ip6 daddr . meta l4proto . th dport vmap @cluster-ips6
    meta nfproto ipv4 fib daddr type local meta l4proto . th dport vmap @node-ports4
    meta nfproto ipv6 fib daddr type local meta l4proto . th dport vmap @node-ports6
  }`,
      hook('prerouting', 'dstnat', 'jump services'),
      hook('output', '-100', 'jump services'),
      hook('postrouting', 'srcnat', `meta mark and ${masqueradeMark} == ${masqueradeMark} masquerade`),
    ];
    return `table ${table}\ndelete table ${table}\ntable ${table} {\n${parts.join('\n')}\n}\n`;
  }
}
