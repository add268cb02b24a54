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

interface Whole {
  readonly command: 'matrix' | 'lint';
  readonly name: string;
  readonly objects: () => Iterable<WireObject>;
  readonly seconds: number;
  readonly mebibytes?: number;
  /** How often it is measured: six samples are the fewest that have an interval. */
  readonly samples: number;
}

const wholes: readonly Whole[] = [
  {
    command: 'matrix',
    name: '500 Deployments and 500 policies',
    objects: () => withDeployments({ pods: 10_000, policies: 500 }),
    seconds: 0.3,
    samples: 15,
  },
  {
    command: 'matrix',
    name: '10,000 pods and 1,000 policies',
    objects: () => clusterObjects(clusterSizes.medium),
    seconds: 2,
    samples: 15,
  },
  {
    command: 'matrix',
    name: '100,000 pods and 10,000 policies',
    objects: () => clusterObjects(clusterSizes.large),
    seconds: 20,
    mebibytes: 1536,
    samples: 6,
  },
  { command: 'lint', name: '10,000 pods and 1,000 policies', objects: () => clusterObjects(clusterSizes.medium), seconds: 2, samples: 15 },
];

function measureWhole(whole: Whole, report: (result: Result) => void): void {
  using workplace = new Workplace();
  const input = join(workplace.path, 'cluster');
  writeLists(input, whole.objects());
  const runs = Array.from({ length: whole.samples }, () => workplace.run(whole.command, '-f', input, '-o', 'json'));
  const seconds = estimateQuantile(runs.map(({ milliseconds }) => milliseconds / 1000));
  const memory = estimateQuantile(runs.map(({ mebibytes }) => mebibytes));
  report({ name: `${whole.command}, ${whole.name}`, unit: 's', estimate: seconds, bar: { atMost: whole.seconds } });
  const bar = whole.mebibytes === undefined ? {} : { bar: { atMost: whole.mebibytes } };
  report({ name: `${whole.command}, ${whole.name}: memory`, unit: 'MiB', estimate: memory, ...bar });
}

/** The analyser end to end: from files to the last line of its answer. */
export const files: Section = {
  title: 'whole answers from JSON files, the process from its start to its end',
  async measure(report) {
    for (const whole of wholes) measureWhole(whole, report);
  },
};
