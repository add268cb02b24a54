import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeObject } from '#core/api/decode.ts';
import { directions, type NetworkPolicy, type Rule } from '#core/api/types.ts';
import { applyChanges, clusterOf } from '#core/cluster/cluster.ts';
import { trafficMeant } from '#core/connectivity/answers.ts';
import { subjectId } from '#core/generate/allowances.ts';
import type { GeneratedPolicy } from '#core/generate/generated-policy.ts';
import { type LeastPrivilege, leastPrivilege } from '#core/generate/least-privilege.ts';
import { LintContext } from '#core/lint/context.ts';
import { lint } from '#core/lint/lint.ts';
import { Originals } from '#core/lint/originals.ts';
import { hasPort } from '#core/net/port-set.ts';
import type { Protocol } from '#core/net/protocol.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { checkFlow, type Flow } from '#core/verdict/check.ts';
import { isUnanswerable } from '#core/verdict/unanswerable.ts';
import { ManifestCollection } from '#manifest/collect.ts';
import { writeYaml } from '#manifest/write-yaml.ts';
import type { RawConnection } from '../reference/evaluator.ts';
import type { RawCluster } from '../reference/raw.ts';
import { connectionsIn, decoded, interestingPort, rawCluster } from './arbitraries.ts';
import { verdictOf } from './judging.ts';

const namesIn = ({ pods, nodes = [] }: RawCluster): string[] => [
  ...pods.map(({ ns, name }) => `${ns}/${name}`),
  ...pods.map(({ ns, name }) => `${ns}/${name}`),
  ...nodes.map(({ name }) => `node:${name}`),
  ...['internet', '203.0.113.0/25', '203.0.113.129', '2001:db8::/32', '10.244.0.0/29', 'alpha/{app=new}'],
];

/** A cluster with flows that have an answer in it, and connections to ask about. */
const question = rawCluster.chain((raw) => {
  const name = fc.constantFrom(...namesIn(raw));
  const flow = fc.record({ from: name, to: name, protocol: fc.constantFrom('TCP', 'TCP', 'UDP', 'SCTP'), port: interestingPort });
  const flows = fc.array(flow, { minLength: 1, maxLength: 6 }).map((all) => {
    const analysis = analysisOf(raw);
    return all.filter((each) => !isUnanswerable(checkFlow(analysis, each)));
  });
  return fc.record({ raw: fc.constant(raw), flows, connections: connectionsIn(raw, 40, ['TCP', 'UDP', 'SCTP']) });
});

const analysisOf = (raw: RawCluster): Analysis => new Analysis(clusterOf(decoded(raw)));

/** The cluster with what was generated, through the door. */
function applied({ cluster }: Analysis, policies: readonly GeneratedPolicy[]): Analysis {
  const read = policies.map(({ manifest }) => decodeObject(manifest));
  expect(read.flatMap(({ diagnostics }) => diagnostics)).toEqual([]);
  const objects = read.flatMap((each) => each.objects);
  return new Analysis(
    applyChanges(
      cluster,
      objects.map((object) => ({ type: 'put', object })),
    ),
  );
}

/** Both families, as far as both ends have addresses. */
const verdictsOf = (analysis: Analysis, flow: Flow) =>
  ([4, 6] as const).flatMap((family) => {
    const verdict = checkFlow(analysis, { ...flow, family });
    return isUnanswerable(verdict) ? [] : [verdict];
  });

/** For all namespaces. */
function generated(analysis: Analysis, flows: readonly Flow[], onto = false): LeastPrivilege {
  const namespaces = [...analysis.cluster.namespaces.keys()].sort();
  const found = leastPrivilege(analysis, flows, { onto, namespaces });
  if ('error' in found) throw new Error(found.error);
  return found;
}

test('every wanted flow passes, in both families; only what no NetworkPolicy allows stays denied, and that is told', () => {
  let passed = 0;
  fc.assert(
    fc.property(question, fc.boolean(), ({ raw, flows }, onto) => {
      const before = analysisOf(raw);
      const { policies, denied } = generated(before, flows, onto);
      const after = applied(before, policies);
      for (const flow of flows) {
        const verdicts = verdictsOf(after, flow);
        expect(denied.includes(flow)).toBe(verdicts.some(({ allowed }) => !allowed));
        for (const { outcomes } of verdicts)
          for (const { verdict } of outcomes) {
            if (verdict.allowed) passed++;
            else expect([verdict.egress, verdict.ingress].map(({ allowed, reason }) => allowed || reason)).toContain('tier');
          }
      }
      // What was written is there then.
      expect(generated(after, flows, true).policies).toEqual([]);
    }),
    { numRuns: 80 },
  );
  expect(passed).toBeGreaterThan(200);
});

