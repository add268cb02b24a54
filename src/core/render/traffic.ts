import { type ConnectionAnswer, type TrafficAnswer, trafficAnswer } from '../connectivity/answers.ts';
import { equalTraffic, everyPort, isEmptyTraffic, noTraffic, type Traffic, trafficOf, uniteTraffic } from '../net/port-set.ts';
import { type Protocol, protocols } from '../net/protocol.ts';

/** Traffic in few words: `all`, `TCP/80,8000-8999 UDP/53`, `nothing`. */
export function trafficText(traffic: TrafficAnswer): string {
  if (traffic === 'all') return 'all';
  return traffic.map(({ protocol, ports }) => (isEveryPort(ports) ? protocol : `${protocol}/${ports.join(',')}`)).join(' ') || 'nothing';
}

const isEveryPort = (ports: readonly string[]): boolean => ports.length === 1 && ports[0] === '0-65535';

/** What may differ within a pair: pods of an endpoint that has several, or the addresses of its ends. */
export type Members = 'pods' | 'addresses';

/** What a pair may do; where its members differ, also what only some of them may. */
export function pairText({ traffic, partial }: Pick<ConnectionAnswer, 'traffic' | 'partial'>, members: Members): string {
  return partial === undefined ? trafficText(traffic) : `${trafficText(traffic)} (some ${members}: ${trafficText(partial)})`;
}

/** The traffic that a text asks about: `8080` of every protocol, `8000-8999`, `TCP/80`; undefined when the text is none. */
export function parseTraffic(text: string): Traffic | undefined {
  const match = /^(?:([a-z]+)\/)?(\d+)(?:-(\d+))?$/i.exec(text);
  const [, name, first = '', last = first] = match ?? [];
  const wanted = protocols.filter((protocol) => name === undefined || protocol === name.toUpperCase());
  const [least, most] = [Number(first), Number(last)];
  if (match === null || wanted.length === 0 || least > most || most > everyPort[1]) return undefined;
  return wanted.map((protocol) => trafficOf(protocol, [[least, most]])).reduce(uniteTraffic, noTraffic);
}

/** Every port of a protocol. */
export const trafficOfProtocol = (protocol: Protocol): Traffic => trafficOf(protocol, [everyPort]);

/** The set in few words. */
export const setText = (traffic: Traffic): string => trafficText(trafficAnswer(traffic));

/** What many pairs may do: what each of them may, and where they differ what one of them or another may. */
export function commonText(every: Traffic, some: Traffic): string {
  if (equalTraffic(every, some)) return setText(every);
  return isEmptyTraffic(every) ? setText(some) : `${setText(every)}; some ${setText(some)}`;
}
