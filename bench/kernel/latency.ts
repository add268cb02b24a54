import { closeSync } from 'node:fs';
import type { Kernel } from '#agent/kernel.ts';
import { openKernel } from '#agent/nft-kernel.ts';
import { Reconciler } from '#agent/reconciler.ts';
import { defaultChoices } from '#core/api/choices.ts';
import type { KubernetesObject, Pod } from '#core/api/types.ts';
import type { ClusterChange } from '#core/cluster/cluster.ts';
import { createNamespace } from '#dataplane/namespace.ts';
import { runNft } from '#dataplane/nft-process.ts';
import { clusterObjects, clusterSizes, podObject, policyObject, type WireObject } from '../cluster.ts';
import { estimateQuantile, sampleQuantile } from '../compare.ts';
import { decodeWire } from '../decode.ts';
import { type Section, Skipped } from '../report.ts';

const node = 'node-3';
const events = 500;

/** A reconcile loop in a namespace of its own, its source in this process. */
class Loop {
  readonly namespace = createNamespace();
  readonly #kernel = counting(openKernel(this.namespace), () => this.commits++);
  /** Transactions so far. */
  commits = 0;
  #version = 0;
  #done: () => void = () => undefined;
  readonly #reconciler = new Reconciler({
    node,
    choices: defaultChoices,
    markMask: 0xff000000,
    witness: false,
    kernel: this.#kernel,
    auditInterval: 0,
    retryInterval: 1000,
    onApplied: ({ version, failures }) => {
      if (failures.length > 0) throw new Error(JSON.stringify(failures));
      if (version === this.#version) this.#done();
    },
  });

  /** Gives the loop changes. Returns the milliseconds until the kernel has them. */
  async apply(changes: readonly ClusterChange[]): Promise<number> {
    const start = performance.now();
    const done = new Promise<void>((resolve) => {
      this.#done = resolve;
    });
    this.#reconciler.offer(changes, ++this.#version);
    if (this.#version === 1) this.#reconciler.synced();
    await done;
    return performance.now() - start;
  }

  async close(): Promise<void> {
    await this.#reconciler.stop();
    this.#kernel.close();
    closeSync(this.namespace);
  }
}

/** The kernel, with every commit counted. */
function counting(kernel: Kernel, count: () => void): Kernel {
  const commit = kernel.commit.bind(kernel);
  kernel.commit = (transaction) => {
    count();
    return commit(transaction);
  };
  return kernel;
}

/** A foreign table as a geo-blocking tool makes it: nft reads it all whenever an element is added anywhere. */
function foreignTable(): string {
  const prefixes = Array.from({ length: 20_000 }, (_, index) => `${100 + (index >> 14)}.${(index >> 6) & 255}.${(index & 63) * 4}.0/24`);
  return `table inet foreign { set geo { type ipv4_addr; flags interval; elements = { ${prefixes.join(', ')} }; }; }`;
}

/** The pod as a new one of its workload: the same but for its address. */
const moved = (wire: WireObject, turn: number): KubernetesObject => {
  const pod = decodeWire(wire) as Pod;
  return { ...pod, addresses: [`10.250.${(turn >> 8) & 255}.${turn & 255}`] };
};

/** Milliseconds from a complete picture of the cluster to a complete table, on a node that had none. */
async function firstRuleset(all: readonly ClusterChange[]): Promise<number> {
  const loop = new Loop();
  try {
    return await loop.apply(all);
  } finally {
    await loop.close();
  }
}

/** From an event to the kernel, everything between included. */
export const latency: Section = {
  title: 'from an event to the kernel, 10,000 pods and 1,000 policies, a node of 100 pods (needs root)',
  measure: async (report) => {
    if (process.getuid?.() !== 0) throw new Skipped('needs root');
    const size = clusterSizes.medium;
    const put = (object: KubernetesObject): ClusterChange => ({ type: 'put', object });
    const all = [...clusterObjects(size)].map((wire) => put(decodeWire(wire)));
    report({ name: 'first complete ruleset', unit: 'ms', estimate: await sampleQuantile(() => firstRuleset(all)), bar: { atMost: 2000 } });
    for (const foreign of [false, true]) {
      const loop = new Loop();
      const where = foreign ? ', a foreign 20,000-prefix set beside' : '';
      try {
        if (foreign) await runNft({ namespace: loop.namespace }, ['-f', '-'], foreignTable());
        await loop.apply(all);
        const measures = {
          // Pods are dealt to nodes in turn. One of this node comes back with another address: the dearest kind of event.
          'a pod of the node replaced': (turn: number) => put(moved(podObject(size, (turn * 100 + 3) % size.pods), turn)),
          // One elsewhere, which rules of this node may speak of.
          'a pod of another node replaced': (turn: number) => put(moved(podObject(size, (turn * 101 + 4) % size.pods), turn)),
          'policy edit': (turn: number) => put(decodeWire(policyObject(size, (turn * 37) % size.policies, turn + 1))),
        };
        for (const [name, change] of Object.entries(measures)) {
          const times: number[] = [];
          for (let turn = 0; times.length < events; turn++) {
            const before = loop.commits;
            const time = await loop.apply([change(turn)]);
            // What does not concern this node costs it nothing and would flatter the figure.
            if (loop.commits > before) times.push(time);
          }
          report({ name: `${name}, p50${where}`, unit: 'ms', estimate: estimateQuantile(times), bar: { atMost: 15 } });
          report({ name: `${name}, p99${where}`, unit: 'ms', estimate: estimateQuantile(times, 0.99), bar: { atMost: 50 } });
        }
      } finally {
        await loop.close();
      }
    }
  },
};
