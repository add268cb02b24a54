import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Choices, defaultChoices } from '#core/api/choices.ts';
import type { Pod } from '#core/api/types.ts';
import { clusterOf, podsOf } from '#core/cluster/cluster.ts';
import { type AddressSet, addressesFrom, hasAddress } from '#core/net/address-set.ts';
import { formatIp, type Ip, parseIp } from '#core/net/ip.ts';
import type { PolicyModel } from '#core/policy/policy-model.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { checkConnection } from '#core/verdict/answer.ts';
import { type ConnectionAnswer, connectivityOf, type TrafficAnswer } from '#core/verdict/connectivity.ts';
import { isOfFamily, isUnanswerable, podId } from '#core/verdict/endpoint.ts';
import { parseEndpoint } from '#core/verdict/endpoint-name.ts';
import type { MatrixEndpoint } from '#core/verdict/matrix-endpoints.ts';
import { isSamePod, type Party, partyAt, partyOf } from '#core/verdict/party.ts';
import { judge } from '#core/verdict/verdict.ts';
import type { RawCluster } from '../reference/raw.ts';
import { addressesIn, decoded, interestingPort, rawCluster, someChoices } from './arbitraries.ts';

/** The parties of an endpoint, found without the matrix: every address of its pods or its node, the ends of its ranges. */
function partiesOf({ cluster, model }: Analysis, endpoint: MatrixEndpoint): Party[] {
  if (endpoint.kind === 'Node') return cluster.nodes.get(endpoint.name!)!.addresses.map((address) => partyAt(model, address));
  if (endpoint.kind === 'External') {
    return endpoint.ranges!.flatMap((range) => {
      const [first, last = first] = range.split('-').map((address) => parseIp(address)!) as [Ip, Ip?];
      return [firstFree(model, first, last.value, 1n), firstFree(model, last, first.value, -1n)];
    });
  }
  const members = [...podsOf(cluster)].filter((pod) => endpoint.members!.includes(podId(pod)));
  // An address that a finished pod has left to another is that other's.
  const own = (pod: Pod, { owner }: Party): boolean => owner.kind !== 'Pod' || owner.pod === pod;
  return members.flatMap((pod) => pod.addresses.map((address) => partyOf(model, pod, address)).filter((party) => own(pod, party)));
}

/** The first address on the way that nobody has; there is one in every range of an external endpoint. */
function firstFree(model: PolicyModel, { family, value }: Ip, end: bigint, step: bigint): Party {
  const party = partyAt(model, formatIp({ family, value }));
  if (party.owner.kind === 'External') return party;
  if (value === end) throw new Error('an external endpoint has a range without a free address');
  return firstFree(model, { family, value: value + step }, end, step);
}

const lets = (traffic: TrafficAnswer, protocol: string, port: number): boolean =>
  traffic === 'all' ||
  traffic.some(
    (each) =>
      each.protocol === protocol &&
      each.ports.some((range) => {
        const [first, last = first] = range.split('-').map(Number) as [number, number?];
        return first <= port && port <= last;
      }),
  );

function holds(raw: RawCluster, choices: Choices, protocol: 'TCP' | 'UDP' | 'SCTP', ports: readonly number[]): void {
  const analysis = new Analysis(clusterOf(decoded(raw)), choices);
  const { endpoints, connections } = connectivityOf(analysis, { denied: true });
  const answers = new Map(Array.from(connections, (answer): [string, ConnectionAnswer] => [`${answer.from} -> ${answer.to}`, answer]));
  const parties = new Map(endpoints.map((endpoint) => [endpoint, partiesOf(analysis, endpoint)]));
  for (const from of endpoints)
    for (const to of endpoints) {
      const pairs = parties.get(from)!.flatMap((a) => {
        const others = parties.get(to)!.filter((b) => a.ip.family === b.ip.family && !isSamePod(a, b));
        // Policy has no say between two ends that are no pods.
        return others.filter((b) => a.owner.kind === 'Pod' || b.owner.kind === 'Pod').map((b) => [a, b] as const);
      });
      const name = `${from.id} -> ${to.id}`;
      const answer = answers.get(name);
      if (pairs.length === 0) {
        expect(answer, name).toBeUndefined();
        continue;
      }
      for (const port of ports) {
        const verdicts = pairs.map(([a, b]) => judge(analysis.model, { from: a, to: b, protocol, port }));
        const asked = `${name} ${protocol}/${port}`;
        expect({ asked, every: lets(answer!.traffic, protocol, port) }).toEqual({ asked, every: verdicts.every(({ allowed }) => allowed) });
        const some = lets(answer!.partial ?? answer!.traffic, protocol, port);
        expect({ asked, some }).toEqual({ asked, some: verdicts.some(({ allowed }) => allowed) });
        // The reasons of a pair stand for all its ports: where the pair is open on this one, a gate that is closed cannot be the reason.
        if (verdicts.length === 1 && verdicts[0]!.egress.allowed) expect(answer!.reason.egress).toBe(verdicts[0]!.egress.reason);
        if (verdicts.length === 1 && verdicts[0]!.ingress.allowed) expect(answer!.reason.ingress).toBe(verdicts[0]!.ingress.reason);
      }
    }
}

const protocol = fc.constantFrom('TCP' as const, 'UDP' as const, 'SCTP' as const);
const ports = fc.uniqueArray(interestingPort, { minLength: 3, maxLength: 5 });

test('the connectivity of everything is what single verdicts say', () => {
  fc.assert(
    fc.property(rawCluster, protocol, ports, (cluster, each, some) => holds(cluster, defaultChoices, each, some)),
    { numRuns: 120 },
  );
});

test('under every setting of the choices', () => {
  fc.assert(fc.property(rawCluster, someChoices, protocol, ports, holds), { numRuns: 60 });
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
