import { Bench } from 'tinybench';
import { defaultChoices } from '#core/api/choices.ts';
import type { KubernetesObject, Pod } from '#core/api/types.ts';
import type { ClusterChange } from '#core/cluster/cluster.ts';
import { PolicyModel } from '#core/policy/policy-model.ts';
import { NodeRuleset } from '#core/ruleset/node-ruleset.ts';
import { partyAt } from '#core/verdict/party.ts';
import { judge } from '#core/verdict/verdict.ts';
import { type ClusterSize, clusterObjects, clusterSizes, podObject, policyObject } from './cluster.ts';
import { comparePairs, type Estimate, estimateQuantile, sampleQuantile } from './compare.ts';
import { decodeWire as decode } from './decode.ts';
import type { Result, Section } from './report.ts';

/** The node whose ruleset is built; every node of these clusters has a hundred pods. */
const node = 'node-3';
const rulesetOptions = { choices: defaultChoices, markMask: 0xff000000, witness: false };

const putting = (object: KubernetesObject): ClusterChange => ({ type: 'put', object });

/** A cluster as the agent of one node holds it, its ruleset committed. */
class Held {
  readonly model = new PolicyModel();
  readonly ruleset = new NodeRuleset(this.model, node, rulesetOptions);

  constructor(changes: readonly ClusterChange[]) {
    this.apply(changes);
  }

  /** Takes changes in, plans the transactions and calls them committed. Returns the milliseconds it took. */
  apply(changes: readonly ClusterChange[]): number {
    const start = performance.now();
    this.ruleset.update(this.model.update(changes));
    const plan = this.ruleset.plan();
    plan?.prepared();
    plan?.switched();
    plan?.cleaned();
    return performance.now() - start;
  }
}

/** Pods of the node, one after the other, rolled out with another label. */
function* podEvents(size: ClusterSize): Generator<ClusterChange> {
  const local = podsOnNode(size);
  for (let revision = 1; ; revision++) yield putting(decode(podObject(size, local[revision % local.length]!.index, revision)));
}

/** Edits of policies that allow one app to ask another, in the namespaces that have pods on the node. */
function* policyEdits(size: ClusterSize): Generator<ClusterChange> {
  const namespaces = new Set(podsOnNode(size).map(({ pod }) => pod.namespace));
  const edited = Array.from({ length: size.policies }, (_, index) => index).filter((index) => {
    const policy = decode(policyObject(size, index));
    return policy.name.startsWith('app-to-app') && namespaces.has(policy.kind === 'NetworkPolicy' ? policy.namespace : '');
  });
  for (let revision = 1; ; revision++) yield putting(decode(policyObject(size, edited[revision % edited.length]!, revision)));
}

function podsOnNode(size: ClusterSize): { index: number; pod: Pod }[] {
  const pods = Array.from({ length: size.pods }, (_, index) => ({ index, pod: decode(podObject(size, index)) as Pod }));
  return pods.filter(({ pod }) => pod.node === node);
}

const next = (changes: Generator<ClusterChange>): [ClusterChange] => [changes.next().value as ClusterChange];

/** What tinybench measured, in milliseconds a call. */
async function callsOf(run: () => void): Promise<readonly number[]> {
  const bench = new Bench({ time: 500, warmupTime: 200, retainSamples: true });
  bench.add('calls', run);
  await bench.run();
  const result = bench.tasks[0]!.result;
  if (!('latency' in result) || result.latency.samples === undefined) throw new Error('tinybench kept no samples');
  return result.latency.samples;
}

async function measureCompile(changes: readonly ClusterChange[], report: (result: Result) => void): Promise<void> {
  const compile = (): number => {
    const start = performance.now();
    new PolicyModel().update(changes);
    return performance.now() - start;
  };
  compile();
  report({ name: 'compile 10,000 pods and 1,000 policies', unit: 'ms', estimate: await sampleQuantile(compile) });
  const first = (): number => {
    const start = performance.now();
    new Held(changes);
    return performance.now() - start;
  };
  first();
  report({
    name: 'the same, and the first ruleset of a node as text',
    unit: 'ms',
    estimate: await sampleQuantile(first),
    bar: { atMost: 2000 },
  });
}

/** The quantiles of many events, and how a cluster twenty times larger compares. */
async function measureEvents(
  name: string,
  held: readonly [medium: Held, small: Held],
  eventsOf: (size: ClusterSize) => Generator<ClusterChange>,
  report: (result: Result) => void,
): Promise<void> {
  const [medium, small] = held;
  const [inMedium, inSmall] = [eventsOf(clusterSizes.medium), eventsOf(clusterSizes.small)];
  for (let warm = 0; warm < 200; warm++) {
    medium.apply(next(inMedium));
    small.apply(next(inSmall));
  }
  const times = Array.from({ length: 2000 }, () => medium.apply(next(inMedium)));
  report({ name: `${name}, p50`, unit: 'ms', estimate: estimateQuantile(times, 0.5), bar: { atMost: 15 } });
  report({ name: `${name}, p99`, unit: 'ms', estimate: estimateQuantile(times, 0.99), bar: { atMost: 50 } });
  const hundred = (of: Held, events: Generator<ClusterChange>): number => {
    let total = 0;
    for (let count = 0; count < 100; count++) total += of.apply(next(events));
    return total;
  };
  const ratio = await comparePairs(
    () => hundred(medium, inMedium),
    () => hundred(small, inSmall),
  );
  report({ name: `${name}, as a ratio to 500 pods`, unit: 'ratio', estimate: ratio });
}

async function measureVerdicts(changes: readonly ClusterChange[], report: (result: Result) => void): Promise<void> {
  const model = new PolicyModel();
  model.update(changes);
  const addresses = changes.flatMap((change) => (change.type === 'put' && change.object.kind === 'Pod' ? change.object.addresses : []));
  const parties = addresses.map((address) => partyAt(model, address));
  let pair = 0;
  let allowed = 0;
  // Steps that share no factor with the number of pods meet every kind of pair.
  const samples = await callsOf(() => {
    for (let count = 0; count < 100; count++) {
      pair++;
      const from = parties[(pair * 7919) % parties.length]!;
      const to = parties[(pair * 104_729) % parties.length]!;
      if (judge(model, { from, to, protocol: 'TCP', port: 8080 }).allowed) allowed++;
    }
  });
  if (allowed === 0 || allowed === pair) throw new Error('the verdicts of this cluster are all alike, so they measure nothing');
  const perSecond: Estimate = estimateQuantile(samples.map((milliseconds) => 100_000 / milliseconds));
  report({ name: 'verdicts with reasons', unit: 'a second', estimate: perSecond });
}

/** The core by itself: no files, no kernel. */
export const core: Section = {
  title: 'the core by itself, 10,000 pods and 1,000 policies on 100 nodes',
  async measure(report) {
    const changes = Array.from(clusterObjects(clusterSizes.medium), (wire) => putting(decode(wire)));
    await measureCompile(changes, report);
    const held = [new Held(changes), new Held(Array.from(clusterObjects(clusterSizes.small), (wire) => putting(decode(wire))))] as const;
    await measureEvents('a pod event to the transactions of its node', held, podEvents, report);
    await measureEvents('a policy edit to the transactions of a node', held, policyEdits, report);
    await measureVerdicts(changes, report);
  },
};
