import type { Connectivity, TrafficAnswer } from '../connectivity/connectivity.ts';
import { renderCsvLine } from './csv.ts';

type Listed = Pick<Connectivity, 'endpoints' | 'connections'>;

/** The matrix as JSON, a line for each endpoint and each connection, written while it is worked out. */
export function* matrixJson({ endpoints, connections }: Listed): Iterable<string> {
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
export function* matrixCsv({ connections }: Listed): Iterable<string> {
  yield 'from,to,protocol,ports,egress,ingress';
  for (const { from, to, traffic, reason } of connections)
    for (const { protocol, ports } of csvTraffic(traffic))
      yield renderCsvLine([from, to, protocol, ports.join(' '), reason.egress, reason.ingress]);
}

function csvTraffic(traffic: TrafficAnswer): readonly { readonly protocol: string; readonly ports: readonly string[] }[] {
  if (traffic === 'all') return [{ protocol: 'all', ports: [] }];
  return traffic.length === 0 ? [{ protocol: 'none', ports: [] }] : traffic;
}
