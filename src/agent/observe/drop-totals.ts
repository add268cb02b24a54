import type { Direction } from '#core/api/types.ts';
import type { Denials } from '#core/ruleset/types.ts';

/** Told of packets that were dropped: the policy's qualified name, undefined for those that have no name of their own any more. */
export type OnDropped = (policy: string | undefined, direction: Direction, packets: number) => void;

/**
 * Makes of the kernel's counters, of which there is one for each set of policies that isolate a pod together, what every policy has dropped: a packet that
 * several policies isolate is dropped by each of them. Counters come and go with what the ruleset holds; what they have counted stays counted.
 */
export class DropTotals {
  readonly #most: number;
  readonly #onDropped: OnDropped;
  readonly #counters = new Map<string, { readonly denials: Denials; readonly packets: number }>();
  readonly #named = new Set<string>();

  /** At most `most` policies are named at a time, those that drop first; the others are one. */
  constructor(most: number, onDropped: OnDropped) {
    this.#most = most;
    this.#onDropped = onDropped;
  }

  /** Takes in a reading: the packets by counter, and whose denials each counts. */
  take(packets: ReadonlyMap<string, number>, denials: ReadonlyMap<string, Denials>): void {
    for (const [name, now] of packets) {
      const before = this.#counters.get(name);
      const whose = denials.get(name) ?? before?.denials;
      if (whose === undefined) continue;
      // One that has counted less than before was removed and made again.
      const increase = before === undefined || now < before.packets ? now : now - before.packets;
      this.#counters.set(name, { denials: whose, packets: now });
      if (increase > 0) for (const policy of whose.policies) this.#onDropped(this.#nameOf(policy), whose.direction, increase);
    }
    for (const name of this.#counters.keys()) if (!packets.has(name)) this.#counters.delete(name);
  }

  /** Lets go of policies that are no more; their names are free for others. Returns them. */
  forget(exists: (policy: string) => boolean): string[] {
    const gone = [...this.#named].filter((policy) => !exists(policy));
    for (const policy of gone) this.#named.delete(policy);
    return gone;
  }

  #nameOf(policy: string): string | undefined {
    if (!this.#named.has(policy) && this.#named.size >= this.#most) return undefined;
    this.#named.add(policy);
    return policy;
  }
}
