import { isIP } from 'node:net';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, test } from 'vitest';
import { canonicalIp, formatIp, type Ip, parseIp, parseIpSloppy } from './ip.ts';

const four: fc.Arbitrary<Ip> = fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }).map((value) => ({ family: 4, value }));

/** IPv6 addresses with the runs of zeros that their spelling is about; none that is an IPv4-mapped one. */
const six: fc.Arbitrary<Ip> = fc
  .array(fc.oneof(fc.constant(0), fc.constantFrom(1, 0xffff, 0xa0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 })
  .map((groups): Ip => ({ family: 6, value: groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n) }))
  .filter(({ value }) => value >> 32n !== 0xffffn);

const oracle = (text: string): bigint =>
  ipaddr
    .parse(text)
    .toByteArray()
    .reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);

test('an address is read back from its own text', () => {
  fc.assert(
    fc.property(fc.oneof(four, six), (ip) => {
      expect(parseIp(formatIp(ip))).toEqual(ip);
    }),
  );
});

test('the canonical text is that of RFC 5952, and means the same address to others', () => {
  fc.assert(
    fc.property(fc.oneof(four, six), (ip) => {
      const text = formatIp(ip);
      expect(isIP(text)).toBe(ip.family);
      expect(oracle(text)).toBe(ip.value);
      // The URL standard writes IPv6 hosts by RFC 5952.
      if (ip.family === 6) expect(`[${text}]`).toBe(new URL(`http://[${text}]/`).hostname);
    }),
  );
});

test('other spellings of an IPv6 address mean it, too', () => {
  fc.assert(
    fc.property(six, fc.boolean(), (ip, upper) => {
      const long = ipaddr.parse(formatIp(ip)).toNormalizedString();
      const text = upper ? long.toUpperCase() : long;
      expect(parseIp(text)).toEqual(ip);
      expect(canonicalIp(text)).toBe(formatIp(ip));
      const quad = text.split(':').slice(0, 6).join(':');
      const tail = formatIp({ family: 4, value: ip.value & 0xffff_ffffn });
      expect(parseIp(`${quad}:${tail}`)).toEqual(ip);
    }),
  );
});

test('what is no address to the runtime is none here, and the other way round', () => {
  const noise = fc.string({ unit: fc.constantFrom('0', '1', '2', '5', '9', 'a', 'F', 'g', ':', '::', '.', '/', ' '), maxLength: 18 });
  const near = fc
    .tuple(fc.oneof(four, six).map(formatIp), fc.nat(40), noise)
    .map(([text, at, extra]) => text.slice(0, at) + extra.slice(0, 2) + text.slice(at));
  fc.assert(
    fc.property(fc.oneof(noise, near), (text) => {
      expect({ text, is: parseIp(text) !== undefined }).toEqual({ text, is: isIP(text) !== 0 });
    }),
    { numRuns: 2000 },
  );
});

describe('the lenient reading is that of Kubernetes', () => {
  test.each([
    ['010.001.000.255', '10.1.0.255', true, false],
    ['::ffff:10.0.0.1', '10.0.0.1', false, true],
    ['::ffff:a00:1', '10.0.0.1', false, true],
    ['::ffff:010.0.0.1', '10.0.0.1', true, true],
    ['1::1.2.3.4', '1::102:304', false, false],
  ])('%s is %s', (text, canonical, leadingZeros, mapped) => {
    const read = parseIpSloppy(text)!;
    expect(formatIp(read)).toBe(canonical);
    expect(read.spelling).toEqual({ leadingZeros, mapped });
  });

  test.each([
    '',
    '1.2.3',
    '1.2.3.256',
    '0x1.2.3.4',
    '1.2.3.4.5',
    '1..2.3',
    ' 1.2.3.4',
    'fe80::1%eth0',
    '1:2:3:4:5:6:7',
    '1:::2',
    '1::2::3',
    '1:2:3:4:5:6:7::8:9',
    '12345::',
    '::1.2.3',
  ])('%j is no address', (text) => expect(parseIpSloppy(text)).toBeUndefined());

  test('a double colon stands for at least one group', () => {
    expect(parseIp('1:2:3:4:5:6:7::')).toEqual({ family: 6, value: 0x00010002000300040005000600070000n });
    expect(parseIp('1:2:3:4::5:6:7:8')).toBeUndefined();
  });
});
