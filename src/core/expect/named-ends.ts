import { isFinished, type Pod, type ServicePort } from '../api/types.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { homesOf, type PotentialName, parsePotential } from '../cluster/potential-pods.ts';
import { matches } from '../label/selector.ts';
import { allAddresses, formatRanges } from '../net/address-set.ts';
import type { Analysis } from '../verdict/analysis.ts';
import type { Endpoint } from '../verdict/endpoint.ts';
import { type EndpointName, parseEndpoint } from '../verdict/endpoint-name.ts';
import { type Destination, findEndpoint } from '../verdict/find-endpoint.ts';
import type { Unanswerable } from '../verdict/unanswerable.ts';

/**
 * What the text of an end in a test means. Other than in `check`, `shop/{app=web}` are the pods there are that the selector selects,
 * and pods that could exist are asked for by `potential:shop/{app=web}`; `shop/*` are all pods of a namespace, `*` all pods, `node:*` all nodes, `outside` all
 * addresses that nobody in the cluster has.
 */
type EndName =
  | { readonly kind: 'selection'; readonly pods: PotentialName }
  | { readonly kind: 'nodes' }
  | { readonly kind: 'outside' }
  | { readonly kind: 'potential'; readonly pods: PotentialName }
  | { readonly kind: 'endpoint'; readonly text: string; readonly parsed: EndpointName }
  | { readonly kind: 'fault'; readonly error: string };

/** All addresses that nobody in the cluster has. */
export const outside = 'outside';
const potentialPrefix = 'potential:';
const grammar =
  'must be namespace/pod, namespace/kind/name, namespace/{labels}, namespace/*, *, an address, a CIDR, node:NAME, node:*, internet, outside, apiserver or potential:namespace/{labels}';

function parseName(text: string): EndName {
  if (text === 'node:*') return { kind: 'nodes' };
  if (text === outside) return { kind: 'outside' };
  const isPotential = text.startsWith(potentialPrefix);
  const bare = isPotential ? text.slice(potentialPrefix.length) : text === '*' ? '{}/{}' : text.replace(/\/\*$/, '/{}');
  const pods = parsePotential(bare);
  if (pods !== undefined) return 'error' in pods ? { kind: 'fault', ...pods } : { kind: isPotential ? 'potential' : 'selection', pods };
  const parsed = isPotential ? undefined : parseEndpoint(text);
  return parsed === undefined ? { kind: 'fault', error: grammar } : { kind: 'endpoint', text, parsed };
}

/** Why the text names no end, whatever the cluster; undefined when it may. */
export function faultOfName(text: string): string | undefined {
  const name = parseName(text);
  return name.kind === 'fault' ? name.error : undefined;
}

/** The pods that do not exist but that one of the names asks for. */
export const potentialIn = (names: Iterable<string>): PotentialName[] =>
  [...names].map(parseName).flatMap((name) => (name.kind === 'potential' ? [name.pods] : []));

/** Everybody whom an end means. */
export type NamedEnd = Pick<Endpoint, 'members'>;

/** Finds the ends that tests name, each once. An end that means nobody is an error: a test of it would prove nothing. */
export class NamedEnds {
  readonly #analysis: Analysis;
  readonly #names = new Map<string, EndName>();
  readonly #found = new Map<string, NamedEnd | Unanswerable>();

  /** With all potential pods that tests name already in the analysis. */
  constructor(analysis: Analysis) {
    this.#analysis = analysis;
  }

  /** The end, as the source of connections or, with a destination port, as their target. */
  find(text: string, destination?: Destination): NamedEnd | Unanswerable {
    const name = this.#nameOf(text);
    const key = destination === undefined || !dependsOnPort(name) ? text : `${text} ${destination.protocol}/${destination.port}`;
    let found = this.#found.get(key);
    if (found === undefined) {
      found = this.#look(name, text, destination);
      this.#found.set(key, found);
    }
    return found;
  }

  /** The ports of a Service that is asked for by name; undefined where the text names something else, or none that there is. */
  servicePorts(text: string): readonly ServicePort[] | undefined {
    const end = this.#nameOf(text);
    const name = end.kind === 'endpoint' ? end.parsed : undefined;
    if (name?.kind !== 'object' || name.objectKind !== 'service') return undefined;
    return this.#analysis.cluster.namespaces.get(name.namespace)?.services.get(name.name)?.ports;
  }

  #nameOf(text: string): EndName {
    const name = this.#names.get(text) ?? parseName(text);
    this.#names.set(text, name);
    return name;
  }

  #look(name: EndName, text: string, destination: Destination | undefined): NamedEnd | Unanswerable {
    const { cluster, model } = this.#analysis;
    switch (name.kind) {
      case 'fault':
        return { error: `endpoint \`${text}\`: ${name.error}` };
      case 'nodes':
        return nodesOf(cluster);
      case 'outside':
        return findEndpoint(cluster, model, formatRanges(allAddresses).join());
      case 'selection':
        return selectedBy(cluster, name.pods, text);
      case 'potential':
        return findEndpoint(cluster, model, text.slice(potentialPrefix.length));
      case 'endpoint':
        return findEndpoint(cluster, model, name.text, destination);
    }
  }
}

/** Only Services, and addresses and nodes that lead to one, differ with the port. */
function dependsOnPort(name: EndName): boolean {
  if (name.kind !== 'endpoint') return false;
  const { parsed } = name;
  return parsed.kind === 'node' || parsed.kind === 'address' || (parsed.kind === 'object' && parsed.objectKind === 'service');
}

function nodesOf({ nodes }: Cluster): NamedEnd | Unanswerable {
  const addresses = [...nodes.values()].flatMap((node) => node.addresses);
  return addresses.length === 0
    ? { error: '`node:*` means nobody: there is no Node with an address' }
    : { members: { kind: 'addresses', addresses } };
}

function selectedBy(cluster: Cluster, name: PotentialName, text: string): NamedEnd | Unanswerable {
  const { namespace } = name;
  if (typeof namespace === 'string' && !cluster.namespaces.has(namespace))
    return { error: `\`${text}\` selects no pod: there is no namespace ${namespace}` };
  const there = homesOf(cluster, name).flatMap((home) => [...home.pods.values()].filter(isThere));
  const pods = there.filter((pod) => matches(name.pods, pod.labels));
  return pods.length === 0 ? { error: `\`${text}\` selects no pod: a test of nobody proves nothing` } : { members: { kind: 'pods', pods } };
}

const isThere = (pod: Pod): boolean => pod.potential === undefined && !isFinished(pod);
