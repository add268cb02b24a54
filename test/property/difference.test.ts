import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Cluster, clusterOf, differenceOf, podsOf } from '#core/cluster/cluster.ts';
import type { Difference } from '#core/connectivity/difference.ts';
import { differenceBetween } from '#core/connectivity/difference-between.ts';
import { WhatIf } from '#core/connectivity/what-if.ts';
import { hasAddress } from '#core/net/address-set.ts';
import { parseIp } from '#core/net/ip.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { checkConnection } from '#core/verdict/answer.ts';
import { podId } from '#core/verdict/endpoint.ts';
import { rangesAddresses } from '#core/verdict/endpoint-name.ts';
import { isSamePod, type Party, partyAt } from '#core/verdict/party.ts';
import { isUnanswerable } from '#core/verdict/unanswerable.ts';
import { judge } from '#core/verdict/verdict.ts';
import type { RawCluster } from '../reference/raw.ts';
import { addressesIn, decoded, interestingPort, rawCluster } from './arbitraries.ts';
import { lets } from './matrix-oracle.ts';
import { rawPolicy } from './policy-arbitraries.ts';

const policies = fc.uniqueArray(rawPolicy(['alpha', 'beta']), {
  maxLength: 4,
  selector: ({ metadata }) => `${metadata.namespace}/${metadata.name}`,
});

const named = ({ metadata }: RawCluster['policies'][number]): string => `${metadata.namespace}/${metadata.name}`;

/** A cluster whose policies are edited: some stay, some go, some come, some say something else. */
const edited: fc.Arbitrary<readonly [RawCluster, RawCluster]> = fc
  .tuple(rawCluster, policies, fc.func(fc.boolean()))
  .map(([raw, others, stays]) => {
    const kept = raw.policies.filter((policy) => stays(named(policy)) && !others.some((other) => named(other) === named(policy)));
    return [raw, { ...raw, policies: [...kept, ...others] }];
  });

/** A cluster in which pods get other labels. */
const relabelled: fc.Arbitrary<readonly [RawCluster, RawCluster]> = fc
  .tuple(rawCluster, fc.func(fc.constantFrom('web', 'db', 'other')))
  .map(([raw, app]) => [raw, { ...raw, pods: raw.pods.map((pod) => ({ ...pod, labels: { ...pod.labels, app: app(pod.name) } })) }]);

/** Two clusters that have little more than names in common. */
const unlike = fc.tuple(rawCluster, rawCluster);

const analysisOf = (raw: RawCluster): Analysis => new Analysis(clusterOf(decoded(raw)));
const ports = fc.uniqueArray(interestingPort, { minLength: 2, maxLength: 3 });
const protocol = fc.constantFrom('TCP' as const, 'UDP' as const);

/** Everything that can be an end: pods and nodes by their addresses, and addresses of nobody. */
function partiesIn({ cluster, model }: Analysis, raw: RawCluster): Party[] {
  const pods = [...podsOf(cluster)].filter(({ hostNetwork }) => !hostNetwork).flatMap(({ addresses }) => addresses);
  const strangers = ([4, 6] as const).flatMap((family) => addressesIn(raw, family).strangers);
  const nodes = (raw.nodes ?? []).flatMap(({ ips }) => ips);
  return [...new Set([...pods, ...strangers, ...nodes])].map((address) => partyAt(model, address));
}

/** Whether one of them is a pod of a workload, and the other a node, which may be its own: of the others something else may hold. */
const mayBeOneOfMany = (...ends: readonly Party[]): boolean =>
  ends.some(({ owner }) => owner.kind === 'Node') && ends.some(({ owner }) => owner.kind === 'Pod' && owner.pod.owner !== undefined);

/** The endpoints of the difference that hold the end. */
function homesOf({ endpoints }: Difference, { owner, ip }: Party): string[] {
  return endpoints
    .filter(({ kind, id, members = [], ranges = [] }) => {
      if (owner.kind === 'Pod') return members.includes(podId(owner.pod));
      return owner.kind === 'Node' ? id === `node:${owner.node.name}` : kind === 'External' && hasAddress(rangesAddresses(ranges), ip);
    })
    .map(({ id }) => id);
}

test('what changes between two verdicts is in the difference, and nothing else of policies is', () => {
  fc.assert(
    fc.property(edited, protocol, ports, ([rawBefore, rawAfter], each, some) => {
      const [before, after] = [analysisOf(rawBefore), analysisOf(rawAfter)];
      const difference = differenceBetween(before, after);
      const all = [...difference.added, ...difference.removed, ...difference.changed];
      const pairs = new Set(all.map(({ from, to }) => `${from} -> ${to}`));
      const [old, now] = [partiesIn(before, rawBefore), partiesIn(after, rawAfter)];
      for (const [i, from] of old.entries())
        for (const [j, to] of old.entries()) {
          if (from.ip.family !== to.ip.family || isSamePod(from, to) || (from.owner.kind !== 'Pod' && to.owner.kind !== 'Pod')) continue;
          if (mayBeOneOfMany(from, to)) continue;
          const homes = homesOf(difference, from).flatMap((a) => homesOf(difference, to).map((b) => `${a} -> ${b}`));
          for (const port of some) {
            const was = judge(before.model, { from, to, protocol: each, port }).allowed;
            const is = judge(after.model, { from: now[i]!, to: now[j]!, protocol: each, port }).allowed;
            const asked = `${from.address} -> ${to.address} ${each}/${port}`;
            if (was !== is) expect({ asked, listed: homes.some((pair) => pairs.has(pair)) }).toEqual({ asked, listed: true });
          }
        }
    }),
    { numRuns: 120 },
  );
});

