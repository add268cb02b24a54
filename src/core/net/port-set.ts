import { equal, has, type Interval, type Intervals, intersect, normalize, numbers, subtract, union } from './interval.ts';
import { type Protocol, protocols } from './protocol.ts';

/** A set of port numbers, canonical. */
export type PortSet = Intervals<number>;

/** Every port. 0 is no port that a policy can name, but a packet can carry it, so rules for all ports hold it. */
export const everyPort: Interval<number> = [0, 65535];
const allPorts: PortSet = [everyPort];

/** For each protocol the ports: what a rule lets through, or what of a connection is allowed. Canonical. */
export type Traffic = Readonly<Record<Protocol, PortSet>>;

export const noTraffic: Traffic = { TCP: [], UDP: [], SCTP: [] };
export const allTraffic: Traffic = { TCP: allPorts, UDP: allPorts, SCTP: allPorts };

/** Every port that somebody can serve or a policy can name. */
export const everyNamedPort: Traffic = { TCP: [[1, 65535]], UDP: [[1, 65535]], SCTP: [[1, 65535]] };

const each = (combine: (protocol: Protocol) => PortSet): Traffic => ({ TCP: combine('TCP'), UDP: combine('UDP'), SCTP: combine('SCTP') });

/** The traffic of some ports of one protocol. */
export const trafficOf = (protocol: Protocol, ports: readonly Interval<number>[]): Traffic =>
  each((each) => (each === protocol ? normalize(numbers, ports) : []));

export const uniteTraffic = (a: Traffic, b: Traffic): Traffic => each((protocol) => union(numbers, a[protocol], b[protocol]));
export const intersectTraffic = (a: Traffic, b: Traffic): Traffic => each((protocol) => intersect(a[protocol], b[protocol]));
export const subtractTraffic = (a: Traffic, b: Traffic): Traffic => each((protocol) => subtract(numbers, a[protocol], b[protocol]));
export const equalTraffic = (a: Traffic, b: Traffic): boolean => protocols.every((protocol) => equal(a[protocol], b[protocol]));
export const isEmptyTraffic = (traffic: Traffic): boolean => protocols.every((protocol) => traffic[protocol].length === 0);
export const isAllTraffic = (traffic: Traffic): boolean => equalTraffic(traffic, allTraffic);
export const hasPort = (traffic: Traffic, protocol: Protocol, port: number): boolean => has(traffic[protocol], port);

/** Ports as text: `80`, `8000-8999`. */
export function formatPorts(ports: PortSet): string[] {
  return ports.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`));
}
