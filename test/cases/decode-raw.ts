import { decodeObject } from '#core/api/decode.ts';
import type { KubernetesObject } from '#core/api/types.ts';
import type { RawCluster } from '../reference/raw.ts';
import { manifestsOf } from './manifests.ts';

/** The objects of a raw cluster, through the door; a fault is the test's own. */
export function decodeRaw(cluster: RawCluster): readonly KubernetesObject[] {
  const items = manifestsOf(cluster);
  const { objects, diagnostics, unknown } = decodeObject({ apiVersion: 'v1', kind: 'List', items });
  const faults = [...diagnostics.filter(({ severity }) => severity === 'error'), ...unknown];
  if (faults.length > 0) throw new Error(`a faulty cluster: ${JSON.stringify(faults)}`);
  return objects;
}
