import { type TrafficAnswer, trafficAnswer, trafficMeant } from '../connectivity/answers.ts';
import type { ChangedAnswer, DifferenceEndpoint } from '../connectivity/difference.ts';
import { differenceBetween } from '../connectivity/difference-between.ts';
import { type AddressSet, addressRanges, intersectAddresses, isEmptyAddresses, subtractAddresses } from '../net/address-set.ts';
import { equalTraffic, isEmptyTraffic, noTraffic, subtractTraffic, type Traffic, trafficOf, uniteTraffic } from '../net/port-set.ts';
import { type Protocol, protocols } from '../net/protocol.ts';
import type { Analysis } from '../verdict/analysis.ts';
import type { Endpoint } from '../verdict/endpoint.ts';
import { rangesAddresses } from '../verdict/endpoint-name.ts';
import type { End } from '../verdict/ends.ts';
import { verdictsOf, type Wanted } from './wanted.ts';

/** Two endpoints that may do more than anybody wanted, and what. */
export interface Beyond {
  readonly from: string;
  readonly to: string;
  readonly traffic: TrafficAnswer;
}

/** One side of a wanted connection: an endpoint by id, or addresses outside. */
type Side = string | AddressSet;

/** What somebody wanted between two sides. */
interface Want {
  readonly from: Side;
  readonly to: Side;
  readonly traffic: Traffic;
}

/** What the second cluster allows, the first does not, and nobody wanted; pods of a workload are one, bare pods each by itself. */
export function beyondWanted(before: Analysis, after: Analysis, wanted: readonly Wanted[]): Beyond[] {
  const { added, changed, endpoints } = differenceBetween(before, after);
  const known = new Map(endpoints.map((endpoint) => [endpoint.id, endpoint]));
  const wants = wantsOf(after, wanted, endpoints);
  const opened = [
    ...added.map(({ from, to, traffic, partial = traffic }) => ({ from, to, opened: trafficMeant(partial) })),
    ...changed.map((each) => ({ from: each.from, to: each.to, opened: openedBy(each) })),
  ];
  const named = new Set(wants.flatMap(({ from, to }) => [from, to]));
  return opened.flatMap(({ from, to, opened: traffic }) => {
    const left = partsOf(known.get(from)!, named).flatMap((source) =>
      partsOf(known.get(to)!, named).flatMap((destination) =>
        isOnePod(source, destination)
          ? []
          : [{ from: source.id, to: destination.id, traffic: leftover(source.side, destination.side, traffic, wants) }],
      ),
    );
    // Where nothing tells the parts apart, the endpoints say it for all of them.
    const told = left.every((each) => equalTraffic(each.traffic, left[0]!.traffic))
      ? left.slice(0, 1).map((each) => ({ ...each, from, to }))
      : left;
    return told.filter((each) => !isEmptyTraffic(each.traffic)).map((each) => ({ ...each, traffic: trafficAnswer(each.traffic) }));
  });
}

/** What some connection of a pair may do that it could not. */
function openedBy({ before, after, partialBefore = before, partialAfter = after, results }: ChangedAnswer): Traffic {
  const parts = results ?? [{ before: partialBefore, after: partialAfter }];
  return parts.map((part) => subtractTraffic(trafficMeant(part.after), trafficMeant(part.before))).reduce(uniteTraffic, noTraffic);
}

/** A part of an endpoint that wants do not tell apart any further. */
interface Part {
  readonly id: string;
  readonly side: Side;
  readonly pods: number;
}

/** Bare pods that are alike are one endpoint, of which somebody may want but some: these one by one, and one that stands for the rest. */
function partsOf({ id, kind, ranges = [], members = [], pods = 1 }: DifferenceEndpoint, named: ReadonlySet<Side>): Part[] {
  if (kind === 'External') return [{ id, side: rangesAddresses(ranges), pods }];
  if (kind !== 'Pod' || members.length < 2) return [{ id, side: id, pods }];
  const wanted = members.filter((member) => named.has(member));
  const [first, ...others] = members.filter((member) => !named.has(member));
  const rest = first === undefined ? [] : [{ id: first, side: first, pods: 1 + others.length }];
  return [...wanted.map((member) => ({ id: member, side: member, pods: 1 })), ...rest];
}

/** A pod has no connections with itself that anybody could deny. */
const isOnePod = (a: Part, b: Part): boolean => a.id === b.id && a.pods === 1 && b.pods === 1;

/** What of the traffic between two sides nobody wanted: where addresses are wanted in part, the rest is looked at by itself. */
function leftover(from: Side, to: Side, traffic: Traffic, [want, ...others]: readonly Want[]): Traffic {
  if (want === undefined || isEmptyTraffic(traffic)) return traffic;
  const [source, destination] = [split(from, want.from), split(to, want.to)];
  if (source === undefined || destination === undefined) return leftover(from, to, traffic, others);
  const inside = leftover(source.inside, destination.inside, subtractTraffic(traffic, want.traffic), others);
  const outside = [
    ...(source.outside === undefined ? [] : [leftover(source.outside, to, traffic, others)]),
    ...(destination.outside === undefined ? [] : [leftover(source.inside, destination.outside, traffic, others)]),
  ];
  return [inside, ...outside].reduce(uniteTraffic, noTraffic);
}

/** The parts of a side inside and outside another; undefined where they have nothing in common. */
function split(side: Side, other: Side): { readonly inside: Side; readonly outside?: Side } | undefined {
  if (typeof side === 'string' || typeof other === 'string') return side === other ? { inside: side } : undefined;
  const inside = intersectAddresses(side, other);
  if (isEmptyAddresses(inside)) return undefined;
  const outside = subtractAddresses(side, other);
  return { inside, ...(!isEmptyAddresses(outside) && { outside }) };
}

/** What is wanted between endpoints of the answer. */
function wantsOf(analysis: Analysis, wanted: readonly Wanted[], endpoints: readonly DifferenceEndpoint[]): Want[] {
  const workloads = endpoints.filter(({ kind }) => kind !== 'Pod');
  const homes = new Map(workloads.flatMap(({ id, members = [] }) => [id, ...members].map((member) => [member, id] as const)));
  const wants = new Map<string, Want>();
  for (const { from, to, outcomes } of wanted.flatMap((each) => verdictsOf(analysis, each)))
    for (const outcome of outcomes)
      for (const source of sidesOf(homes, from, outcome.from))
        for (const destination of sidesOf(homes, to, outcome.to)) {
          const { protocol, port } = outcome.connection;
          const isNamed = protocols.some((each) => each === protocol);
          const traffic = isNamed ? trafficOf(protocol as Protocol, [[port, port]]) : noTraffic;
          const key = `${textOf(source)} ${textOf(destination)} ${protocol}/${port}`;
          wants.set(key, { from: source, to: destination, traffic });
        }
  return [...wants.values()];
}

const textOf = (side: Side): string =>
  typeof side === 'string' ? side : JSON.stringify([side[4], side[6]].map((list) => list.map((range) => range.map(String))));

/** The ends as endpoints of the answer, each once. */
function sidesOf(homes: ReadonlyMap<string, string>, { members }: Endpoint, ends: readonly End[]): Side[] {
  const sides = ends.map(({ id, party: { ip, owner } }): Side => {
    if (owner.kind !== 'External') return homes.get(id) ?? id;
    return members.kind === 'space' ? members.addresses : addressRanges(ip.family, [[ip.value, ip.value]]);
  });
  return [...new Map(sides.map((side) => [textOf(side), side])).values()];
}
