import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubernetesObject, NetworkPolicy } from '#core/api/types.ts';
import { clusterOf } from '#core/cluster/cluster.ts';
import { connectivityOf } from '#core/connectivity/connectivity.ts';
import { WhatIf } from '#core/connectivity/what-if.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { type ClusterSize, clusterObjects, clusterSizes, deploymentObjects, podObject, policyObject, type WireObject } from './cluster.ts';
import { comparePairs, estimateQuantile, sampleQuantile } from './compare.ts';
import { decodeWire } from './decode.ts';
import { Workplace } from './program.ts';
import type { Result, Section } from './report.ts';

type Report = (result: Result) => void;

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
  readonly size: ClusterSize;
  /** Whether workloads are written as Deployments, instead of their pods. */
  readonly isWritten?: true;
  readonly seconds: number;
  readonly mebibytes?: number;
  /** How often it is measured: six samples are the fewest that have an interval. */
  readonly samples: number;
}

const matrices: readonly Matrix[] = [
  { name: '500 workloads and 250 policies', size: { pods: 10_000, policies: 250 }, isWritten: true, seconds: 0.3, samples: 15 },
  { name: '10,000 pods and 1,000 policies', size: clusterSizes.medium, seconds: 2, samples: 15 },
  { name: '100,000 pods and 10,000 policies', size: clusterSizes.large, seconds: 20, mebibytes: 1536, samples: 6 },
];

const objectsOf = ({ size, isWritten }: Matrix): Iterable<WireObject> => (isWritten ? withDeployments(size) : clusterObjects(size));

/** The core by itself: from objects, pods among them, to the last answer. */
async function measureCore({ name, size, seconds, samples }: Matrix, report: Report): Promise<void> {
  const objects = Array.from(clusterObjects(size), decodeWire);
  const whole = (): number => {
    const start = performance.now();
    let pairs = 0;
    for (const _ of connectivityOf(new Analysis(clusterOf(objects))).connections) pairs++;
    if (pairs === 0) throw new Error('nothing in this cluster is connected');
    return (performance.now() - start) / 1000;
  };
  whole();
  report({ name: `the core: ${name}`, unit: 's', estimate: await sampleQuantile(whole, samples), bar: { atMost: seconds } });
}

/** The command from the start of its process to the end, the answer as a table and as JSON. */
async function measureCommand(matrix: Matrix, report: Report): Promise<void> {
  using workplace = new Workplace();
  const input = join(workplace.path, 'cluster');
  writeLists(input, objectsOf(matrix));
  for (const format of ['text', 'json']) {
    const runs = await workplace.measure(matrix.samples, 'matrix', '-f', input, '-o', format);
    const seconds = estimateQuantile(runs.map(({ milliseconds }) => milliseconds / 1000));
    const memory = estimateQuantile(runs.map(({ mebibytes }) => mebibytes));
    const name = `matrix -o ${format}: ${matrix.name}`;
    report({ name, unit: 's', estimate: seconds, bar: { atMost: matrix.seconds } });
    const bar = matrix.mebibytes === undefined ? {} : { bar: { atMost: matrix.mebibytes } };
    report({ name: `${name}, memory`, unit: 'MiB', estimate: memory, ...bar });
  }
}

/** Every policy of the cluster that has a rule, without its last one. */
function* edits(size: ClusterSize): Generator<NetworkPolicy> {
  for (let index = 0; index < size.policies; index++) {
    // Steps that share no factor with the number of policies meet every kind and namespace.
    const policy = decodeWire(policyObject(size, (index * 7919) % size.policies)) as NetworkPolicy;
    const { egress = [], ingress = [] } = policy;
    if (egress.length + ingress.length === 0) continue;
    yield { ...policy, ...(egress.length > 0 ? { egress: egress.slice(0, -1) } : { ingress: ingress.slice(0, -1) }) };
  }
}

/** What an editor does with every keystroke in a policy: all that it opens and closes, with causes. */
function measureEdits(objects: readonly KubernetesObject[], report: Report): void {
  const whatIf = new WhatIf(new Analysis(clusterOf(objects)));
  let closed = 0;
  const all: number[] = [];
  for (const object of edits(clusterSizes.medium)) {
    const start = performance.now();
    const { removed, changed } = whatIf.difference([{ type: 'put', object }]);
    closed += removed.length + changed.length;
    if (all.push(performance.now() - start) === 320) break;
  }
  const times = all.slice(20);
  if (closed === 0) throw new Error('the edits change nothing, so they measure nothing');
  const bar = { atMost: 50 };
  for (const quantile of [0.5, 0.95]) {
    const name = `an edit of a policy answered, p${quantile * 100}`;
    report({ name, unit: 'ms', estimate: estimateQuantile(times, quantile), bar });
  }
}

/** Looking for the edit that would do it, beside the check alone. */
async function measureAdvice(report: Report): Promise<void> {
  using workplace = new Workplace();
  const input = join(workplace.path, 'cluster');
  writeLists(input, clusterObjects(clusterSizes.medium));
  const [from, to] = [0, 2000].map((index) => podObject(clusterSizes.medium, index).metadata as { namespace: string; name: string });
  const ends = ['--from', `${from!.namespace}/${from!.name}`, '--to', `${to!.namespace}/${to!.name}`, '--port', '8080'];
  const check = (...words: string[]): number => workplace.time('check', '-f', input, ...ends, ...words);
  const ratio = await comparePairs(
    () => check(),
    () => check('--no-advice'),
  );
  report({ name: 'check with advice, as a ratio to the check alone, 10,000 pods', unit: 'ratio', estimate: ratio, bar: { atMost: 2 } });
}

/** Formats for readers that look at every pair, the denied ones, too. */
function measureDenied(report: Report): void {
  using workplace = new Workplace();
  const input = join(workplace.path, 'cluster');
  writeLists(input, withDeployments({ pods: 20_000, policies: 1000 }));
  for (const words of [
    ['-o', 'html'],
    ['--by', 'namespace', '--denied'],
  ]) {
    const runs = Array.from({ length: 6 }, () => workplace.time('matrix', '-f', input, ...words) / 1000);
    report({ name: `matrix ${words.join(' ')}: 1,000 workloads and policies`, unit: 's', estimate: estimateQuantile(runs) });
  }
}

/** Who can reach whom, and what an edit changes of it. */
export const connectivity: Section = {
  title: 'who can reach whom: the core by itself, and commands from cold with JSON files',
  async measure(report) {
    // Commands first: beside the heap that the others leave here they take a twentieth longer.
    for (const matrix of matrices) await measureCommand(matrix, report);
    for (const matrix of matrices) await measureCore(matrix, report);
    measureEdits(Array.from(clusterObjects(clusterSizes.medium), decodeWire), report);
    await measureAdvice(report);
    measureDenied(report);
  },
};
