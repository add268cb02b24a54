import { InvalidArgumentError, Option } from 'commander';
import { closest } from '#core/api/spelling.ts';
import type { Direction } from '#core/api/types.ts';
import type { Cluster } from '#core/cluster/cluster.ts';
import { trafficAnswer } from '#core/connectivity/answers.ts';
import { type Connectivity, connectivityOf, type MatrixOptions } from '#core/connectivity/connectivity.ts';
import { ConnectivityIndex } from '#core/connectivity/connectivity-index.ts';
import { type Dependences, dependencesOf } from '#core/connectivity/dependence.ts';
import type { MatrixEndpoint } from '#core/connectivity/endpoints.ts';
import { type AddressSet, addressesFrom, intersectAddresses, isEmptyAddresses, noAddresses } from '#core/net/address-set.ts';
import { parseIp } from '#core/net/ip.ts';
import { allTraffic, everyNamedPort, intersectTraffic, isAllTraffic, isEmptyTraffic, type Traffic } from '#core/net/port-set.ts';
import { type Protocol, protocols } from '#core/net/protocol.ts';
import type { Question } from '#core/render/matrix-html.ts';
import { parseTraffic, setText, trafficOfProtocol } from '#core/render/traffic.ts';
import type { Analysis } from '#core/verdict/analysis.ts';
import { podId } from '#core/verdict/endpoint.ts';
import { parseEndpoint } from '#core/verdict/endpoint-name.ts';
import { findEndpoint } from '#core/verdict/find-endpoint.ts';
import type { Unanswerable } from '#core/verdict/unanswerable.ts';
import { CannotAnswer } from './exit.ts';
import { collect } from './options.ts';

/** What of the matrix is asked for. */
export interface FilterOptions {
  readonly from?: string;
  readonly to?: string;
  readonly workload?: readonly string[];
  readonly direction?: Direction;
  readonly protocol?: Protocol;
  readonly port?: Traffic;
  readonly namespace?: string;
  readonly allNamespaces?: true;
  readonly exposure?: true;
}

/** `--workload`. */
export const workloadOption = (): Option =>
  new Option('--workload <endpoint>', 'only connections that this endpoint is an end of; may be repeated').argParser(collect);

/** `--protocol`. */
export const protocolOption = (): Option =>
  new Option('--protocol <protocol>', 'only this protocol').choices(protocols).argParser((text) => {
    const protocol = protocols.find((each) => each === text.toUpperCase());
    if (protocol === undefined) throw new InvalidArgumentError(`Allowed choices are ${protocols.join(', ')}.`);
    return protocol;
  });

/** `--port`. */
export const portOption = (): Option =>
  new Option('--port <port>', 'only these ports: 8080 (of every protocol), 8000-8999, TCP/8080, UDP/53').argParser(parsePortFilter);

/** `8080`, `TCP/8080`, `8000-8999`, `UDP/53`: for whichever protocols are meant. */
function parsePortFilter(text: string): Traffic {
  const traffic = parseTraffic(text);
  if (traffic !== undefined && !isEmptyTraffic(intersectTraffic(traffic, everyNamedPort))) return traffic;
  throw new InvalidArgumentError('It must be a number or a range that goes up, with a protocol or without: 8080, 8000-8999, UDP/53.');
}

/** The traffic that is asked about. */
export function trafficAsked({ port = allTraffic, protocol }: FilterOptions): Traffic {
  if (protocol === undefined) return port;
  const both = intersectTraffic(port, trafficOfProtocol(protocol));
  if (isEmptyTraffic(both)) throw new CannotAnswer(`--port and --protocol exclude each other: nothing is of that port and ${protocol}`);
  return both;
}

/** The namespaces that -n limits the answer to; empty for all. */
export const namespacesOf = ({ namespace, allNamespaces }: FilterOptions): readonly string[] =>
  namespace === undefined || allNamespaces ? [] : namespace.split(',');

