import type { MatrixEndpoint } from '../connectivity/endpoints.ts';
import { type AddressSet, addressesFrom, noAddresses, uniteAllAddresses } from '../net/address-set.ts';
import { cidrsOf, formatCidr } from '../net/cidr.ts';
import { type Family, families, greatestOf, parseIp } from '../net/ip.ts';
import { parseEndpoint, rangesAddresses } from '../verdict/endpoint-name.ts';
import { count } from './text.ts';

/** Ranges that are listed before the others are only counted. */
const mostRanges = 2;
/** Exceptions that are listed before the widest endpoint is called the rest. */
const mostExceptions = 3;

/**
 * What addresses outside are called, by id: all of them `outside`; what is most of all families by what it lacks (`outside but
 * 10.0.0.0/8`), or `elsewhere outside` where that would be long; others by their blocks, or as most of a family.
 */
export function outsideNames(endpoints: readonly MatrixEndpoint[]): ReadonlyMap<string, string> {
  const [first, ...others] = endpoints;
  if (first?.ranges !== undefined && others.length === 0) return new Map([[first.id, 'outside']]);
  const sets = new Map(endpoints.map((endpoint) => [endpoint, addressesOf(endpoint)]));
  const known = families.filter((family) => [...sets.values()].some((addresses) => addresses[family].length > 0));
  return new Map(
    endpoints.map((endpoint) => {
      const addresses = sets.get(endpoint)!;
      const isRest = known.every((family) => shareOf(addresses, family) > 0.5);
      return [endpoint.id, isRest ? restName(endpoints, endpoint) : partsText(endpoint, addresses)];
    }),
  );
}

function restName(endpoints: readonly MatrixEndpoint[], rest: MatrixEndpoint): string {
  const others = endpoints.flatMap((endpoint) => (endpoint === rest ? [] : rangesOf(endpoint)));
  return others.length <= mostExceptions ? `outside but ${others.map(shortRange).join(' and ')}` : 'elsewhere outside';
}

/** The whole of a family and most of one in words, the ranges of the other as they are. */
function partsText(endpoint: MatrixEndpoint, addresses: AddressSet): string {
  const large = families.filter((family) => shareOf(addresses, family) > 0.5);
  const words = large.map((family) => `${shareOf(addresses, family) === 1 ? '' : 'most of '}IPv${family}`);
  const ranges = rangesOf(endpoint).filter((text) => !large.includes(familyOf(text)));
  return [...words, ...(ranges.length === 0 ? [] : [rangesText(ranges)])].join(' and ');
}

/** The first ranges, and how many there are more. */
export function rangesText(ranges: readonly string[]): string {
  if (ranges.length <= mostRanges) return ranges.map(shortRange).join(' and ');
  return `${shortRange(ranges[0]!)} and ${count(ranges.length - 1, 'range')} more`;
}

/** The id of an endpoint, of ranges outside only the first. */
export const shortId = (id: string): string => (id.includes('/') ? id : rangesText(id.split(',')));

/** The ranges of an external endpoint, as texts. */
export const rangesOf = ({ ranges, ip, id }: MatrixEndpoint): readonly string[] => ranges ?? [ip ?? id];

const familyOf = (range: string): Family => (range.includes(':') ? 6 : 4);

/** A range as a block, if it is one. */
function shortRange(text: string): string {
  if (!text.includes('-')) return text;
  const addresses = addressesIn(text);
  const blocks = families.flatMap((family) => addresses[family].flatMap(([first, last]) => cidrsOf(family, first, last)));
  return blocks.length === 1 ? formatCidr(blocks[0]!) : text;
}

/** How much of the family's space it takes. */
const shareOf = (addresses: AddressSet, family: Family): number =>
  addresses[family].reduce((sum, [first, last]) => sum + Number(last - first + 1n), 0) / Number(greatestOf(family) + 1n);

const addressesOf = (endpoint: MatrixEndpoint): AddressSet =>
  endpoint.ranges === undefined ? uniteAllAddresses(rangesOf(endpoint).map(addressesIn)) : rangesAddresses(endpoint.ranges);

function addressesIn(text: string): AddressSet {
  const name = parseEndpoint(text);
  if (name?.kind === 'address') return addressesFrom([parseIp(name.address)!]);
  return name?.kind === 'ranges' || name?.kind === 'block' ? name.addresses : noAddresses;
}
