import fc from 'fast-check';
import { expect, test } from 'vitest';
import { adviseOn } from '#core/advise/advise.ts';
import { applyChanges, clusterOf } from '#core/cluster/cluster.ts';
import { differenceBetween } from '#core/connectivity/difference-between.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { checkConnection } from '#core/verdict/answer.ts';
import { isUnanswerable } from '#core/verdict/unanswerable.ts';
import { decoded, interestingPort, rawCluster } from './arbitraries.ts';

const question = fc.record({
  raw: rawCluster,
  ends: fc.tuple(fc.nat(), fc.nat()),
  protocol: fc.constantFrom('TCP', 'UDP', 'SCTP', 'ICMP'),
  port: interestingPort,
});

/** The pairs, addresses outside as one: ranges may be joined that only others treat differently. */
function pairsOf(pairs: readonly { readonly from: string; readonly to: string }[]): string[] {
  const nameOf = (id: string): string => (/^[\d.:a-f,-]*$/.test(id) ? 'outside' : id);
  return [...new Set(pairs.map(({ from, to }) => `${nameOf(from)} ${nameOf(to)}`))].sort();
}

test('advice does what it says, changes what it says, and is missing only where no NetworkPolicy could do it', () => {
  const seen = { allow: 0, deny: 0 };
  fc.assert(
    fc.property(question, ({ raw, ends, protocol, port }) => {
      const names = [
        ...raw.pods.map(({ ns, name }) => `${ns}/${name}`),
        ...(raw.nodes ?? []).map(({ name }) => `node:${name}`),
        'internet',
        '203.0.113.0/25',
        'alpha/{app=new}',
        '{team=new}/{app=web}',
      ];
      const [from, to] = ends.map((index) => names[index % names.length]!) as [string, string];
      const flow = { from, to, protocol, port };
      const before = new Analysis(clusterOf(decoded(raw)));
      const answer = checkConnection(before, flow);
      fc.pre(!isUnanswerable(answer));
      const tried = adviseOn(before, flow);
      if (isUnanswerable(answer) || isUnanswerable(tried)) throw new Error('a flow that has an answer has advice');
      const { advice, policies } = tried;
      expect(advice.goal).toBe(answer.allowed ? 'deny' : 'allow');
      if (advice.obstacle !== undefined) {
        expect(advice.edits).toEqual([]);
        const isEnd = (reason: string): boolean => ['self', 'hairpin', 'own-node', 'unpoliced-endpoint', 'tier'].includes(reason);
        // No policy can stand in a namespace that only could exist.
        const isOutOfReach = `${from} ${to}`.includes('{team') && advice.goal === 'deny' && advice.obstacle === 'not-isolated';
        expect(isEnd(advice.obstacle) || advice.obstacle === 'many-edits' || isOutOfReach).toBe(true);
        return;
      }
      seen[advice.goal] += 1;
      const after = new Analysis(
        applyChanges(
          before.cluster,
          policies.map((object) => ({ type: 'put', object })),
        ),
      );
      expect(checkConnection(after, flow)).toMatchObject({ allowed: !answer.allowed });
      if (from.includes('{') || to.includes('{')) return;
      const { added, removed, changed } = differenceBetween(before, after);
      expect(pairsOf(advice.changes)).toEqual(pairsOf([...added, ...removed, ...changed]));
    }),
    { numRuns: 200 },
  );
  expect(seen.allow).toBeGreaterThan(10);
  expect(seen.deny).toBeGreaterThan(10);
});