/** The namespace of objects that name none: the one that is asked about. Of several none is meant. */
export const defaultNamespaceIn = (namespace: string | undefined): { readonly namespace?: string } =>
  namespace === undefined || namespace.includes(',') ? {} : { namespace };

/** A slip in a name would silently leave something out, or everything. */
export function checkNamespaces(clusters: readonly Cluster[], names: readonly string[]): void {
  const known = new Set(clusters.flatMap(({ namespaces }) => [...namespaces.keys()]));
  const unknown = names.find((name) => !known.has(name));
  if (unknown === undefined) return;
  const near = closest(unknown, [...known]);
  throw new CannotAnswer(`nothing is in a namespace ${unknown}${near === undefined ? '' : `; did you mean ${near}?`}`);
}

/** What is asked for: the options that limit it, and the traffic. */
export function questionOf(options: FilterOptions): Question {
  const { from, to, workload = [], direction, protocol, port, exposure } = options;
  const words = {
    '--from': from,
    '--to': to,
    '-n': namespacesOf(options).join() || undefined,
    '--direction': direction,
    '--protocol': protocol,
  };
  const limits = Object.entries(words).flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]));
  const others = [
    ...workload.map((name) => `--workload ${name}`),
    ...(port === undefined ? [] : [`--port ${setText(port)}`]),
    ...(exposure ? ['--exposure'] : []),
  ];
  return { words: [...limits, ...others].join(' '), traffic: trafficAnswer(trafficAsked(options)) };
}

/** Whether an endpoint is meant. */
export type Filter = (endpoint: MatrixEndpoint) => boolean;

/** What is asked for. */
export interface Asked {
  /** Whether no endpoint is left out. */
  readonly isWhole: boolean;
  /** Makes the answer, with denied pairs or without; or with all but those, for who counts them. */
  readonly of: (denied: boolean | 'counted') => Connectivity;
  /** All endpoints, whoever is asked about. */
  readonly everyone: () => readonly MatrixEndpoint[];
  /** Finds out what of it depends on the network plugin; `endpoints` are all there are. */
  readonly dependences: (endpoints: readonly MatrixEndpoint[]) => Dependences;
}

/**
 * Makes the connectivity that the options ask for: the room's own filter takes the narrowest condition, the others are tried on what it gives.
 * `isUnexplained`: nobody asks by whom it is so.
 */
export function connectivityAsked(analysis: Analysis, options: FilterOptions, isUnexplained = false): Asked {
  const traffic = trafficAsked(options);
  if (options.exposure && (options.from ?? options.to) !== undefined)
    throw new CannotAnswer(
      '--exposure asks what workloads are exposed to, not who connects with whom: name them with -n or --workload',
      'one connection, with pods that do not exist too, is for check',
    );
  const source = filterOf(analysis, options.from);
  const destination = filterOf(analysis, options.to);
  const subjects = subjectsOf(analysis, options);
  const isShown = source ?? destination ?? subjects[0];
  const direction = source !== undefined ? 'egress' : destination !== undefined ? 'ingress' : options.direction;
  const basis: MatrixOptions = options.exposure ? { exposure: true } : { index: ConnectivityIndex.of(analysis) };
  const limits: MatrixOptions = {
    ...basis,
    isUnexplained,
    ...(isShown && { isShown }),
    ...(isShown && direction && { direction }),
    ...(!isAllTraffic(traffic) && { traffic }),
  };
  const isWanted = (a: MatrixEndpoint, b: MatrixEndpoint): boolean =>
    (source?.(a) ?? true) && (destination?.(b) ?? true) && subjects.every((isSubject) => isAmong(isSubject, options.direction, a, b));
  const isWhole = source === undefined && destination === undefined && subjects.length === 0;
  const everyone = (): readonly MatrixEndpoint[] => connectivityOf(analysis, basis).endpoints;
  const of = (denied: boolean | 'counted'): Connectivity => {
    const answer = connectivityOf(analysis, { ...limits, ...(denied === 'counted' ? { isPartial: true } : { denied }) });
    if (isWhole) return answer;
    const byId = new Map(answer.endpoints.map((endpoint) => [endpoint.id, endpoint]));
    const isPairWanted = (from: string, to: string): boolean => isWanted(byId.get(from)!, byId.get(to)!);
    return {
      ...answer,
      connections: filtered(answer.connections, (connection) => (isPairWanted(connection.from, connection.to) ? connection : undefined)),
      reach: filtered(answer.reach, (reach) => {
        const to = reach.to.filter((each) => isPairWanted(reach.from, each));
        return to.length === 0 ? undefined : { ...reach, to };
      }),
      ...(answer.exposure && {
        exposure: answer.exposure.filter(({ endpoint }) => subjects.every((isSubject) => isSubject(byId.get(endpoint)!))),
      }),
    };
  };
  const { denied: _, ...question }: MatrixOptions = limits;
  return { isWhole, of, everyone, dependences: (endpoints) => dependencesOf(analysis, { ...question, endpoints, isWanted }) };
}