test('what passes beyond the wanted flows is told, and nothing else passes', () => {
  const seen = { denied: 0, wanted: 0, beyond: 0 };
  fc.assert(
    fc.property(question, ({ raw, flows, connections }) => {
      const before = analysisOf({ ...raw, policies: [] });
      const found = generated(before, flows);
      const after = applied(before, found.policies);
      for (const connection of [...connections, ...connectionsLike(raw, flows)]) {
        const ends = [connection.from, connection.to].map((address) => after.model.ownerOf(address));
        const [from, to] = ends.map((owner) => (owner.kind === 'Pod' && !owner.pod.hostNetwork ? owner.pod : undefined));
        const { port, protocol } = connection;
        const verdict = verdictOf(after.model, connection);
        if (from === undefined || to === undefined || from === to) continue;
        const ids = { from: subjectId(from), to: subjectId(to) };
        const isWanted = flows.some(
          (flow) =>
            flow.port === port &&
            flow.protocol === protocol &&
            verdictsOf(after, flow).some(({ outcomes }) =>
              outcomes.some(
                (outcome) =>
                  [...outcome.from].some(({ party: { owner } }) => owner.kind === 'Pod' && subjectId(owner.pod) === ids.from) &&
                  [...outcome.to].some(({ party: { owner } }) => owner.kind === 'Pod' && subjectId(owner.pod) === ids.to),
              ),
            ),
        );
        const isTold = found.beyond.some(
          (each) =>
            [each.from, each.to].every((id, index) => id === [ids.from, ids.to][index] || isAlike(id, [from, to][index]!)) &&
            hasPort(trafficMeant(each.traffic), protocol as Protocol, port),
        );
        if (!verdict.allowed) seen.denied++;
        else if (isWanted) seen.wanted++;
        else if (![verdict.egress, verdict.ingress].some(({ reason }) => reason === 'own-node' || reason === 'hairpin')) {
          expect({ ...ids, port, protocol, isTold }).toMatchObject({ isTold: true });
          seen.beyond++;
        }
      }
    }),
    { numRuns: 240 },
  );
  expect(seen.denied).toBeGreaterThan(100);
  expect(seen.wanted).toBeGreaterThan(20);
  expect(seen.beyond).toBeGreaterThan(10);
});

/** Every policy that is one peer or one list of ports shorter than the given one. */
function shorter(policy: NetworkPolicy): NetworkPolicy[] {
  return directions.flatMap((direction) =>
    (policy[direction] ?? []).flatMap((rule, index, rules) => {
      const changed = (fields: Partial<Rule>): NetworkPolicy => ({ ...policy, [direction]: rules.with(index, { ...rule, ...fields }) });
      const less = <T>(items: readonly T[] = []): T[][] => (items.length < 2 ? [] : items.map((_, item) => items.toSpliced(item, 1)));
      return [
        { ...policy, [direction]: rules.toSpliced(index, 1) },
        ...less(rule.peers).map((peers) => changed({ peers })),
        ...less(rule.ports).map((ports) => changed({ ports })),
      ];
    }),
  );
}

