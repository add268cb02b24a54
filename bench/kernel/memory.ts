import { fork } from 'node:child_process';
import { closeSync, existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { agentFlags } from '#agent/flags.ts';
import type { FromAgent, ToAgent } from '#agent/messages.ts';
import type { ClusterChange } from '#core/cluster/cluster.ts';
import { createNamespace, withNamespace } from '#dataplane/namespace.ts';
import { type ClusterSize, clusterObjects, clusterSizes } from '../cluster.ts';
import { estimateQuantile } from '../compare.ts';
import { decodeWire } from '../decode.ts';
import { type Section, Skipped } from '../report.ts';

const agent = fileURLToPath(new URL('../../build/agent.js', import.meta.url));
const samples = 6;
const batch = 500;

/** MiB of memory that the process has now, or had at most since it became the program that it is; 0 of one that has ended. */
export function memoryOf(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const [, kibibytes = 0] = new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) / 1024;
}

/** Runs an agent, the bundle that ships, until it has programmed the cluster. */
async function measure(size: ClusterSize): Promise<{ now: number; most: number }> {
  const namespace = createNamespace();
  const child = withNamespace(namespace, () =>
    fork(agent, ['--node', 'node-3', '--audit-interval', '0'], { serialization: 'advanced', execArgv: [...agentFlags] }),
  );
  try {
    const applied = new Promise<void>((resolve) => {
      child.on('message', (message: FromAgent) => message.type === 'applied' && resolve());
    });
    const tell = (message: ToAgent): void => void child.send(message);
    let changes: ClusterChange[] = [];
    for (const wire of clusterObjects(size)) {
      changes.push({ type: 'put', object: decodeWire(wire) });
      if (changes.length < batch) continue;
      tell({ type: 'changes', version: 1, changes });
      changes = [];
    }
    tell({ type: 'changes', version: 1, changes });
    tell({ type: 'synced' });
    await applied;
    return { now: memoryOf(child.pid!, 'VmRSS'), most: memoryOf(child.pid!, 'VmHWM') };
  } finally {
    child.kill('SIGKILL');
    closeSync(namespace);
  }
}

const sizes = [
  { name: '10,000 pods and 1,000 policies', size: clusterSizes.medium, bar: 120 },
  { name: '100,000 pods and 10,000 policies', size: clusterSizes.large, bar: 300 },
] as const;

/** What an agent takes once it holds a cluster and has programmed its node. */
export const memory: Section = {
  title: 'memory of an agent on a node of 100 pods (needs root)',
  measure: async (report) => {
    if (process.getuid?.() !== 0) throw new Skipped('needs root');
    if (!existsSync(agent)) throw new Skipped('needs `make build`');
    for (const { name, size, bar } of sizes) {
      const runs: { now: number; most: number }[] = [];
      for (let run = 0; run < samples; run++) runs.push(await measure(size));
      report({ name: `resident, ${name}`, unit: 'MiB', estimate: estimateQuantile(runs.map(({ now }) => now)), bar: { atMost: bar } });
      report({ name: `at most, ${name}`, unit: 'MiB', estimate: estimateQuantile(runs.map(({ most }) => most)), bar: { atMost: bar } });
    }
  },
};