/** Who the answer is about: -n and --workload. */
function subjectsOf(analysis: Analysis, options: FilterOptions): Filter[] {
  const namespaces = namespacesOf(options);
  const workloads = options.workload?.map((text) => filterOf(analysis, text)!);
  if (options.direction !== undefined && !options.exposure && namespaces.length === 0 && workloads === undefined)
    throw new CannotAnswer(
      '--direction needs -n or --workload: it says which way the connections of those go',
      'all connections of a source are --from, all to a destination --to',
    );
  return [
    ...(workloads === undefined ? [] : [(endpoint: MatrixEndpoint) => workloads.some((isMeant) => isMeant(endpoint))]),
    ...(namespaces.length === 0 ? [] : [({ namespace }: MatrixEndpoint) => namespace !== undefined && namespaces.includes(namespace)]),
  ];
}

/** Whether the subject is an end of the connection, on the side that is asked about. */
function isAmong(isSubject: Filter, direction: Direction | undefined, from: MatrixEndpoint, to: MatrixEndpoint): boolean {
  return (direction !== 'ingress' && isSubject(from)) || (direction !== 'egress' && isSubject(to));
}

/** Passes on what is wanted of each, while it is worked out. */
function filtered<T>(items: Iterable<T>, wantedOf: (item: T) => T | undefined): Iterable<T> {
  return {
    *[Symbol.iterator]() {
      for (const item of items) {
        const wanted = wantedOf(item);
        if (wanted !== undefined) yield wanted;
      }
    },
  };
}

/** Whether an endpoint of the matrix is, or holds a part of, what the text names. */
function filterOf(analysis: Analysis, text: string | undefined): Filter | undefined {
  if (text === undefined) return undefined;
  const found = filterFor(analysis, text);
  if (typeof found !== 'function') throw new CannotAnswer(found.error);
  return found;
}

/** The same, or why the text names nothing. */
export function filterFor({ cluster, model }: Analysis, text: string): Filter | Unanswerable {
  const found = findEndpoint(cluster, model, text);
  if ('error' in found) return found;
  const { identity, members } = found;
  const ids = new Set([identity.id, ...(members.kind === 'pods' ? members.pods.map(podId) : [])]);
  const space =
    members.kind === 'space'
      ? members.addresses
      : addressesFrom(members.kind === 'addresses' ? members.addresses.flatMap((address) => parseIp(address) ?? []) : []);
  return ({ id, members: pods = [], ranges }) =>
    ids.has(id) ||
    pods.some((pod) => ids.has(pod)) ||
    (ranges !== undefined && !isEmptyAddresses(intersectAddresses(space, rangesOf(ranges))));
}

function rangesOf(ranges: readonly string[]): AddressSet {
  const name = parseEndpoint(ranges.join());
  return name?.kind === 'ranges' ? name.addresses : name?.kind === 'address' ? addressesFrom([parseIp(name.address)!]) : noAddresses;
}
