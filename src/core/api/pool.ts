import { type Labels, labelsKey } from '../label/selector.ts';
import type { ContainerPort, Owner } from './types.ts';

const limit = 20_000;

/** Keeps one copy of values that many pods have alike, so that a pod costs little. Forgets what it keeps when that grows large. */
export class Pool {
  readonly #values = new Map<string, unknown>();

  labels(labels: Labels): Labels {
    return this.#share(`labels ${labelsKey(labels)}`, labels);
  }

  ports(ports: readonly ContainerPort[]): readonly ContainerPort[] {
    return this.#share(`ports ${ports.map((port) => `${port.name}:${port.protocol}/${port.port}${port.sidecar ?? ''}`).join()}`, ports);
  }

  owner(owner: Owner): Owner {
    return this.#share(`owner ${owner.kind}/${owner.name}`, owner);
  }

  #share<T>(key: string, value: T): T {
    const known = this.#values.get(key);
    if (known !== undefined) return known as T;
    if (this.#values.size >= limit) this.#values.clear();
    this.#values.set(key, value);
    return value;
  }
}
