import { type Family, families } from '../net/ip.ts';
import { everyNamedPort, hasPort, type Traffic, trafficOf } from '../net/port-set.ts';
import type { Protocol } from '../net/protocol.ts';
import type { Members } from '../verdict/endpoint.ts';
import { isUnanswerable, type Unanswerable } from '../verdict/unanswerable.ts';
import type { Closure, Expectation } from './connectivity-test.ts';
import type { Cover, Everybody } from './covering.ts';
import type { NamedEnds } from './named-ends.ts';
import { trafficIn } from './port-ranges.ts';

/** What somebody may do by a test. */
export interface Allowance {
  readonly cover: Cover;
  readonly traffic: Traffic;
  readonly families: readonly Family[];
}

type SimpleMembers = Exclude<Members, { kind: 'backends' }>;

/** What an expectation allows the other ends of a test: those that reach the subjects, or those that the subjects reach. */
export function allowancesOf(
  everybody: Everybody,
  ends: NamedEnds,
  { direction }: Closure,
  { from, to, ports, family }: Expectation,
): (Allowance | Unanswerable)[] {
  const wanted = ports === undefined ? everyNamedPort : trafficIn(ports);
  const found =
    direction === 'ingress' ? from.map((name) => sourceOf(ends, name, wanted)) : to.map((name) => destinationsOf(ends, name, wanted));
  return found
    .flat()
    .map((each) =>
      isUnanswerable(each)
        ? each
        : { cover: everybody.coverOf(each.members), traffic: each.traffic, families: family === undefined ? families : [family] },
    );
}

type Reached = { readonly members: SimpleMembers; readonly traffic: Traffic } | Unanswerable;

function sourceOf(ends: NamedEnds, name: string, traffic: Traffic): Reached[] {
  const end = ends.find(name);
  return isUnanswerable(end) ? [end] : [{ members: end.members as SimpleMembers, traffic }];
}

/** A destination; in the place of a Service those behind it, each at the port that it leads to. */
function destinationsOf(ends: NamedEnds, name: string, traffic: Traffic): Reached[] {
  const ports = ends.servicePorts(name);
  if (ports === undefined) return sourceOf(ends, name, traffic);
  return ports.flatMap(({ protocol, port }): Reached[] => {
    if (!hasPort(traffic, protocol, port)) return [];
    const end = ends.find(name, { protocol, port });
    return isUnanswerable(end) ? [end] : backendsAt(end.members, protocol);
  });
}

function backendsAt(members: Members, protocol: Protocol): Reached[] {
  if (members.kind !== 'backends') return [];
  return Array.from(members.backends.targets, ([backend, port]) => ({
    members: typeof backend === 'string' ? { kind: 'addresses', addresses: [backend] } : { kind: 'pods', pods: [backend] },
    traffic: trafficOf(protocol, [[port, port]]),
  }));
}
