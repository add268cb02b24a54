import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ClusterSize, clusterObjects, clusterSizes, deploymentObjects, type WireObject } from './cluster.ts';
import { estimateQuantile } from './compare.ts';
import { Workplace } from './program.ts';
import type { Result, Section } from './report.ts';

/** One file a kind, as `kubectl get KIND -A -o json` writes it. */
function writeLists(directory: string, objects: Iterable<WireObject>): void {
  mkdirSync(directory, { recursive: true });
  for (const [kind, items] of Map.groupBy(objects, (object) => object.kind)) {
    writeFileSync(join(directory, `${kind.toLowerCase()}s.json`), JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, undefined, 4));
  }
}

function* withDeployments(size: ClusterSize): Generator<WireObject> {
  for (const object of clusterObjects(size)) if (object.kind !== 'Pod') yield object;
  yield* deploymentObjects(size);
}

interface Matrix {
  readonly name: string;
  readonly objects: () => Iterable<WireObject>;
  readonly seconds: number;
  readonly mebibytes?: number;
  /** How often it is measured: six samples are the fewest that have an interval. */
  readonly samples: number;
}

const matrices: readonly Matrix[] = [
  { name: '500 Deployments and 500 policies', objects: () => withDeployments({ pods: 10_000, policies: 500 }), seconds: 0.3, samples: 15 },
  { name: '10,000 pods and 1,000 policies', objects: () => clusterObjects(clusterSizes.medium), seconds: 2, samples: 15 },
  { name: '100,000 pods and 10,000 policies', objects: () => clusterObjects(clusterSizes.large), seconds: 20, mebibytes: 1536, samples: 6 },
];

function measureMatrix(matrix: Matrix, report: (result: Result) => void): void {
  using workplace = new Workplace();
  const input = join(workplace.path, 'cluster');
  writeLists(input, matrix.objects());
  const runs = Array.from({ length: matrix.samples }, () => workplace.run('matrix', '-f', input, '-o', 'json'));
  const seconds = estimateQuantile(runs.map(({ milliseconds }) => milliseconds / 1000));
  const memory = estimateQuantile(runs.map(({ mebibytes }) => mebibytes));
  report({ name: `matrix, ${matrix.name}`, unit: 's', estimate: seconds, bar: { atMost: matrix.seconds } });
  const bar = matrix.mebibytes === undefined ? {} : { bar: { atMost: matrix.mebibytes } };
  report({ name: `matrix, ${matrix.name}: memory`, unit: 'MiB', estimate: memory, ...bar });
}

/** The analyser end to end: from files to the last line of its answer. */
export const files: Section = {
  title: 'whole answers from JSON files, the process from its start to its end',
  async measure(report) {
    for (const matrix of matrices) measureMatrix(matrix, report);
  },
};
