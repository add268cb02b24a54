import type { ConnectionAnswer, Connectivity, TrafficAnswer } from '../connectivity/connectivity.ts';
import { Crowd } from './crowd.ts';
import { renderCsvLine } from './csv.ts';
import type { Style } from './palette.ts';
import { type Cell, type Column, renderTable } from './table.ts';
import { count, wrap } from './text.ts';

/** Traffic in few words: `all`, `TCP/80,8000-8999 UDP/53`, `nothing`. */
export function trafficText(traffic: TrafficAnswer): string {
  if (traffic === 'all') return 'all';
  return traffic.map(({ protocol, ports }) => (isEveryPort(ports) ? protocol : `${protocol}/${ports.join(',')}`)).join(' ') || 'nothing';
}

const isEveryPort = (ports: readonly string[]): boolean => ports.length === 1 && ports[0] === '0-65535';

/** What a pair may do; where its members differ, also what only some of them may. */
export function pairText({ traffic, partial }: Pick<ConnectionAnswer, 'traffic' | 'partial'>): string {
  return partial === undefined ? trafficText(traffic) : `${trafficText(traffic)} (some pods: ${trafficText(partial)})`;
}

/** The matrix as JSON, a line for each endpoint and each connection, written while it is worked out. */
export function* matrixJson({ endpoints, connections }: Connectivity): Iterable<string> {
  yield '{';
  yield* jsonList('endpoints', endpoints, JSON.stringify, ',');
  const known = new Map<object, string>();
  const textOf = (value: object | string): string => {
    if (typeof value === 'string') return JSON.stringify(value);
    let text = known.get(value);
    if (text === undefined) {
      text = JSON.stringify(value);
      known.set(value, text);
    }
    return text;
  };
  // Millions of connections share few traffics and reasons, whose texts are made once.
  yield* jsonList('connections', connections, ({ from, to, traffic, partial, reason, by }) => {
    const differing = partial === undefined ? '' : `,"partial":${textOf(partial)}`;
    return `{"from":${JSON.stringify(from)},"to":${JSON.stringify(to)},"traffic":${textOf(traffic)}${differing},"reason":${textOf(reason)},"by":{"egress":${textOf(by.egress)},"ingress":${textOf(by.ingress)}}}`;
  });
  yield '}';
}

function* jsonList<T>(name: string, items: Iterable<T>, write: (item: T) => string, end = ''): Iterable<string> {
  let previous = `  "${name}": [`;
  let isEmpty = true;
  for (const item of items) {
    yield isEmpty ? previous : `${previous},`;
    previous = `    ${write(item)}`;
    isEmpty = false;
  }
  if (isEmpty) yield `${previous}]${end}`;
  else {
    yield previous;
    yield `  ]${end}`;
  }
}

/** The matrix as CSV, a line for each pair and protocol. */
export function* matrixCsv({ connections }: Connectivity): Iterable<string> {
  yield 'from,to,protocol,ports,egress,ingress';
  for (const { from, to, traffic, reason } of connections)
    for (const { protocol, ports } of csvTraffic(traffic))
      yield renderCsvLine([from, to, protocol, ports.join(' '), reason.egress, reason.ingress]);
}

function csvTraffic(traffic: TrafficAnswer): readonly { readonly protocol: string; readonly ports: readonly string[] }[] {
  if (traffic === 'all') return [{ protocol: 'all', ports: [] }];
  return traffic.length === 0 ? [{ protocol: 'none', ports: [] }] : traffic;
}

const columns: readonly Column[] = [
  { title: 'FROM', cut: 'never' },
  { title: 'TRAFFIC', cut: 'end' },
  { title: 'TO', cut: 'end' },
];

/** The matrix as a table: sources that reach the same with the same traffic are one row, and whole namespaces one word. */
export function* matrixText({ endpoints, connections }: Connectivity, style: Style): Iterable<string> {
  const crowd = new Crowd(endpoints);
  const groups = new Map<string, { readonly sources: Set<string>; readonly reach: ReadonlyMap<string, readonly string[]> }>();
  let pairs = 0;
  for (const [source, row] of rowsOf(connections)) {
    const byTraffic = [...row].sort(([a], [b]) => trafficRank(a) - trafficRank(b) || (a < b ? -1 : 1));
    const reach = new Map(byTraffic.map(([traffic, destinations]) => [traffic, crowd.namesOf(destinations, source)]));
    for (const destinations of row.values()) pairs += destinations.size;
    const key = JSON.stringify([...reach]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { sources: new Set([source]), reach });
    else group.sources.add(source);
  }
  const rows: Cell[][] = [];
  for (const { sources, reach } of groups.values()) rows.push(...groupRows(crowd.namesOf(sources), reach, style));
  if (rows.length > 0) yield* renderTable(columns, rows, style);
  yield style.palette.faint(`${count(endpoints.length, 'endpoint')}, ${count(pairs, 'pair')}`);
}

/** Everything first, nothing last. */
const trafficRank = (text: string): number => (text === 'all' ? 0 : text === 'nothing' ? 2 : 1);

/** The connections of each source, by traffic. The connections come in the order of their sources. */
function* rowsOf(connections: Iterable<ConnectionAnswer>): Iterable<[source: string, row: Map<string, Set<string>>]> {
  let source: string | undefined;
  let row = new Map<string, Set<string>>();
  for (const connection of connections) {
    if (connection.from !== source) {
      if (source !== undefined) yield [source, row];
      source = connection.from;
      row = new Map();
    }
    const traffic = pairText(connection);
    const destinations = row.get(traffic);
    if (destinations === undefined) row.set(traffic, new Set([connection.to]));
    else destinations.add(connection.to);
  }
  if (source !== undefined) yield [source, row];
}

const narrowList = 36;
const wideList = 60;

/** The rows of one group: its sources on the left, and for each traffic the destinations, both wrapped. */
function groupRows(sources: readonly string[], reach: ReadonlyMap<string, readonly string[]>, { palette, width }: Style): Cell[][] {
  const left = wrap(sources, narrowList);
  const right = Array.from(reach, ([traffic, destinations]) => {
    const paint = traffic === 'nothing' ? palette.deny : palette.allow;
    return wrap(destinations, width === undefined ? wideList : Math.max(narrowList, width - 2 * narrowList)).map((line, index): Cell[] => [
      { text: index === 0 ? traffic : '', paint },
      line,
    ]);
  }).flat();
  const height = Math.max(left.length, right.length);
  return Array.from({ length: height }, (_, index) => [{ text: left[index] ?? '', paint: palette.strong }, ...(right[index] ?? ['', ''])]);
}
