import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Cidr, cidrsOf, formatCidr, isWithin, parseCidr, rangeOf } from './cidr.ts';
import { type Family, formatIp, greatestOf, type Ip, widthOf } from './ip.ts';

const address = (family: Family): fc.Arbitrary<Ip> =>
  fc
    .bigInt({ min: 0n, max: greatestOf(family) })
    // Node reads an IPv4-mapped address as IPv4, as we do, but here it is to be IPv6.
    .filter((value) => family === 4 || value >> 32n !== 0xffffn)
    .map((value) => ({ family, value }));
const cidr = (family: Family): fc.Arbitrary<Cidr> =>
  fc.tuple(address(family), fc.nat(widthOf(family))).map(([ip, prefix]) => parseCidr(`${formatIp(ip)}/${prefix}`)!.cidr);
const families = fc.constantFrom<Family[]>(4, 6);

test('a block holds the addresses that the runtime says it holds', () => {
  const probe = families.chain((family) => fc.tuple(cidr(family), address(family), fc.bigInt({ min: -1n, max: 1n }), fc.boolean()));
  fc.assert(
    fc.property(probe, ([block, far, step, atEnd]) => {
      const [first, last] = rangeOf(block);
      const near = (atEnd ? last : first) + step;
      const list = new BlockList();
      const kind = block.family === 4 ? 'ipv4' : 'ipv6';
      list.addSubnet(formatIp({ family: block.family, value: block.base }), block.prefix, kind);
      for (const value of [far.value, near].filter((each) => each >= 0n && each <= greatestOf(block.family)))
        expect(first <= value && value <= last).toBe(list.check(formatIp({ family: block.family, value }), kind));
    }),
  );
});

test('a block is read back from its canonical text', () => {
  fc.assert(
    fc.property(families.chain(cidr), (block) => {
      const read = parseCidr(formatCidr(block))!;
      expect(read).toEqual({
        cidr: block,
        writtenPrefix: block.prefix,
        hostBits: false,
        leadingZeros: false,
        mapped: false,
        canonical: true,
      });
    }),
  );
});

test('a block is within another when its range is', () => {
  const pairs = families.chain((family) =>
    fc.tuple(cidr(family), cidr(family), fc.nat(widthOf(family))).map(([a, b, prefix]): [Cidr, Cidr] => {
      // Half of the pairs are nested.
      const inner = prefix >= b.prefix ? parseCidr(`${formatIp({ family, value: b.base })}/${prefix}`)!.cidr : a;
      return [inner, b];
    }),
  );
  fc.assert(
    fc.property(pairs, ([inner, outer]) => {
      const [a, b] = [rangeOf(inner), rangeOf(outer)];
      expect(isWithin(inner, outer)).toBe(b[0] <= a[0] && a[1] <= b[1]);
    }),
  );
});

test('a range is the fewest blocks that hold it and nothing else', () => {
  const range = families.chain((family) => {
    const near = fc
      .tuple(address(family), fc.bigInt({ min: 0n, max: 300n }))
      .map(([{ value }, length]) => [value, value + length] as const);
    const far = fc
      .tuple(address(family), address(family))
      .map(([a, b]) => (a.value < b.value ? [a.value, b.value] : [b.value, a.value]) as [bigint, bigint]);
    return fc.oneof(near, far).map(([first, last]) => ({ family, first, last: last > greatestOf(family) ? greatestOf(family) : last }));
  });
  fc.assert(
    fc.property(range, ({ family, first, last }) => {
      const blocks = cidrsOf(family, first, last);
      let next = first;
      for (const [index, block] of blocks.entries()) {
        const [from, to] = rangeOf(block);
        expect(from).toBe(next);
        next = to + 1n;
        // Two neighbours that could be one block would be one.
        const previous = blocks[index - 1];
        if (previous !== undefined && previous.prefix === block.prefix)
          expect((previous.base >> BigInt(widthOf(family) - block.prefix)) & 1n).toBe(1n);
      }
      expect(next).toBe(last + 1n);
    }),
  );
  expect(cidrsOf(4, 0n, greatestOf(4)).map(formatCidr)).toEqual(['0.0.0.0/0']);
  expect(cidrsOf(6, greatestOf(6), greatestOf(6)).map(formatCidr)).toEqual(['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128']);
});

describe('the lenient reading is that of Kubernetes', () => {
  test.each([
    ['10.1.2.3/16', '10.1.0.0/16', { hostBits: true, canonical: false }],
    ['010.0.0.0/8', '10.0.0.0/8', { leadingZeros: true, canonical: false }],
    ['10.0.0.0/08', '10.0.0.0/8', { leadingZeros: true, canonical: false }],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8', { mapped: true, canonical: false, writtenPrefix: 104 }],
    ['::ffff:10.0.0.0/24', '::/24', { mapped: true, hostBits: true, canonical: false }],
    ['2001:DB8::/32', '2001:db8::/32', { canonical: false }],
    ['::/0', '::/0', { canonical: true }],
  ])('%s is %s', (text, canonical, spelling) => {
    const read = parseCidr(text)!;
    expect(formatCidr(read.cidr)).toBe(canonical);
    expect(read).toMatchObject(spelling);
  });

  test.each([
    '10.0.0.0',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/+8',
    '10.0.0.0/ 8',
    '10.0.0/8',
    '/8',
    '10.0.0.0/8/8',
    '10.0.0.0/0x8',
    '',
  ])('%j is no block', (text) => expect(parseCidr(text)).toBeUndefined());
});
