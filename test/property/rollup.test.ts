import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clusterOf } from '#core/cluster/cluster.ts';
import { trafficMeant } from '#core/connectivity/answers.ts';
import { connectivityOf } from '#core/connectivity/connectivity.ts';
import { equalTraffic, intersectTraffic, uniteTraffic } from '#core/net/port-set.ts';
import { workloadBlocks } from '#core/render/blocks.ts';
import { relationsOf } from '#core/render/relations.ts';
import { type GroupPair, rollUp } from '#core/render/rollup.ts';
import { commonText } from '#core/render/traffic.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { decoded, rawCluster } from './arbitraries.ts';

const keyOf = (from: string, to: string): string => `${from} -> ${to}`;

test('a roll-up counts every pair once and says what all and what some of them may do', () => {
  fc.assert(
    fc.property(rawCluster, fc.constantFrom('each' as const, 'together' as const), (raw, outside) => {
      const { endpoints, connections, reach } = connectivityOf(new Analysis(clusterOf(decoded(raw))), { denied: true });
      const answers = [...connections];
      const { groups, pairs } = rollUp({ endpoints, reach }, outside);
      expect(groups.flatMap(({ members }) => members).map(({ id }) => id)).toEqual(endpoints.map(({ id }) => id));
      expect(pairs.reduce((sum, pair) => sum + pair.pairs, 0)).toBe(answers.length);
      for (const pair of pairs) {
        const [from, to] = [pair.from, pair.to].map(({ members }) => new Set(members.map(({ id }) => id)));
        const within = answers.filter((answer) => from!.has(answer.from) && to!.has(answer.to));
        const every = within.map(({ traffic }) => trafficMeant(traffic));
        const some = within.map(({ traffic, partial }) => trafficMeant(partial ?? traffic));
        expect(pair.pairs).toBe(within.length);
        expect(pair.reached).toBe(within.filter(({ traffic, partial }) => (partial ?? traffic).length > 0).length);
        expect(equalTraffic(pair.every, every.reduce(intersectTraffic))).toBe(true);
        expect(equalTraffic(pair.some, some.reduce(uniteTraffic))).toBe(true);
        expect(pair.allowances.open + pair.allowances.rule).toBe(pair.reached);
      }
    }),
    { numRuns: 80 },
  );
});

test('a table of workloads is given up if, and only if, it is too much', () => {
  fc.assert(
    fc.property(rawCluster, fc.boolean(), (raw, denied) => {
      const { endpoints, reach } = connectivityOf(new Analysis(clusterOf(decoded(raw))), { denied, isUnexplained: true });
      const { blocks } = workloadBlocks(reach, endpoints)!;
      const weight = blocks.reduce((sum, block) => sum + block.reach.length, 0);
      const limited = (most: number): unknown => workloadBlocks(reach, endpoints, { most, weigh: () => 1 })?.blocks;
      expect(limited(weight)).toEqual(blocks);
      if (weight > 0) expect(limited(weight - 1)).toBeUndefined();
    }),
    { numRuns: 80 },
  );
});

test('relations say of every pair of groups what holds for it', () => {
  fc.assert(
    fc.property(rawCluster, (raw) => {
      const analysis = new Analysis(clusterOf(decoded(raw)));
      const { pairs } = rollUp(connectivityOf(analysis, { denied: true }), 'each');
      const byEnds = new Map(pairs.map((pair) => [keyOf(pair.from.name, pair.to.name), pair]));
      const told = new Map<GroupPair, Set<string>>();
      for (const { traffic, from, to, reading, pairs: meant } of relationsOf(pairs)) {
        // What a relation tells is what it was made of.
        const destinations = (source: (typeof from)[number]): readonly (typeof to)[number][] =>
          reading === 'each other' ? [...from.filter((group) => group !== source), ...to] : reading === 'own' ? [source, ...to] : to;
        const read = from.flatMap((source) => destinations(source).map((group) => byEnds.get(keyOf(source.name, group.name))));
        if (reading === 'each its own') expect(meant.every((pair) => read.includes(pair))).toBe(true);
        else expect(new Set(read)).toEqual(new Set(meant));
        for (const pair of meant) told.set(pair, (told.get(pair) ?? new Set()).add(traffic));
      }
      for (const pair of pairs) expect(told.get(pair)).toContain(commonText(pair.every, pair.some));
    }),
    { numRuns: 80 },
  );
});

test('pairs that are counted are as many as pairs that are visited', () => {
  fc.assert(
    fc.property(rawCluster, fc.boolean(), (raw, exposure) => {
      const analysis = new Analysis(clusterOf(decoded(raw)));
      const visited = rollUp(connectivityOf(analysis, { denied: true, exposure }), 'each').pairs;
      const shown = connectivityOf(analysis, { exposure });
      const known = new Map(visited.map((pair) => [keyOf(pair.from.name, pair.to.name), pair]));
      for (const { from, to, pairs, every } of rollUp(shown, 'each', shown.count).pairs) {
        const { pairs: wanted, every: all } = known.get(keyOf(from.name, to.name))!;
        expect({ from: from.name, to: to.name, pairs }).toEqual({ from: from.name, to: to.name, pairs: wanted });
        expect(equalTraffic(every, all)).toBe(true);
      }
      const partial = connectivityOf(analysis, { exposure, isPartial: true });
      const counted = rollUp(partial, 'each', partial.count, true).pairs;
      expect(counted.map(summaryOf)).toEqual(visited.map(summaryOf));
      // Those that may do nothing are not rolled up, but counted.
      const total = visited.reduce((sum, { pairs }) => sum + pairs, 0);
      expect(shown.count.between(shown.endpoints, shown.endpoints)).toBe(total);
    }),
    { numRuns: 150 },
  );
});

/** All of a pair of groups but their members. */
const summaryOf = ({ from, to, ...rest }: GroupPair) => ({ from: from.name, to: to.name, ...rest });
