import type { Pod } from '#core/api/types.ts';

/** A pod that runs, without anything that is not said. */
export const examplePod = (namespace: string, name: string, more: Partial<Pod> = {}): Pod => ({
  kind: 'Pod',
  namespace,
  name,
  labels: {},
  addresses: [],
  assumedAddress: false,
  hostNetwork: false,
  phase: 'Running',
  terminating: false,
  ports: [],
  ...more,
});
