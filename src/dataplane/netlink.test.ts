import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAttributes, readMessages } from './netlink.ts';
import { NetlinkWriter } from './netlink-writer.ts';
import { encodeKey, type KeyType } from './nft-elements.ts';

const sample = (): Buffer => {
  const writer = new NetlinkWriter();
  writer.message({ type: 7, flags: 1, sequence: 3, family: 2 }, () => {
    writer.text(1, 'name');
    writer.nest(2, () => writer.number(1, -3));
  });
  writer.message({ type: 8, flags: 1, sequence: 4, family: 2 });
  return Buffer.from(writer.bytes);
};

describe('netlink messages', () => {
  it('are read as they were written', () => {
    const [first, second] = readMessages(sample());
    expect([first?.type, first?.sequence, second?.type, second?.sequence]).toEqual([7, 3, 8, 4]);
    const attributes = new Map(readAttributes(first!.attributes));
    expect(attributes.get(1)?.toString()).toBe('name\0');
    expect([...readAttributes(attributes.get(2)!)]).toEqual([[1, Buffer.from('fffffffd', 'hex')]]);
    expect(second?.attributes).toHaveLength(0);
  });

  it('never read beyond their end, however they are cut or changed', () => {
    fc.assert(
      fc.property(fc.nat(80), fc.array(fc.tuple(fc.nat(79), fc.nat(255)), { maxLength: 4 }), (length, changes) => {
        const bytes = sample();
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        try {
          for (const { attributes } of readMessages(bytes.subarray(0, length))) {
            for (const [, value] of readAttributes(attributes)) expect(value.length).toBeLessThan(bytes.length);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });

  it('grow with what is written', () => {
    const writer = new NetlinkWriter();
    for (let sequence = 0; sequence < 2000; sequence++) {
      writer.message({ type: 1, flags: 0, sequence, family: 0 }, () => writer.text(1, `element ${sequence}`));
    }
    expect(readMessages(writer.bytes).map(({ sequence }) => sequence)).toEqual(Array.from({ length: 2000 }, (_, index) => index));
  });

  it('refuse an attribute longer than its length can say', () => {
    const writer = new NetlinkWriter();
    expect(() => writer.nest(1, () => writer.value(1, Buffer.alloc(65_535)))).toThrow(RangeError);
  });
});

describe('keys of sets', () => {
  it.each<[string, KeyType[], string]>([
    ['10.0.0.1', ['ipv4_addr'], '0a000001'],
    ['fd00::1', ['ipv6_addr'], `fd00${'0'.repeat(27)}1`],
    ['80', ['inet_service'], '0050'],
    ['tcp', ['inet_proto'], '06'],
    ['10.0.0.1 . 443', ['ipv4_addr', 'inet_service'], '0a00000101bb0000'],
    ['10.0.0.1 . 10.0.0.2 . sctp . 65535', ['ipv4_addr', 'ipv4_addr', 'inet_proto', 'inet_service'], '0a0000010a00000284000000ffff0000'],
  ])('%s', (text, types, hex) => {
    expect(encodeKey(text, types).toString('hex')).toBe(hex);
  });

  it.each<[string, KeyType[]]>([
    ['fd00::1', ['ipv4_addr']],
    ['10.0.0.1', ['ipv6_addr']],
    ['10.0.0.0/8', ['ipv4_addr']],
    ['65536', ['inet_service']],
    ['80-90', ['inet_service']],
    ['256', ['inet_proto']],
    ['10.0.0.1', ['ipv4_addr', 'inet_service']],
    ['', ['inet_service']],
  ])('%s is no key of type %s', (text, types) => {
    expect(() => encodeKey(text, types)).toThrow(RangeError);
  });
});
