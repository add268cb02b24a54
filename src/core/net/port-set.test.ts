import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  allTraffic,
  equalTraffic,
  formatPorts,
  hasPort,
  intersectTraffic,
  isAllTraffic,
  isEmptyTraffic,
  noTraffic,
  subtractTraffic,
  type Traffic,
  trafficOf,
  uniteTraffic,
} from './port-set.ts';
import { protocols } from './protocol.ts';

const edges = [0, 1, 2, 3, 79, 80, 81, 8080, 65534, 65535];
const port = fc.constantFrom(...edges);
const traffic: fc.Arbitrary<Traffic> = fc
  .array(fc.tuple(fc.constantFrom(...protocols), port, port), { maxLength: 5 })
  .map((items) => items.map(([protocol, a, b]) => trafficOf(protocol, [[Math.min(a, b), Math.max(a, b)]])).reduce(uniteTraffic, noTraffic));

test('the algebra is that of ports, each protocol by itself', () => {
  fc.assert(
    fc.property(traffic, traffic, fc.constantFrom(...protocols), port, (a, b, protocol, each) => {
      const [inA, inB] = [hasPort(a, protocol, each), hasPort(b, protocol, each)];
      expect(hasPort(uniteTraffic(a, b), protocol, each)).toBe(inA || inB);
      expect(hasPort(intersectTraffic(a, b), protocol, each)).toBe(inA && inB);
      expect(hasPort(subtractTraffic(a, b), protocol, each)).toBe(inA && !inB);
    }),
  );
});

test('equal traffics are equal values', () => {
  fc.assert(
    fc.property(traffic, traffic, (a, b) => {
      expect(uniteTraffic(subtractTraffic(a, b), intersectTraffic(a, b))).toEqual(a);
      expect(equalTraffic(a, b)).toBe(isEmptyTraffic(subtractTraffic(a, b)) && isEmptyTraffic(subtractTraffic(b, a)));
      expect(isAllTraffic(uniteTraffic(a, subtractTraffic(allTraffic, a)))).toBe(true);
    }),
  );
});

test('one protocol is not another', () => {
  expect(trafficOf('TCP', [[80, 80]])).toEqual({ TCP: [[80, 80]], UDP: [], SCTP: [] });
  expect(isAllTraffic(trafficOf('TCP', [[0, 65535]]))).toBe(false);
});

test('ports as text', () => {
  expect(
    formatPorts([
      [80, 80],
      [8000, 8999],
    ]),
  ).toEqual(['80', '8000-8999']);
});