test('every pair that is listed says what its members may do before and after', () => {
  fc.assert(
    fc.property(fc.oneof(edited, relabelled), protocol, ports, ([rawBefore, rawAfter], each, some) => {
      const [before, after] = [analysisOf(rawBefore), analysisOf(rawAfter)];
      const difference = differenceBetween(before, after);
      const endpointOf = new Map(difference.endpoints.map((endpoint) => [endpoint.id, endpoint]));
      const membersIn = (analysis: Analysis, raw: RawCluster, id: string): Party[] | undefined => {
        const endpoint = endpointOf.get(id)!;
        const parties = partiesIn(analysis, raw).filter((party) => homesOf({ ...difference, endpoints: [endpoint] }, party).length > 0);
        const pods = [...podsOf(analysis.cluster)].filter((pod) => endpoint.members?.includes(podId(pod)));
        return pods.some(({ hostNetwork }) => hostNetwork) ? undefined : parties;
      };
      const verdicts = (analysis: Analysis, raw: RawCluster, from: string, to: string, port: number): boolean[] | undefined => {
        const [sources, destinations] = [membersIn(analysis, raw, from), membersIn(analysis, raw, to)];
        return sources?.flatMap((a) =>
          destinations!
            .filter((b) => a.ip.family === b.ip.family && !isSamePod(a, b))
            .map((b) => judge(analysis.model, { from: a, to: b, protocol: each, port }).allowed),
        );
      };
      const isTold = (analysis: Analysis, raw: RawCluster, ...ends: string[]): boolean => {
        const parties = ends.map((end) => membersIn(analysis, raw, end));
        return parties.every((each) => each !== undefined) && !mayBeOneOfMany(...parties.flat());
      };
      for (const [list, isOld, isNew] of [
        [difference.added, false, true],
        [difference.removed, true, false],
      ] as const)
        for (const { from, to, traffic, partial } of list) {
          if (!isTold(before, rawBefore, from, to) || !isTold(after, rawAfter, from, to)) continue;
          for (const port of some) {
            const asked = `${from} -> ${to} ${each}/${port}`;
            const [there, elsewhere] = [
              verdicts(isNew ? after : before, isNew ? rawAfter : rawBefore, from, to, port),
              verdicts(isOld ? after : before, isOld ? rawAfter : rawBefore, from, to, port),
            ];
            // An endpoint that comes or goes can be of pods that belonged to another.
            const isNewcomer = [from, to].some((id) => endpointOf.get(id)!.change !== undefined);
            if (!isNewcomer) expect({ asked, elsewhere: elsewhere!.some(Boolean) }).toEqual({ asked, elsewhere: false });
            if (there!.length > 0) {
              // Addresses that stand for ranges are few: what all of these may do, all of those at the edges may.
              if (lets(traffic, each, port)) expect({ asked, every: there!.every(Boolean) }).toEqual({ asked, every: true });
              if (there!.some(Boolean)) expect({ asked, some: lets(partial ?? traffic, each, port) }).toEqual({ asked, some: true });
            }
          }
        }
      for (const { from, to, before: was, after: is, partialBefore, partialAfter } of difference.changed)
        for (const port of some) {
          if (!isTold(before, rawBefore, from, to)) continue;
          const asked = `${from} -> ${to} ${each}/${port}`;
          const [old, now] = [verdicts(before, rawBefore, from, to, port)!, verdicts(after, rawAfter, from, to, port)!];
          if (lets(was, each, port)) expect({ asked, old: old.every(Boolean) }).toEqual({ asked, old: true });
          if (lets(is, each, port)) expect({ asked, now: now.every(Boolean) }).toEqual({ asked, now: true });
          if (old.some(Boolean)) expect({ asked, old: lets(partialBefore ?? was, each, port) }).toEqual({ asked, old: true });
          if (now.some(Boolean)) expect({ asked, now: lets(partialAfter ?? is, each, port) }).toEqual({ asked, now: true });
        }
    }),
    { numRuns: 60 },
  );
});

