import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeObject } from '#core/api/decode.ts';
import { directions, type KubernetesObject, type NetworkPolicy } from '#core/api/types.ts';
import { clusterOf } from '#core/cluster/cluster.ts';
import { differenceBetween } from '#core/connectivity/difference-between.ts';
import { type Simplification, simplified, simplify } from '#core/generate/simplify.ts';
import { writtenPolicy } from '#core/generate/written.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { referenceAllows } from '../reference/evaluator.ts';
import type { RawCluster, RawPolicy } from '../reference/raw.ts';
import { connectionsIn, decoded, rawCluster } from './arbitraries.ts';

type Written = RawPolicy & {
  spec?: { ingress?: unknown[] | null; egress?: unknown[] | null; policyTypes?: unknown; podSelector?: unknown };
};

/** Policies with the rules of others besides their own, so that there is something to say twice. */
const crowded = rawCluster.map((raw) => {
  const written = raw.policies.filter(({ kind }) => kind === 'NetworkPolicy') as Written[];
  const rulesOf = (way: 'ingress' | 'egress'): unknown[] => written.flatMap(({ spec }) => spec?.[way] ?? []);
  const first = written[0]!;
  const all = {
    ...first,
    spec: { ...first.spec, policyTypes: ['Ingress', 'Egress'], ingress: rulesOf('ingress'), egress: rulesOf('egress') },
  };
  const twin = { ...all, metadata: { ...all.metadata, name: 'twin' } };
  return { ...raw, policies: [all, twin, ...raw.policies.slice(1)] } as RawCluster;
});

const question = crowded.chain((raw) =>
  fc.record({ raw: fc.constant(raw), connections: connectionsIn(raw, 40, ['TCP', 'UDP', 'SCTP', 'ICMP']) }),
);

const nameOf = ({ namespace, name }: NetworkPolicy): string => `${namespace}/${name}`;

/** What the policies become, as manifests; those that go are gone. */
function rewritten(raw: RawCluster, found: readonly Simplification[]): RawCluster {
  const changes = new Map(found.map((each) => [nameOf(each.policy), each]));
  const policies = raw.policies.flatMap((policy): RawPolicy[] => {
    const change = policy.kind === 'NetworkPolicy' ? changes.get(`${policy.metadata.namespace}/${policy.metadata.name}`) : undefined;
    if (change === undefined) return [policy];
    return change.coveredBy === undefined ? [writtenPolicy(simplified(change)) as RawPolicy] : [];
  });
  return { ...raw, policies };
}

const analysisOf = (objects: readonly KubernetesObject[]): Analysis => new Analysis(clusterOf(objects));
const itemsIn = (objects: readonly KubernetesObject[]): number =>
  objects.reduce((sum, object) => {
    if (object.kind !== 'NetworkPolicy') return sum;
    const rules = directions.flatMap((direction) => object[direction] ?? []);
    return rules.reduce((all, { peers = [], ports = [] }) => all + 1 + peers.length + ports.length, sum);
  }, 0);

test('simpler policies mean the same: to the engine for all pods that could be, and to the reference evaluator', () => {
  let [changed, gone] = [0, 0];
  fc.assert(
    fc.property(question, ({ raw, connections }) => {
      const before = decoded(raw);
      const found = simplify(clusterOf(before));
      const simpler = rewritten(raw, found);
      const after = decoded(simpler);
      for (const connection of connections)
        expect({ ...connection, allowed: referenceAllows(simpler, connection) }).toEqual({
          ...connection,
          allowed: referenceAllows(raw, connection),
        });
      const { added, removed, changed: other, exposure } = differenceBetween(analysisOf(before), analysisOf(after), { exposure: true });
      expect([added, removed, other, exposure?.added, exposure?.removed, exposure?.changed].flat()).toEqual([]);
      if (found.length > 0) expect(itemsIn(after)).toBeLessThan(itemsIn(before));
      expect(simplify(clusterOf(after))).toEqual([]);
      changed += found.length;
      gone += found.filter(({ coveredBy }) => coveredBy !== undefined).length;
    }),
    { numRuns: 150 },
  );
  expect(changed).toBeGreaterThan(100);
  expect(gone).toBeGreaterThan(50);
});

test('a policy that is written anew is the same policy', () => {
  fc.assert(
    fc.property(rawCluster, (raw) => {
      for (const object of decoded(raw)) {
        if (object.kind !== 'NetworkPolicy') continue;
        const { objects, diagnostics } = decodeObject(writtenPolicy(object));
        expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
        // It says for which directions it isolates, be it written or implied before.
        const { isEgressImplied: _, ...meant } = object;
        expect(objects).toEqual([meant]);
      }
    }),
    { numRuns: 100 },
  );
});
