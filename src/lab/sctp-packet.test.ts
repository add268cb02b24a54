import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c, decodePacket, encodePacket } from './sctp-packet.ts';

const port = fc.integer({ min: 0, max: 65535 });
const tag = fc.integer({ min: 0, max: 0xffff_ffff });

describe('SCTP packets', () => {
  // Source: RFC 3720 appendix B.4.
  it.each([
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(0xff), 0x62a8ab43],
    [Uint8Array.from({ length: 32 }, (_, index) => index), 0x46dd794e],
  ])('have the checksum of Castagnoli', (bytes, sum) => {
    expect(crc32c(bytes)).toBe(sum);
  });

  it('are read as they were written', () => {
    const ends = { sourcePort: port, destinationPort: port, verificationTag: tag };
    const packet = fc.oneof(
      fc.record({ ...ends, chunk: fc.constant('INIT' as const), initiateTag: tag }),
      fc.record({ ...ends, chunk: fc.constant('INIT ACK' as const), initiateTag: tag, cookie: fc.uint8Array({ maxLength: 300 }) }),
      fc.record({ ...ends, chunk: fc.constant('ABORT' as const) }),
    );
    fc.assert(
      fc.property(packet, (each) => {
        expect(decodePacket(encodePacket(each))).toEqual({ ...each });
      }),
    );
  });

  it('that are damaged or cut off are none', () => {
    const bytes = encodePacket({
      sourcePort: 1,
      destinationPort: 2,
      verificationTag: 3,
      chunk: 'INIT ACK',
      initiateTag: 4,
      cookie: new Uint8Array(9),
    });
    for (let length = 0; length < bytes.length; length++) expect(decodePacket(bytes.subarray(0, length))).toBeUndefined();
    for (let index = 0; index < bytes.length; index++) {
      const damaged = bytes.slice();
      damaged[index]! ^= 1;
      expect(decodePacket(damaged)).toBeUndefined();
    }
  });

  it('of any kind do no harm', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void decodePacket(bytes)));
  });
});
