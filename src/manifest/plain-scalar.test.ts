import { describe, expect, it } from 'vitest';
import { resolvePlain, type Scalar } from './plain-scalar.ts';

// What the YAML parser of kubectl and the API server (sigs.k8s.io/yaml 1.6) makes of each.
describe('unquoted scalars', () => {
  const cases: readonly (readonly [string, Scalar])[] = [
    ...['', '~', 'null', 'Null', 'NULL'].map((text) => [text, null] as const),
    ...['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON', 'true', 'True', 'TRUE'].map((text) => [text, true] as const),
    ...['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF', 'false', 'False', 'FALSE'].map((text) => [text, false] as const),
    ...([
      ['010', 8],
      ['0o10', 8],
      ['0O17', 15],
      ['0x50', 80],
      ['0b101', 5],
      ['-0b11', -3],
      ['-010', -8],
      ['08', 8],
      ['090', 90],
      ['80.0', 80],
      ['8e1', 80],
      ['8E+1', 80],
      ['8_0', 80],
      ['1__0', 10],
      ['0_8', 8],
      ['0_', 0],
      ['+5', 5],
      ['-0', 0],
      ['.5', 0.5],
      ['-_0', 0],
      ['-.1_0', -0.1],
      ['-.5e1', -5],
      ['1.', 1],
      ['1_0.0_1', 10.01],
      ['1e-400', 0],
      ['18446744073709551615', 2 ** 64],
      ['-9223372036854775809', -(2 ** 63)],
      ['.inf', Number.POSITIVE_INFINITY],
      ['-.INF', Number.NEGATIVE_INFINITY],
      ['.nan', Number.NaN],
    ] satisfies [string, Scalar][]),
    ...[
      '1:30',
      '12:30:45',
      '2001-01-01',
      '2001-01-01T00:00:00Z',
      'yEs',
      'oN',
      'nO',
      'tRue',
      '0o9',
      '0x',
      '0b12',
      '--1',
      '1e400',
      '=',
      '10.0.0.0/8',
    ].map((text) => [text, text] as const),
    ...['_1', '.1_0', '-', '+', '.', '::/0', 'Infinity', 'NaN', '0x1.8', '1e', '<<'].map((text) => [text, text] as const),
  ];
  it.each(cases)('%s is %s', (text, value) => {
    expect(resolvePlain(text)).toBe(value);
  });
});
