import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type AddressSet,
  addressesFrom,
  addressesOf,
  allAddresses,
  equalAddresses,
  formatCidrs,
  formatRanges,
  hasAddress,
  intersectAddresses,
  isEmptyAddresses,
  noAddresses,
  subtractAddresses,
  uniteAddresses,
} from './address-set.ts';
import { parseCidr } from './cidr.ts';
import { type Ip, parseIp } from './ip.ts';

const blocks = [
  '0.0.0.0/0',
  '10.0.0.0/8',
  '10.0.0.0/30',
  '10.0.0.2/31',
  '10.0.0.4/32',
  '255.255.255.255/32',
  '::/0',
  'fd00::/8',
  'fd00::/127',
  '::1/128',
];
const probes: readonly Ip[] = [
  '0.0.0.0',
  '10.0.0.0',
  '10.0.0.1',
  '10.0.0.2',
  '10.0.0.3',
  '10.0.0.4',
  '10.0.0.5',
  '11.0.0.0',
  '255.255.255.255',
]
  .concat(['::', '::1', '::2', 'fd00::', 'fd00::1', 'fd00::2', 'fe00::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'])
  .map((text) => parseIp(text)!);

const setOf = (texts: readonly string[]): AddressSet => addressesOf(texts.map((text) => parseCidr(text)!.cidr));
const set = fc.oneof(
  fc.subarray(blocks).map(setOf),
  fc.tuple(fc.subarray(blocks), fc.subarray(blocks)).map(([a, b]) => subtractAddresses(setOf(a), setOf(b))),
);

test('the algebra is that of addresses', () => {
  fc.assert(
    fc.property(set, set, (a, b) => {
      for (const ip of probes) {
        const [inA, inB] = [hasAddress(a, ip), hasAddress(b, ip)];
        expect(hasAddress(uniteAddresses(a, b), ip)).toBe(inA || inB);
        expect(hasAddress(intersectAddresses(a, b), ip)).toBe(inA && inB);
        expect(hasAddress(subtractAddresses(a, b), ip)).toBe(inA && !inB);
      }
    }),
  );
});

test('equal sets are equal values, however they came about', () => {
  fc.assert(
    fc.property(set, set, (a, b) => {
      const rebuilt = uniteAddresses(subtractAddresses(a, b), intersectAddresses(a, b));
      expect(rebuilt).toEqual(a);
      expect(equalAddresses(rebuilt, a)).toBe(true);
      expect(isEmptyAddresses(subtractAddresses(a, a))).toBe(true);
      expect(subtractAddresses(allAddresses, subtractAddresses(allAddresses, a))).toEqual(a);
    }),
  );
});

test('a set is read back from its blocks', () => {
  fc.assert(
    fc.property(set, (each) => {
      expect(setOf(formatCidrs(each))).toEqual(each);
    }),
  );
});

test('ranges stand in order, single addresses alone', () => {
  expect(formatRanges(setOf(['fd00::/127', '10.0.0.0/30', '10.0.0.4/32', '255.255.255.255/32']))).toEqual([
    '10.0.0.0-10.0.0.4',
    '255.255.255.255',
    'fd00::-fd00::1',
  ]);
  expect(formatRanges(noAddresses)).toEqual([]);
  expect(formatRanges(addressesFrom([parseIp('10.0.0.2')!, parseIp('10.0.0.1')!, parseIp('10.0.0.1')!]))).toEqual(['10.0.0.1-10.0.0.2']);
});
