import { protocols } from '../net/protocol.ts';
import type { Flow } from './check.ts';

/** Protocols that NetworkPolicy does not speak of, for which a verdict is a prediction. They have no ports. */
const otherProtocols: readonly string[] = ['ICMP', 'ICMPv6', 'IGMP', 'GRE', 'ESP', 'AH'];
const known: readonly string[] = [...protocols, ...otherProtocols];

/** A fault of one field of a flow. */
export interface FieldFault {
  readonly field: string;
  readonly message: string;
}

/** The protocol of that name, in any case; undefined when there is none: a slip must not become a question about something else. */
const protocolOf = (name: unknown): string | undefined =>
  typeof name === 'string' ? known.find((protocol) => protocol.toUpperCase() === name.toUpperCase()) : undefined;

/** `TCP/8080` or `8080`, with the protocol if it names one. Undefined when the text is no port. */
export function parsePort(text: string): { readonly protocol?: string; readonly port: number } | undefined {
  const [first, second, ...rest] = text.split('/') as [string, ...string[]];
  const number = second ?? first;
  if (rest.length > 0 || !/^\d+$/.test(number)) return undefined;
  const port = Number(number);
  if (second === undefined) return { port };
  const protocol = protocolOf(first);
  return protocol === undefined ? undefined : { protocol, port };
}

/** The flow that a value says: `{from, to, protocol, port, family}`; protocol defaults to TCP. Source: design.md section 7. */
export function flowOf(value: unknown): Flow | FieldFault {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { field: '', message: 'must be an object {from, to, protocol, port, family}' };
  // A misspelt field would silently ask about something else.
  const unknown = Object.keys(value).find((field) => !fields.includes(field));
  if (unknown !== undefined) return { field: '', message: `unknown field "${unknown}": supported are ${fields.join(', ')}` };
  const { from, to, protocol, port, family } = Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null));
  if (!isName(from)) return { field: 'from', message: 'must name an endpoint' };
  if (!isName(to)) return { field: 'to', message: 'must name an endpoint' };
  const named = protocolOf(protocol ?? 'TCP');
  if (named === undefined) return { field: 'protocol', message: `must be one of ${known.join(', ')}` };
  const least = otherProtocols.includes(named) ? 0 : 1;
  const number = port ?? (least === 0 ? 0 : undefined);
  if (!isPort(number, least)) return { field: 'port', message: 'must be a number between 1 and 65535, inclusive' };
  if (family !== undefined && family !== 4 && family !== 6) return { field: 'family', message: 'must be 4 or 6' };
  return { from, to, protocol: named, port: number, ...(family !== undefined && { family }) };
}

const fields: readonly string[] = ['from', 'to', 'protocol', 'port', 'family'];

const isName = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isPort = (value: unknown, least: number): value is number =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= 65535;
