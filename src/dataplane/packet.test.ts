import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPacket } from './packet.ts';

const ip4 = `${'45000028000040004006000000000000'.slice(0, 24)}0a0000010a000002`;
const ip6 = (next: string) => `60000000001c${next}40${'fd'.padEnd(31, '0')}1${'fd'.padEnd(31, '0')}2`;
const ports = `1f900050${'0'.repeat(32)}`;

describe('the ends of a packet', () => {
  it.each<[string, string, object]>([
    ['IPv4', ip4 + ports, { source: '10.0.0.1', destination: '10.0.0.2', protocol: 6, sourcePort: 8080, destinationPort: 80 }],
    ['IPv4 with options', `46${ip4.slice(2)}01010100${ports}`, { protocol: 6, sourcePort: 8080, destinationPort: 80 }],
    ['IPv6', ip6('11') + ports, { source: 'fd00::1', destination: 'fd00::2', protocol: 17, sourcePort: 8080, destinationPort: 80 }],
    [
      'IPv6 with hop-by-hop options and routing',
      `${ip6('00')}2b00${'0'.repeat(12)}8401${'0'.repeat(28)}${ports}`,
      { protocol: 132, sourcePort: 8080 },
    ],
    ['the first fragment of IPv6', `${ip6('2c')}1100000100000001${ports}`, { protocol: 17, destinationPort: 80 }],
  ])('%s', (_, hex, expected) => {
    expect(readPacket(Buffer.from(hex, 'hex'))).toMatchObject(expected);
  });

  it.each<[string, string]>([
    ['a later fragment of IPv4', `${ip4.slice(0, 12)}0001${ip4.slice(16)}${ports}`],
    ['a later fragment of IPv6', `${ip6('2c')}1100000800000001${ports}`],
    ['ICMP', `${ip4.slice(0, 18)}01${ip4.slice(20)}${ports}`],
    ['a packet cut short', ip4],
  ])('%s has no ports', (_, hex) => {
    const read = readPacket(Buffer.from(hex, 'hex'));
    expect(read.source).not.toBe('');
    expect(read).not.toHaveProperty('sourcePort');
  });

  it('are never read beyond the bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 128 }), (bytes) => void readPacket(Buffer.from(bytes))));
  });
});
