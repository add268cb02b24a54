import { type PolicyId, qualifiedName } from '../api/types.ts';
import { type ConnectionAnswer, type TrafficAnswer, trafficAnswer, trafficMeant } from '../connectivity/answers.ts';
import { subtractTraffic } from '../net/port-set.ts';
import { getOrMake } from '../policy/get-or-make.ts';
import { renderCsvLine } from './csv.ts';
import type { Answer } from './matrix-view.ts';

type Listed = Omit<Answer, 'reach'>;

/** The matrix as JSON, a line for each endpoint and each connection, written while it is worked out. */
export function* matrixJson({ endpoints, connections, exposure, choices }: Listed): Iterable<string> {
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
  const write = ({ from, to, traffic, partial, reason, by, dependsOn }: ConnectionAnswer): string => {
    const differing = partial === undefined ? '' : `,"partial":${textOf(partial)}`;
    const deciding = dependsOn === undefined ? '' : `,"dependsOn":${textOf(dependsOn)}`;
    return `{"from":${JSON.stringify(from)},"to":${JSON.stringify(to)},"traffic":${textOf(traffic)}${differing},"reason":${textOf(reason)},"by":{"egress":${textOf(by.egress)},"ingress":${textOf(by.ingress)}}${deciding}}`;
  };
  const rest = Object.entries({ exposure, choices }).filter(([, list]) => list !== undefined) as [string, readonly object[]][];
  yield* jsonList('connections', connections, write, rest.length > 0 ? ',' : '');
  for (const [index, [name, list]] of rest.entries()) yield* jsonList(name, list, JSON.stringify, index < rest.length - 1 ? ',' : '');
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

/** The matrix as CSV, a line for each pair and protocol: for all members of the two, and for what only some of them may. */
export function* matrixCsv({ connections }: Listed): Iterable<string> {
  yield 'from,to,protocol,ports,egress,ingress,egressBy,ingressBy,dependsOn,members';
  // Many pairs share what they may do.
  const known = new Map<TrafficAnswer, Map<TrafficAnswer, TrafficAnswer>>();
  const beyond = (partial: TrafficAnswer, traffic: TrafficAnswer): TrafficAnswer =>
    getOrMake(
      getOrMake(known, partial, () => new Map<TrafficAnswer, TrafficAnswer>()),
      traffic,
      () => trafficAnswer(subtractTraffic(trafficMeant(partial), trafficMeant(traffic))),
    );
  for (const { from, to, traffic, partial, reason, by, dependsOn = [] } of connections) {
    const why = [reason.egress, reason.ingress, namesOf(by.egress), namesOf(by.ingress), dependsOn.join(' ')];
    const lines = (each: TrafficAnswer, members: 'all' | 'some'): string[] =>
      csvTraffic(each).map(({ protocol, ports }) => renderCsvLine([from, to, protocol, ports.join(' '), ...why, members]));
    if (partial === undefined || traffic.length > 0) yield* lines(traffic, 'all');
    if (partial !== undefined) yield* lines(beyond(partial, traffic), 'some');
  }
}

const namesOf = (policies: readonly PolicyId[]): string => policies.map(qualifiedName).join(' ');

function csvTraffic(traffic: TrafficAnswer): readonly { readonly protocol: string; readonly ports: readonly string[] }[] {
  if (traffic === 'all') return [{ protocol: 'all', ports: [] }];
  return traffic.length === 0 ? [{ protocol: 'none', ports: [] }] : traffic;
}
