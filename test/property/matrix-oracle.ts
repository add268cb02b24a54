import { expect } from 'vitest';
import { directions, type Pod, type PolicyId, qualifiedName } from '#core/api/types.ts';
import { podsOf } from '#core/cluster/cluster.ts';
import type { ConnectionAnswer, TrafficAnswer } from '#core/connectivity/answers.ts';
import { connectivityOf } from '#core/connectivity/connectivity.ts';
import type { MatrixEndpoint } from '#core/connectivity/endpoints.ts';
import { formatIp, type Ip, parseIp } from '#core/net/ip.ts';
import type { PolicyModel } from '#core/policy/policy-model.ts';
import type { Analysis } from '#core/verdict/analysis.ts';
import { podId } from '#core/verdict/endpoint.ts';
import type { GateVerdict } from '#core/verdict/gate.ts';
import { isSamePod, type Party, partyAt, partyOf } from '#core/verdict/party.ts';
import { judge } from '#core/verdict/verdict.ts';

type View = Pick<Analysis, 'cluster' | 'model'>;

/** The parties of an endpoint, found without the matrix: every address of its pods or its node, the ends of its ranges. */
function partiesOf({ cluster, model }: View, endpoint: MatrixEndpoint): Party[] {
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

/** Whether the traffic of an answer holds a port. */
export const lets = (traffic: TrafficAnswer, protocol: string, port: number): boolean =>
  traffic === 'all' ||
  traffic.some(
    (each) =>
      each.protocol === protocol &&
      each.ports.some((range) => {
        const [first, last = first] = range.split('-').map(Number) as [number, number?];
        return first <= port && port <= last;
      }),
  );

/** Holds when the matrix says of every pair of endpoints what the verdicts between all their members say. */
export function expectMatrix(analysis: View, protocol: 'TCP' | 'UDP' | 'SCTP', ports: readonly number[]): void {
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
        // The reasons of a pair are those of all its ports: here they must be right where one verdict stands for the pair, except that
        // a gate is closed to this port only, or that cluster-wide policies decide about others.
        for (const gate of verdicts.length === 1 ? directions : []) {
          const verdict = verdicts[0]![gate];
          if (verdict.allowed && answer!.reason[gate] !== 'tier') expect(answer!.reason[gate]).toBe(verdict.reason);
          if (answer!.reason[gate] === verdict.reason) expectDeciders(answer!.by[gate], verdict, asked);
        }
      }
    }
}

/** The matrix names who decides about any port, so it names those who decide about this one; of a denial the same. */
function expectDeciders(named: readonly PolicyId[], { reason, policies, rules }: GateVerdict, asked: string): void {
  const names = named.map(qualifiedName);
  const deciding = rules.map(({ rule }) => qualifiedName(rule.policy.id));
  if (reason === 'no-rule-matched') expect({ asked, names }).toEqual({ asked, names: policies.map(({ id }) => qualifiedName(id)) });
  else expect({ asked, missing: deciding.filter((name) => !names.includes(name)) }).toEqual({ asked, missing: [] });
}
