import fc from 'fast-check';
import { applyChanges, type Cluster, type ClusterChange, clusterOf, differenceOf, emptyCluster } from '#core/cluster/cluster.ts';
import type { RawCluster } from '../reference/raw.ts';
import { decoded, rawCluster } from './arbitraries.ts';

/** A cluster that becomes another and another, in batches of changes in random order, and is left at some point on the way. */
export interface Evolution {
  readonly stages: readonly RawCluster[];
  readonly batches: readonly (readonly ClusterChange[])[];
  /** What is there after the last batch, starting from nothing. Half-way between stages two live pods may claim one address. */
  readonly cluster: Cluster;
}

/** Names repeat from stage to stage, so that the changes are updates, deletions and relabellings as well as additions. */
export const evolution: fc.Arbitrary<Evolution> = fc.array(rawCluster, { minLength: 1, maxLength: 3, size: 'max' }).chain((stages) => {
  const clusters = [emptyCluster, ...stages.map((stage) => clusterOf(decoded(stage)))];
  const steps = clusters.slice(1).map((cluster, index) => differenceOf(clusters[index]!, cluster));
  return fc
    .tuple(...steps.map((changes) => fc.tuple(fc.shuffledSubarray(changes, { minLength: changes.length }), fc.integer({ min: 1, max: 8 }))))
    .map((shuffled) => shuffled.flatMap(([changes, size]) => batchesOf(changes, size)))
    .chain((all) => fc.oneof(fc.constant(all.length), fc.integer({ min: 1, max: all.length })).map((count) => all.slice(0, count)))
    .map((batches) => ({ stages, batches, cluster: applyChanges(emptyCluster, batches.flat()) }));
});

function batchesOf(changes: readonly ClusterChange[], size: number): ClusterChange[][] {
  return Array.from({ length: Math.ceil(changes.length / size) }, (_, index) => changes.slice(index * size, (index + 1) * size));
}
