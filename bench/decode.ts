import { decodeObject } from '#core/api/decode.ts';
import type { KubernetesObject } from '#core/api/types.ts';
import type { WireObject } from './cluster.ts';

/** An object of the generator through the door. */
export function decodeWire(wire: WireObject): KubernetesObject {
  const { objects, diagnostics } = decodeObject(wire);
  if (objects[0] === undefined) throw new Error(`the generator made a faulty object: ${JSON.stringify(diagnostics)}`);
  return objects[0];
}