test('a witness is allowed by one cluster and not by the other, and every pair says what it comes from', () => {
  fc.assert(
    fc.property(fc.oneof({ arbitrary: edited, weight: 3 }, { arbitrary: relabelled, weight: 1 }), ([rawBefore, rawAfter]) => {
      const [before, after] = [analysisOf(rawBefore), analysisOf(rawAfter)];
      const { added, removed, changed } = differenceBetween(before, after);
      const allows = (analysis: Analysis, flow: Difference['added'][number]['witness']): boolean | undefined => {
        const answer = checkConnection(analysis, flow!);
        return isUnanswerable(answer) ? undefined : answer.allowed;
      };
      for (const { witness, because, from, to } of [...added, ...removed, ...changed]) {
        expect(witness, `${from} -> ${to}`).toBeDefined();
        expect(allows(before, witness)).not.toBe(allows(after, witness));
        expect(because.length, `${from} -> ${to}`).toBeGreaterThan(0);
        const isEdit = rawBefore.pods === rawAfter.pods;
        for (const { policy, endpoint } of because) expect(isEdit ? policy : endpoint, `${from} -> ${to}`).toBeDefined();
      }
      for (const { witness } of added) if (witness !== undefined) expect(allows(after, witness)).toBe(true);
      for (const { witness } of removed) if (witness !== undefined) expect(allows(before, witness)).toBe(true);
    }),
    { numRuns: 100 },
  );
});

test('a rule of a cluster-wide tier that passes a connection on is what opens it', () => {
  const cluster = (policies: readonly string[]): Analysis => {
    const pod = { containerPorts: [], phase: 'Running', labels: {} } as const;
    const policy = (name: string, priority: number, action: 'Pass' | 'Deny') => ({
      apiVersion: 'policy.networking.k8s.io/v1alpha2',
      kind: 'ClusterNetworkPolicy',
      metadata: { name },
      spec: { tier: 'Admin', priority, subject: { namespaces: {} }, ingress: [{ action, from: [{ namespaces: {} }] }] },
    });
    const pods = ['a', 'b'].map((name, index) => ({ ...pod, ns: 'alpha', name, ips: [`10.244.0.${index + 1}`] }));
    const all = { spare: policy('spare', 0, 'Pass'), close: policy('close', 1, 'Deny') };
    return analysisOf({
      namespaces: [],
      nodes: [],
      pods,
      policies: policies.map((name) => all[name as keyof typeof all]),
    } as unknown as RawCluster);
  };
  const { removed } = differenceBetween(cluster(['spare', 'close']), cluster(['close']));
  expect(removed.length).toBeGreaterThan(0);
  for (const { because } of removed)
    expect(because).toMatchObject([
      { change: 'removed', gate: 'ingress', policy: { kind: 'ClusterNetworkPolicy', name: 'spare' }, index: 0 },
    ]);
});

test('nothing differs from itself, and looked at the other way round what was gained is lost', () => {
  const pairsOf = (list: readonly { readonly from: string; readonly to: string }[]): string[] =>
    list.map(({ from, to }) => `${from} -> ${to}`).sort();
  fc.assert(
    fc.property(fc.oneof(edited, unlike), ([rawBefore, rawAfter]) => {
      const [before, after] = [analysisOf(rawBefore), analysisOf(rawAfter)];
      expect(differenceBetween(before, analysisOf(rawBefore))).toMatchObject({
        endpoints: [],
        added: [],
        removed: [],
        changed: [],
        objects: [],
      });
      const [there, back] = [differenceBetween(before, after), differenceBetween(after, before)];
      expect(pairsOf(back.added)).toEqual(pairsOf(there.removed));
      expect(pairsOf(back.removed)).toEqual(pairsOf(there.added));
      expect(pairsOf(back.changed)).toEqual(pairsOf(there.changed));
    }),
    { numRuns: 60 },
  );
});

test('edits one after the other are answered as whole comparisons would', () => {
  const several = fc.tuple(
    rawCluster,
    fc.array(fc.oneof({ arbitrary: policies, weight: 4 }, { arbitrary: rawCluster, weight: 1 }), { minLength: 1, maxLength: 4 }),
  );
  fc.assert(
    fc.property(several, ([raw, edits]) => {
      const before = analysisOf(raw);
      const whatIf = new WhatIf(before);
      for (const edit of edits) {
        const target: Cluster = clusterOf(decoded('pods' in edit ? edit : { ...raw, policies: edit }));
        const answer = whatIf.difference(differenceOf(before.cluster, target));
        const { everyone: _, ...whole } = differenceBetween(before, new Analysis(target));
        expect(answer).toEqual(whole);
      }
    }),
    { numRuns: 100 },
  );
});

test('every address that is named is one', () => {
  fc.assert(
    fc.property(edited, ([rawBefore, rawAfter]) => {
      const { endpoints } = differenceBetween(analysisOf(rawBefore), analysisOf(rawAfter));
      for (const { kind, ranges = [], id } of endpoints)
        if (kind === 'External') {
          expect(id).toBe(ranges.join());
          for (const range of ranges) expect(range.split('-').every((address) => parseIp(address) !== undefined)).toBe(true);
        }
    }),
    { numRuns: 40 },
  );
});
