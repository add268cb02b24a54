import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clusterOf } from '#core/cluster/cluster.ts';
import type { ConnectionAnswer } from '#core/connectivity/answers.ts';
import { connectivityOf } from '#core/connectivity/connectivity.ts';
import { dependencesOf, withDependences } from '#core/connectivity/dependence.ts';
import type { MatrixEndpoint } from '#core/connectivity/endpoints.ts';
import { type AddressSet, addressesFrom, hasAddress } from '#core/net/address-set.ts';
import { parseIp } from '#core/net/ip.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { checkConnection } from '#core/verdict/answer.ts';
import { isOfFamily } from '#core/verdict/endpoint.ts';
import { parseEndpoint } from '#core/verdict/endpoint-name.ts';
import { isUnanswerable } from '#core/verdict/unanswerable.ts';
import { addressesIn, answeredChoices, decoded, interestingPort, rawCluster } from './arbitraries.ts';
import { expectMatrix, lets } from './matrix-oracle.ts';

const protocol = fc.constantFrom('TCP' as const, 'UDP' as const, 'SCTP' as const);
const ports = fc.uniqueArray(interestingPort, { minLength: 3, maxLength: 5 });

test('the connectivity of everything is what single verdicts say', () => {
  fc.assert(
    fc.property(rawCluster, protocol, ports, (raw, each, some) => expectMatrix(new Analysis(clusterOf(decoded(raw))), each, some)),
    { numRuns: 120 },
  );
});

test('under every setting of the choices', () => {
  fc.assert(
    fc.property(rawCluster, answeredChoices, protocol, ports, (raw, choices, each, some) =>
      expectMatrix(new Analysis(clusterOf(decoded(raw)), choices), each, some),
    ),
    { numRuns: 60 },
  );
});

test('every pair is what check says of the two ids', () => {
  fc.assert(
    fc.property(rawCluster, protocol, interestingPort, (raw, each, port) => {
      const analysis = new Analysis(clusterOf(decoded(raw)));
      const { endpoints, connections } = connectivityOf(analysis, { denied: true });
      // The id of bare pods that are alike is that of the first of them.
      const crowds = new Set(endpoints.flatMap(({ id, kind, pods = 1 }) => (kind === 'Pod' && pods > 1 ? [id] : [])));
      for (const { from, to, traffic } of connections) {
        if (crowds.has(from) || crowds.has(to)) continue;
        const answers = ([4, 6] as const).map((family) => checkConnection(analysis, { from, to, protocol: each, port, family }));
        const judged = answers.flatMap((answer) => (isUnanswerable(answer) ? [] : [answer]));
        const asked = `${from} -> ${to} ${each}/${port}`;
        expect(judged.length, asked).toBeGreaterThan(0);
        expect({ asked, allowed: lets(traffic, each, port) }).toEqual({ asked, allowed: judged.every(({ allowed }) => allowed) });
      }
    }),
    { numRuns: 60 },
  );
});

test('an address that nobody has is in one external endpoint', () => {
  fc.assert(
    fc.property(rawCluster, (raw) => {
      const analysis = new Analysis(clusterOf(decoded(raw)));
      const external = connectivityOf(analysis).endpoints.filter(({ kind }) => kind === 'External');
      for (const family of [4, 6] as const) {
        const isPoliced = [...analysis.model.classes.values()].some(({ members }) =>
          [...members.values()].some(({ addresses }) => addresses.some((address) => isOfFamily(address, family))),
        );
        for (const address of addressesIn(raw, family).strangers) {
          const homes = external.filter(({ ranges = [] }) => hasAddress(addressesFromRanges(ranges), parseIp(address)!));
          expect({ address, homes: homes.length }).toEqual({ address, homes: isPoliced ? 1 : 0 });
        }
      }
    }),
    { numRuns: 100 },
  );
});

function addressesFromRanges(ranges: readonly string[]): AddressSet {
  const name = parseEndpoint(ranges.join());
  if (name?.kind === 'address') return addressesFrom([parseIp(name.address)!]);
  if (name?.kind !== 'ranges') throw new Error(`the id of an external endpoint is not its ranges: ${ranges}`);
  return name.addresses;
}

test('what is reached together is what is connected one by one, and depends on the same', () => {
  fc.assert(
    fc.property(
      rawCluster,
      fc.boolean(),
      fc.constantFrom(undefined, 'egress', 'ingress'),
      fc.boolean(),
      fc.boolean(),
      (raw, denied, direction, isSome, isUnexplained) => {
        const isShown = ({ id }: MatrixEndpoint): boolean => id.startsWith('alpha');
        const options = { denied, isUnexplained, ...(isSome && { isShown, ...(direction && { direction }) }) } as const;
        const analysis = new Analysis(clusterOf(decoded(raw)));
        const dependences = dependencesOf(analysis, { ...options, endpoints: connectivityOf(analysis).endpoints });
        const { connections, reach } = withDependences(connectivityOf(analysis, options), dependences);
        const each = [...reach].flatMap(({ from, to, said }) => to.map((one) => ({ from, to: one, ...said })));
        const byEnds = (answers: readonly ConnectionAnswer[]) => new Map(answers.map((answer) => [`${answer.from} ${answer.to}`, answer]));
        const all = Array.from(connections, (answer) => ({ ...answer, ...(isUnexplained && { by: { egress: [], ingress: [] } }) }));
        expect(each).toHaveLength(all.length);
        expect(byEnds(each)).toEqual(byEnds(all));
      },
    ),
    { numRuns: 100 },
  );
});
