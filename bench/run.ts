/** `make bench`: measures section by section. `make bench ONLY=core` measures one. */
import { availableParallelism, cpus, loadavg, release, type } from 'node:os';
import { formatResult, type Section, Skipped } from './report.ts';

const sections: Record<string, () => Promise<Section>> = {
  core: async () => (await import('./core.ts')).core,
  connectivity: async () => (await import('./connectivity.ts')).connectivity,
  authoring: async () => (await import('./authoring.ts')).authoring,
  cli: async () => (await import('./cli.ts')).cli,
  latency: async () => (await import('./kernel/latency.ts')).latency,
  memory: async () => (await import('./kernel/memory.ts')).memory,
  agent: async () => (await import('./kernel/cluster-agent.ts')).clusterAgent,
  'agent-large': async () => (await import('./kernel/cluster-agent.ts')).largeClusterAgent,
  throughput: async () => (await import('./kernel/throughput.ts')).throughput,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(sections, name));
if (unknown.length > 0) {
  console.error(`no section ${unknown.join(', ')}: there are ${Object.keys(sections).join(', ')}`);
  process.exit(2);
}
console.log(
  `Node ${process.version}, ${type()} ${release()}, ${availableParallelism()} x ${cpus()[0]?.model}, load ${loadavg()[0]!.toFixed(2)}`,
);
console.log('value  [95 % interval] of samples or pairs; a bar is missed only when the whole interval is beyond it');
for (const [name, loadSection] of Object.entries(sections)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const { title, measure } = await loadSection();
  console.log(`\n${name}: ${title}`);
  try {
    await measure((result) => console.log(formatResult(result)));
  } catch (thrown) {
    if (!(thrown instanceof Skipped)) throw thrown;
    console.log(`skipped: ${name} (${thrown.message})`);
  }
}