test('where labels tell all workloads apart, no rule, no peer and no port could be left out', () => {
  let tried = 0;
  fc.assert(
    fc.property(question, ({ raw, flows: all }) => {
      const flows = all.filter(({ from, to }) => `${from} ${to}`.match(/internet|\d\/|::|{|\.\d/) === null);
      const before = analysisOf({ ...toldApart(raw), policies: [] });
      const { policies } = generated(before, flows);
      for (const { policy } of policies.filter(({ policy: { name } }) => /^allow-(from|to)-/.test(name)))
        for (const less of shorter(policy)) {
          const objects = policies.map((each) => (each.policy === policy ? less : each.policy));
          const after = new Analysis(
            applyChanges(
              before.cluster,
              objects.map((object) => ({ type: 'put', object })),
            ),
          );
          const isStill = flows.every((flow) => verdictsOf(after, flow).every(({ allowed }) => allowed));
          expect({ policy: policy.name, isStill, less }).toMatchObject({ isStill: false });
          tried++;
        }
    }),
    { numRuns: 180 },
  );
  expect(tried).toBeGreaterThan(60);
});

/** The cluster with what was generated, as a file has it. */
async function writtenAndRead({ cluster }: Analysis, policies: readonly GeneratedPolicy[]): Promise<LintContext> {
  const originals = new Originals();
  const collection = new ManifestCollection({ onObject: originals.onObject });
  await collection.addText(policies.map(({ manifest }) => writeYaml(manifest)).join('---\n'), 'generated.yaml', 'error');
  const { objects, diagnostics } = collection.finish();
  expect(diagnostics).toEqual([]);
  const changes = objects.map((object) => ({ type: 'put' as const, object }));
  return new LintContext(new Analysis(applyChanges(cluster, changes)), originals);
}

/** The cluster with workloads that labels tell apart. */
const toldApart = (raw: RawCluster): RawCluster => ({
  ...raw,
  pods: raw.pods.map((pod) => ({ ...pod, labels: { ...pod.labels, id: pod.owner ?? `bare-${pod.name}` } })),
});

/** Every pod by itself: those of a workload are alike in their address families, and random ones are not. */
function withoutOwners(raw: RawCluster): RawCluster {
  return { ...raw, pods: raw.pods.map(({ owner: _, ...pod }) => pod) };
}

/** Flows between pods that labels tell apart, or from the internet, at ports that are declared: what lint takes for granted. */
const plainQuestion = rawCluster
  .map(withoutOwners)
  .map(toldApart)
  .chain((raw) => {
    const pods = raw.pods.filter(({ hostNetwork, phase }) => hostNetwork !== true && phase !== 'Failed' && phase !== 'Succeeded');
    const targets = pods.flatMap(({ ns, name, containerPorts = [] }) =>
      containerPorts.map(({ containerPort: port, protocol = 'TCP' }) => ({ to: `${ns}/${name}`, port, protocol })),
    );
    const from = fc.constantFrom('internet', ...pods.map(({ ns, name }) => `${ns}/${name}`));
    const target = targets.length === 0 ? fc.constant([]) : fc.constantFrom(...targets).map((each) => [each]);
    const flow = fc.tuple(from, target).map(([source, to]): Flow[] => to.map((each) => ({ from: source, ...each })));
    const flows = fc.array(flow, { minLength: 1, maxLength: 8 }).map((all) => all.flat());
    const isAnswered = (each: Flow): boolean => !isUnanswerable(checkFlow(analysisOf(raw), each));
    // DNS over one of its protocols is for lint to tell, whoever wants it.
    return fc.record({ raw: fc.constant(raw), flows: flows.map((all) => all.filter((each) => each.port !== 53 && isAnswered(each))) });
  });

test('what is written is read without a fault, and lint finds nothing in it', async () => {
  let rules = 0;
  await fc.assert(
    fc.asyncProperty(plainQuestion, async ({ raw, flows }) => {
      const before = analysisOf({ ...raw, policies: [] });
      const { policies } = generated(before, flows);
      const context = await writtenAndRead(before, policies);
      expect(lint(context).filter(({ source }) => source?.file === 'generated.yaml')).toEqual([]);
      rules += context.rules().length;
    }),
    { numRuns: 60 },
  );
  expect(rules).toBeGreaterThan(100);
});

/** Every pair of pods on the ports of the flows. */
const connectionsLike = ({ pods }: RawCluster, flows: readonly Flow[]): RawConnection[] =>
  flows.flatMap(({ protocol = 'TCP', port }) =>
    pods.flatMap((a) =>
      pods.flatMap((b) =>
        a.ips.flatMap((from) => b.ips.flatMap((to) => (isSix(from) === isSix(to) ? [{ from, to, protocol, port }] : []))),
      ),
    ),
  );

const isSix = (address: string): boolean => address.includes(':');

/** Whether the endpoint is that of bare pods like this one. */
const isAlike = (id: string, pod: { readonly namespace: string }): boolean => id.startsWith(`${pod.namespace}/Pod/`);
