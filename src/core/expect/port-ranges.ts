import { everyNamedPort, formatPorts, intersectTraffic, noTraffic, type Traffic, trafficOf, uniteTraffic } from '../net/port-set.ts';
import { type Protocol, protocols } from '../net/protocol.ts';
import type { PortRange } from './connectivity-test.ts';

const greatest = 65_535;

/** Reads `8080`, `TCP/8080`, `UDP/8000-8010` or `SCTP` (every port); a protocol may be in any case, TCP unless given. Undefined: it is none. */
export function parsePortRange(text: string): PortRange | undefined {
  const match = /^(?:(?<name>[A-Za-z]+)(?:\/|$))?(?:(?<first>\d{1,5})(?:-(?<last>\d{1,5}))?)?$/.exec(text);
  const { name, first, last = first } = match?.groups ?? {};
  if (match === null || text === '' || text.endsWith('/')) return undefined;
  const protocol: Protocol | undefined = name === undefined ? 'TCP' : protocols.find((each) => each === name.toUpperCase());
  if (protocol === undefined) return undefined;
  const range = { protocol, first: Number(first ?? 1), last: Number(last ?? greatest) };
  return range.first >= 1 && range.first <= range.last && range.last <= greatest ? range : undefined;
}

/** The traffic of all the ranges together. */
export const trafficIn = (ranges: readonly PortRange[]): Traffic =>
  ranges.map(({ protocol, first, last }) => trafficOf(protocol, [[first, last]])).reduce(uniteTraffic, noTraffic);

/** Traffic as a test writes it: `TCP/80`, `UDP/8000-8999`, or the protocol alone for all its ports. Nobody serves port 0. */
export function portTexts(traffic: Traffic): string[] {
  const named = intersectTraffic(traffic, everyNamedPort);
  return protocols.flatMap((protocol) =>
    formatPorts(named[protocol]).map((ports) => (ports === `1-${greatest}` ? protocol : `${protocol}/${ports}`)),
  );
}
