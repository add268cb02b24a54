import { closeSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openKernel } from '#agent/nft-kernel.ts';
import { defaultChoices } from '#core/api/choices.ts';
import { clusterOf, differenceOf, emptyCluster } from '#core/cluster/cluster.ts';
import { PolicyModel } from '#core/policy/policy-model.ts';
import { driftOf } from '#core/ruleset/listing.ts';
import { NodeRuleset } from '#core/ruleset/node-ruleset.ts';
import { createNamespace } from '#dataplane/namespace.ts';
import { runNft } from '#dataplane/nft-process.ts';
import { decoded, rawCluster } from '../property/arbitraries.ts';
import type { RawCluster } from '../reference/raw.ts';

const isRoot = process.getuid?.() === 0;
const steps = ['prepare', 'switch', 'clean'] as const;

const rulesetOf = (model: PolicyModel): NodeRuleset =>
  new NodeRuleset(model, 'n1', { choices: defaultChoices, markMask: 0xff000000, witness: true });

/** A node's ruleset with a kernel of its own to put it into. */
class Bench {
  readonly namespace = createNamespace();
  readonly kernel = openKernel(this.namespace);
  cluster = emptyCluster;
  model = new PolicyModel();
  ruleset = rulesetOf(this.model);

  /** A new agent knows nothing of what an old one did. */
  restart(): void {
    this.model = new PolicyModel();
    this.ruleset = rulesetOf(this.model);
  }

  async goTo(raw: RawCluster): Promise<void> {
    const after = clusterOf(decoded(raw));
    const delta = this.model.update(differenceOf(this.cluster, after));
    this.cluster = after;
    this.ruleset.update(delta);
    await this.apply();
    if (!this.ruleset.wantsClearMarks) return;
    this.ruleset.marksCleared();
    await this.apply();
  }

  async apply(): Promise<void> {
    const plan = this.ruleset.plan();
    if (plan === undefined) return;
    for (const step of steps) if (plan[step].length > 0) await this.kernel.commit(plan[step]);
    plan.prepared();
    plan.switched();
    plan.cleaned();
  }

  async nft(...args: string[]): Promise<string> {
    return runNft({ namespace: this.namespace }, args);
  }

  /** How the kernel differs from what the ruleset says; every field is empty when it does not. */
  async drift(): Promise<object> {
    const [actual, expected] = [await this.kernel.list(), await this.kernel.listOf(this.ruleset.objects())];
    const { damaged, strangers } = driftOf(actual, expected, () => false);
    const missing = [...expected.keys()].filter((name) => !actual.has(name));
    return { damaged: [...damaged], strangers: strangers.map(({ name }) => name), missing };
  }

  close(): void {
    this.kernel.close();
    closeSync(this.namespace);
  }
}

const none = { damaged: [], strangers: [], missing: [] };

async function withBench(use: (bench: Bench) => Promise<void>): Promise<void> {
  const bench = new Bench();
  try {
    await use(bench);
  } finally {
    bench.close();
  }
}

/** What a careless or malicious hand may do to the table. */
const harms = [
  'flush set inet sallyport isolated-ingress4',
  'flush map inet sallyport ingress4',
  'flush chain inet sallyport deny',
  'flush chain inet sallyport forward',
  'flush chain inet sallyport judge',
  'add rule inet sallyport judge accept',
  'insert rule inet sallyport to-ingress accept',
  'add element inet sallyport isolated-egress4 { 198.51.100.1 }',
  'add chain inet sallyport stranger; add rule inet sallyport judge jump stranger',
  'add set inet sallyport strange { type ipv4_addr; }',
  'delete table inet sallyport',
];

describe.skipIf(!isRoot)('real nft and the real kernel take every plan (needs root)', () => {
  test('after random updates the kernel holds what the ruleset says, to the last element', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(rawCluster, { minLength: 2, maxLength: 5 }), (clusters) =>
        withBench(async (bench) => {
          for (const raw of clusters) await bench.goTo(raw);
          expect(await bench.drift()).toEqual(none);
        }),
      ),
      { numRuns: 20 },
    );
  });

  test('a new agent adopts what an old one left, for another cluster and after any harm', async () => {
    await fc.assert(
      fc.asyncProperty(rawCluster, rawCluster, fc.subarray(harms), (before, after, harm) =>
        withBench(async (bench) => {
          await bench.goTo(before);
          for (const command of harm) await bench.nft(command).catch(() => '');
          bench.restart();
          bench.cluster = clusterOf(decoded(after));
          bench.ruleset.update(bench.model.update(differenceOf(emptyCluster, bench.cluster)));
          bench.ruleset.adopt(await bench.kernel.list(), await bench.kernel.listOf(bench.ruleset.objects()));
          await bench.apply();
          expect(await bench.drift(), harm.join('; ')).toEqual(none);
        }),
      ),
      { numRuns: 20 },
    );
  });

  test.each(harms)('an audit sees and mends: %s', (harm) =>
    withBench(async (bench) => {
      const pod = { ns: 'x', name: 'a', labels: {}, ips: ['10.244.0.1'], node: 'n1', containerPorts: [] };
      const policy = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { namespace: 'x', name: 'deny' } };
      await bench.goTo({ namespaces: [{ name: 'x', labels: {} }], pods: [pod], policies: [policy] });
      await bench.nft(harm);
      expect(await bench.drift()).not.toEqual(none);
      bench.ruleset.adopt(await bench.kernel.list(), await bench.kernel.listOf(bench.ruleset.objects()));
      await bench.apply();
      expect(await bench.drift()).toEqual(none);
    }));

  test('an untouched table is adopted without a single change', async () => {
    await fc.assert(
      fc.asyncProperty(rawCluster, (raw) =>
        withBench(async (bench) => {
          await bench.goTo(raw);
          bench.ruleset.adopt(await bench.kernel.list(), await bench.kernel.listOf(bench.ruleset.objects()));
          expect(bench.ruleset.plan()).toBeUndefined();
        }),
      ),
      { numRuns: 10 },
    );
  });
});
