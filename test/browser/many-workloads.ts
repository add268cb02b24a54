import { assignAddresses } from '#core/cluster/assign-addresses.ts';
import { clusterOf } from '#core/cluster/cluster.ts';
import { type Connectivity, connectivityOf } from '#core/connectivity/connectivity.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { ManifestCollection } from '#manifest/collect.ts';
import { clusterObjects, deploymentObjects } from '../../bench/cluster.ts';

/** The matrix, denied pairs and all, of a cluster of the benchmarks with that many workloads, ten to a namespace. */
export async function manyWorkloads(workloads: number): Promise<Connectivity> {
  const size = { pods: workloads * 20, policies: workloads };
  const collection = new ManifestCollection();
  const items = [...clusterObjects(size)].filter(({ kind }) => kind !== 'Pod');
  await collection.addText(
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [...items, ...deploymentObjects(size)] }),
    'cluster.json',
    'error',
  );
  return connectivityOf(new Analysis(clusterOf(assignAddresses(collection.finish().objects))), { denied: true });
}
