import { qualifiedName } from '#core/api/types.ts';
import { nodePlace, outside } from './links.ts';
import type { Topology } from './topology.ts';

/** Who has an address of the lab, and where. */
export interface Place {
  /** What a listener of the address says: `shop/web`, `node:n1`, or an external host's address. */
  readonly identity: string;
  /** The name of its namespace, for `Network.namespaceOf`. */
  readonly home: string;
}

/** Who has which address. Ports of hostNetwork pods are their own: their node has the address. */
export function placesOf({ nodes, pods, externals }: Topology): Map<string, Place> {
  const places = new Map<string, Place>();
  for (const address of externals) places.set(address, { identity: address, home: outside });
  for (const { name, addresses } of nodes.values()) {
    for (const address of addresses) places.set(address, { identity: nodePlace(name), home: nodePlace(name) });
  }
  for (const pod of pods.values()) {
    const name = qualifiedName(pod);
    if (!pod.hostNetwork) for (const address of pod.addresses) places.set(address, { identity: name, home: name });
  }
  return places;
}
