import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clusterOf } from '#core/cluster/cluster.ts';
import { parseCidr, rangeOf } from '#core/net/cidr.ts';
import { formatIp } from '#core/net/ip.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { checkConnection } from '#core/verdict/answer.ts';
import { isUnanswerable } from '#core/verdict/unanswerable.ts';
import { referenceAllows } from '../reference/evaluator.ts';
import type { RawCluster } from '../reference/raw.ts';
import { decoded, interestingPort, rawCluster } from './arbitraries.ts';

/** Blocks at the edges of what policies, pods and nodes use, small enough to try every address. */
const blocks = [
  '10.244.0.0/28',
  '10.244.0.4/31',
  '192.168.0.8/29',
  '203.0.113.120/28',
  '203.0.113.248/29',
  'fd00:10:244::/124',
  '2001:db8::/126',
];

function addressesIn(block: string): string[] {
  const { cidr } = parseCidr(block)!;
  const [first, last] = rangeOf(cidr);
  return Array.from({ length: Number(last - first) + 1 }, (_, index) => formatIp({ family: cidr.family, value: first + BigInt(index) }));
}

const isFree = ({ pods, nodes = [] }: RawCluster, address: string): boolean =>
  !nodes.some(({ ips }) => ips.includes(address)) &&
  !pods.some(({ ips, phase, hostNetwork }) => !hostNetwork && phase !== 'Succeeded' && phase !== 'Failed' && ips.includes(address));

test('a block is allowed when every address in it is, whoever has it; a range when every address is that nobody has', () => {
  const question = fc.record({
    raw: rawCluster,
    block: fc.constantFrom(...blocks),
    asRange: fc.boolean(),
    isSource: fc.boolean(),
    pod: fc.nat(),
    protocol: fc.constantFrom('TCP', 'UDP'),
    port: interestingPort,
  });
  fc.assert(
    fc.property(question, ({ raw, block, asRange, isSource, pod, protocol, port }) => {
      const addresses = addressesIn(block);
      const candidates = raw.pods.filter(
        ({ ips, phase }) => phase !== 'Succeeded' && phase !== 'Failed' && ips.some((ip) => ip.includes(':') === block.includes(':')),
      );
      fc.pre(candidates.length > 0);
      const chosen = candidates[pod % candidates.length]!;
      const own = chosen.ips.find((ip) => ip.includes(':') === block.includes(':'))!;
      const space = asRange ? `${addresses[0]}-${addresses.at(-1)}` : block;
      const meant = asRange ? addresses.filter((address) => isFree(raw, address)) : addresses;
      const podText = `${chosen.ns}/${chosen.name}`;
      const [from, to] = isSource ? [space, podText] : [podText, space];
      const answer = checkConnection(new Analysis(clusterOf(decoded(raw))), { from, to, protocol, port });
      if (meant.length === 0) {
        expect(isUnanswerable(answer)).toBe(true);
        return;
      }
      // A pod in the block that asks itself says nothing, unless there is nobody else.
      const others = meant.filter((address) => address !== own);
      const expected = others.every((address) =>
        referenceAllows(raw, { from: isSource ? address : own, to: isSource ? own : address, protocol, port }),
      );
      expect({ from, to, allowed: !isUnanswerable(answer) && answer.allowed }).toEqual({ from, to, allowed: expected });
    }),
    { numRuns: 200 },
  );
});

test('workloads and nodes are allowed when every pair of their addresses is', () => {
  const question = fc.record({
    raw: rawCluster,
    ends: fc.tuple(fc.nat(), fc.nat()),
    family: fc.constantFrom(4 as const, 6 as const),
    protocol: fc.constantFrom('TCP', 'UDP', 'SCTP'),
    port: interestingPort,
  });
  fc.assert(
    fc.property(question, ({ raw, ends, family, protocol, port }) => {
      const live = raw.pods.filter(({ phase, hostNetwork }) => phase !== 'Succeeded' && phase !== 'Failed' && !hostNetwork);
      const hasHostPods = (ns: string, owner: string): boolean =>
        raw.pods.some((pod) => pod.ns === ns && pod.owner === owner && pod.hostNetwork === true);
      const workloads = [
        ...new Set(live.flatMap(({ ns, owner }) => (owner === undefined || hasHostPods(ns, owner) ? [] : [`${ns}/StatefulSet/${owner}`]))),
      ];
      fc.pre(workloads.length > 0);
      const choices = [...workloads, ...(raw.nodes ?? []).map(({ name }) => `node:${name}`)];
      const [from, to] = ends.map((index) => choices[index % choices.length]!) as [string, string];
      const addressesOf = (id: string): string[] => {
        const node = raw.nodes?.find(({ name }) => id === `node:${name}`);
        if (node !== undefined) return node.ips.filter((ip) => ip.includes(':') === (family === 6));
        const members = live.filter(({ ns, owner }) => `${ns}/StatefulSet/${owner}` === id);
        return members.flatMap(({ ips }) => ips.filter((ip) => ip.includes(':') === (family === 6)));
      };
      const pairs = addressesOf(from).flatMap((a) => addressesOf(to).map((b) => ({ from: a, to: b, protocol, port })));
      const answer = checkConnection(new Analysis(clusterOf(decoded(raw))), { from, to, protocol, port, family });
      if (pairs.length === 0) expect(isUnanswerable(answer)).toBe(true);
      else {
        const allowed = pairs.every((pair) => referenceAllows(raw, pair));
        expect({ from, to, allowed: !isUnanswerable(answer) && answer.allowed }).toEqual({ from, to, allowed });
      }
    }),
    { numRuns: 300 },
  );
});
