import { type PotentialName, parsePotential } from '../cluster/potential-pods.ts';
import { type AddressSet, addressesOf, addressRanges, noAddresses, uniteAllAddresses } from '../net/address-set.ts';
import { parseCidr } from '../net/cidr.ts';
import { asMapped, formatIp, type Ip, parseIp } from '../net/ip.ts';
import { getOrMake } from '../policy/get-or-make.ts';

/** What the text of an endpoint says, before anybody looks whether it exists. Source: design.md section 7. */
export type EndpointName =
  | { readonly kind: 'object'; readonly namespace: string; readonly name: string; readonly objectKind?: string }
  | { readonly kind: 'node'; readonly name: string }
  | { readonly kind: 'address'; readonly address: string }
  /** A CIDR: every address in it, whoever has it. */
  | { readonly kind: 'block'; readonly addresses: AddressSet }
  /** Ranges, as the id of an external endpoint lists them: the addresses in them that nobody in the cluster has. */
  | { readonly kind: 'ranges'; readonly addresses: AddressSet }
  /** Pods that do not exist but could. */
  | { readonly kind: 'potential'; readonly pods: PotentialName }
  | { readonly kind: 'fault'; readonly error: string }
  | { readonly kind: 'internet' }
  | { readonly kind: 'apiserver' };

/** Reads the text of an endpoint; undefined when it is none, a fault when it nearly is. */
export function parseEndpoint(text: string): EndpointName | undefined {
  const potential = parsePotential(text);
  if (potential !== undefined) return 'error' in potential ? { kind: 'fault', ...potential } : { kind: 'potential', pods: potential };
  if (text === 'internet' || text === 'apiserver') return { kind: text };
  if (text.startsWith('node:')) return text.length > 5 ? { kind: 'node', name: text.slice(5) } : undefined;
  const ip = parseIp(text);
  if (ip !== undefined) return { kind: 'address', address: formatIp(ip) };
  const block = parseCidr(text);
  if (block !== undefined) return { kind: 'block', addresses: addressesOf([block.cidr]) };
  return parseRanges(text) ?? almostBlock(text) ?? parseObject(text);
}

/** An address with something behind its slash that is no prefix length: no namespace is called like that. */
function almostBlock(text: string): EndpointName | undefined {
  const [address = '', ...rest] = text.split('/');
  if (rest.length === 0 || parseIp(address) === undefined) return undefined;
  return { kind: 'fault', error: `${rest.join('/')} is no prefix length` };
}

/** What lists of ranges mean, as long as they are there: those of endpoints are asked for again and again. */
const known = new WeakMap<readonly string[], AddressSet>();

/** The addresses of ranges as an external endpoint lists them. */
export const rangesAddresses = (ranges: readonly string[]): AddressSet =>
  getOrMake(known, ranges, () => uniteAllAddresses(ranges.map((range) => parseRange(range) ?? noAddresses)));

/** `first-last` ranges, single addresses and blocks, joined by commas. */
function parseRanges(text: string): EndpointName | undefined {
  const parts = text.split(',').map(parseRange);
  if (parts.includes(undefined)) return undefined;
  return { kind: 'ranges', addresses: uniteAllAddresses(parts as AddressSet[]) };
}

function parseRange(text: string): AddressSet | undefined {
  const block = parseCidr(text);
  if (block !== undefined) return addressesOf([block.cidr]);
  const bounds = text.split('-');
  const ips = bounds.map(parseIp) as (Ip | undefined)[];
  const [first, last = first] = bounds.every((bound) => bound.includes(':')) ? asOneFamily(ips) : ips;
  if (first === undefined || last === undefined || ips.includes(undefined) || ips.length > 2) return undefined;
  if (last.family !== first.family || last.value < first.value) return undefined;
  return addressRanges(first.family, [[first.value, last.value]]);
}

/** A range of IPv6 addresses may end at the mapped ones, which by themselves are IPv4 addresses. */
const asOneFamily = (ips: readonly (Ip | undefined)[]): readonly (Ip | undefined)[] =>
  ips.some((ip) => ip?.family === 6) ? ips.map((ip) => ip && asMapped(ip)) : ips;

function parseObject(text: string): EndpointName | undefined {
  const parts = text.split('/');
  if (parts.some((part) => part === '')) return undefined;
  const [namespace, second, third] = parts as [string, string, string];
  if (parts.length === 2) return { kind: 'object', namespace, name: second };
  if (parts.length === 3) return { kind: 'object', namespace, objectKind: canonicalKind(second), name: third };
  return undefined;
}

/** The names that kubectl knows for kinds, besides the kind itself in lower case. */
const kindNames: Readonly<Record<string, readonly string[]>> = {
  pod: ['pods', 'po'],
  service: ['services', 'svc'],
  deployment: ['deployments', 'deploy'],
  statefulset: ['statefulsets', 'sts'],
  daemonset: ['daemonsets', 'ds'],
  replicaset: ['replicasets', 'rs'],
  job: ['jobs'],
  cronjob: ['cronjobs', 'cj'],
};

/** A kind in lower case, short and plural names resolved. */
function canonicalKind(written: string): string {
  const lower = written.toLowerCase();
  return Object.keys(kindNames).find((kind) => kindNames[kind]!.includes(lower)) ?? lower;
}
