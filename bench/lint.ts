import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clusterObjects, clusterSizes } from './cluster.ts';
import { estimateQuantile } from './compare.ts';
import { Workplace } from './program.ts';
import type { Section } from './report.ts';

/** The whole command, from files to the last finding. */
export const lint: Section = {
  title: 'faults and smells of 1,000 policies among 10,000 pods, the process from its start to its end',
  async measure(report) {
    using workplace = new Workplace();
    const input = join(workplace.path, 'cluster.json');
    writeFileSync(input, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [...clusterObjects(clusterSizes.medium)] }));
    const runs = Array.from({ length: 15 }, () => workplace.run('lint', '-f', input));
    const seconds = estimateQuantile(runs.map(({ milliseconds }) => milliseconds / 1000));
    report({ name: 'lint', unit: 's', estimate: seconds, bar: { atMost: 2 } });
    report({ name: 'lint: memory', unit: 'MiB', estimate: estimateQuantile(runs.map(({ mebibytes }) => mebibytes)) });
  },
};
