/**
 * `make cluster`, `make cluster-down`, `make conformance`: see README.md. Words: up, down, kubectl WORDS, conformance.
 * Exit code 0: done; 1: a specification failed; 2: it could not run.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { replaceAgents } from './agents.ts';
import { Cluster } from './cluster.ts';
import { runConformance } from './conformance.ts';
import type { ClusterOptions } from './layout.ts';
import { clone, programs } from './programs.ts';

const cluster = new Cluster();

/** One of the words that a variable of the environment may be; the first where it is not set. */
function choice<T extends string>(variable: string, words: readonly [T, ...T[]]): T {
  const value = process.env[variable] || words[0];
  const found = words.find((word) => word === value);
  if (found === undefined) throw new Error(`${variable} must be one of ${words.join(', ')}, not ${value}`);
  return found;
}

async function up(): Promise<void> {
  const wanted: ClusterOptions = { proxy: choice('PROXY', ['nftables', 'iptables']), cni: choice('CNI', ['ptp', 'bridge']) };
  const start = Date.now();
  const running = cluster.running();
  if (running !== undefined && (running.clone !== clone || running.proxy !== wanted.proxy || running.cni !== wanted.cni)) {
    const { proxy, cni } = running;
    throw new Error(`${running.clone} has one with PROXY=${proxy} CNI=${cni} on this machine; take it down first: make cluster-down`);
  }
  if (running === undefined) {
    await cluster.stop();
    await cluster.start(wanted);
  }
  await replaceAgents(cluster);
  console.log(`cluster: ${running ? 'was up' : 'is up'}, agents started, ${((Date.now() - start) / 1000).toFixed(1)} s`);
  console.log('cluster: ask it with: test/cluster/kubectl get nodes,pods -A');
}

async function main([word = '', ...words]: readonly string[]): Promise<number> {
  if (process.getuid?.() !== 0) throw new Error('needs root: nodes are network namespaces with containers in them');
  switch (word) {
    case 'up':
      await up();
      return 0;
    case 'down':
      await cluster.stop();
      return 0;
    case 'kubectl': {
      const [program = '', ...rest] = cluster.words(join(programs, 'kubectl'), ...words);
      return spawnSync(program, rest, { stdio: 'inherit' }).status ?? 2;
    }
    case 'conformance':
      return (await runConformance(cluster, process.env)) ? 0 : 1;
    default:
      throw new Error(`unknown word ${word}`);
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(`cluster: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 2;
}
