import { type Command, InvalidArgumentError, Option } from 'commander';
import { clusterOf } from '#core/cluster/cluster.ts';
import { type Connectivity, connectivityOf, type MatrixOptions } from '#core/connectivity/connectivity.ts';
import type { MatrixEndpoint } from '#core/connectivity/endpoints.ts';
import { type AddressSet, addressesFrom, intersectAddresses, isEmptyAddresses, noAddresses } from '#core/net/address-set.ts';
import { parseIp } from '#core/net/ip.ts';
import { noTraffic, type Traffic, trafficOf, uniteTraffic } from '#core/net/port-set.ts';
import { protocols } from '#core/net/protocol.ts';
import { matrixCsv, matrixJson, matrixText } from '#core/render/matrix.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { podId } from '#core/verdict/endpoint.ts';
import { parseEndpoint } from '#core/verdict/endpoint-name.ts';
import { findEndpoint } from '#core/verdict/find-endpoint.ts';
import { addClusterOptions } from './cluster-options.ts';
import { parsePort } from './connection.ts';
import { answering, CannotAnswer, type ExitCode } from './exit.ts';
import { readInput } from './input.ts';
import { addInputOptions, addOutputOption, examples, type InputOptions } from './options.ts';
import { stdout } from './terminal.ts';

interface Options extends InputOptions {
  readonly from?: string;
  readonly to?: string;
  readonly workload?: string;
  readonly port?: Traffic;
  readonly denied?: true;
  readonly output: 'text' | 'json' | 'csv';
}

/** `sallyport matrix`. */
export function define(command: Command): void {
  command
    .description(
      'Says who can reach whom, and on what: exact over all addresses and ports. Endpoints are workloads, bare pods that are alike, nodes, and ' +
        'ranges of addresses outside that policies tell apart. Ports are those of the pods, whatever Service leads there.',
    )
    .usage('[-f <path>...] [options]')
    .option('--from <endpoint>', 'only connections that this endpoint opens')
    .option('--to <endpoint>', 'only connections to this endpoint')
    .option('--workload <endpoint>', 'only connections that this endpoint is an end of')
    .addOption(
      new Option('--port <port>', 'only this port: 8080 (of every protocol), TCP/8080, UDP/53').argParser((text) => {
        const traffic = portFilter(text);
        if (traffic === undefined) throw new InvalidArgumentError('It must be a number, or a protocol and a number: 8080, UDP/53.');
        return traffic;
      }),
    )
    .option('--denied', 'pairs that may do nothing, too');
  addInputOptions(command);
  addClusterOptions(command);
  addOutputOption(command, ['text', 'json', 'csv']);
  examples(command, [
    'sallyport matrix -f manifests/',
    'sallyport matrix -f manifests/ -n shop --denied',
    'sallyport matrix -f manifests/ --to shop/database --port 5432',
    'sallyport matrix -f manifests/ -o csv > matrix.csv',
    'sallyport matrix --context staging -n shop',
  ]);
  command.action(answering(printMatrix));
}

function portFilter(text: string): Traffic | undefined {
  const asked = parsePort(text);
  if (asked === undefined || asked.port > 65535) return undefined;
  const wanted = protocols.filter((protocol) => asked.protocol === undefined || asked.protocol === protocol);
  return wanted.map((protocol) => trafficOf(protocol, [[asked.port, asked.port]])).reduce(uniteTraffic, noTraffic);
}

const writers = { text: matrixText, json: matrixJson, csv: matrixCsv };

async function printMatrix(options: Options): Promise<ExitCode> {
  const { objects, choices } = await readInput(options);
  const analysis = new Analysis(clusterOf(objects), choices);
  await stdout.print(writers[options.output](connectivity(analysis, options), stdout.style));
  return 0;
}

type Filter = NonNullable<MatrixOptions['isShown']>;

/** The connectivity that the options ask for: the room's own filter takes the narrowest condition, the others are tried on what it gives. */
function connectivity(analysis: Analysis, options: Options): Connectivity {
  const { from, to, workload, namespace, allNamespaces, port, denied } = options;
  const source = filterOf(analysis, from);
  const destination = filterOf(analysis, to);
  const either = [
    filterOf(analysis, workload),
    namespace === undefined || allNamespaces ? undefined : (endpoint: MatrixEndpoint) => endpoint.namespace === namespace,
  ].filter((filter) => filter !== undefined);
  const isShown = source ?? destination ?? either[0];
  const direction = source !== undefined ? 'egress' : destination !== undefined ? 'ingress' : undefined;
  const { endpoints, connections } = connectivityOf(analysis, {
    ...(isShown && { isShown }),
    ...(direction && { direction }),
    ...(port && { traffic: port }),
    ...(denied && { denied }),
  });
  const byId = new Map(endpoints.map((endpoint) => [endpoint.id, endpoint]));
  const isWanted = (a: MatrixEndpoint, b: MatrixEndpoint): boolean =>
    (source?.(a) ?? true) && (destination?.(b) ?? true) && either.every((filter) => filter(a) || filter(b));
  return { endpoints, connections: filtered(connections, ({ from, to }) => isWanted(byId.get(from)!, byId.get(to)!)) };
}

/** Passes on what is wanted, while it is worked out. */
function filtered<T>(items: Iterable<T>, isWanted: (item: T) => boolean): Iterable<T> {
  return {
    *[Symbol.iterator]() {
      for (const item of items) if (isWanted(item)) yield item;
    },
  };
}

/** Whether an endpoint of the matrix is, or holds a part of, what the text names. */
function filterOf({ cluster, model }: Analysis, text: string | undefined): Filter | undefined {
  if (text === undefined) return undefined;
  const found = findEndpoint(cluster, model, text);
  if ('error' in found) throw new CannotAnswer(found.error);
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
