import type { Listing } from '#core/ruleset/listing.ts';
import type { RulesetObject, Transaction } from '#core/ruleset/types.ts';

/** What the reconcile loop needs of the machine it runs on. */
export interface Kernel {
  /** Commits a transaction: all of it, or it rejects and nothing has changed. */
  commit(transaction: Transaction): Promise<void>;
  /** Whether the kernel would commit the transaction. */
  check(transaction: Transaction): Promise<boolean>;
  /** What our table holds now; empty when there is none. */
  list(): Promise<Listing>;
  /** What nft lists for a table of these objects, loaded somewhere else: for comparing with `list`. */
  listOf(objects: Iterable<RulesetObject>): Promise<Listing>;
  /** Deletes the conntrack entries of addresses that no longer belong to the pod they were of. */
  forgetConnections(addresses: readonly string[]): Promise<void>;
  /**
   * Deletes the TCP entries of the addresses whose beginning conntrack has not seen: it may have their ends the wrong way round, and they would be
   * judged so.
   */
  forgetPickedUp(addresses: ReadonlySet<string>): Promise<void>;
  /** Takes the bits of the mask off the mark of every connection. */
  clearMarks(mask: number): Promise<void>;
  /** Calls `visit` whenever anybody takes our table away, where that can be noticed at once. */
  onRemoved(visit: () => void): void;
  /** How many packets a counter of our table has counted; 0 when there is none. */
  packetsOf(counter: string): Promise<number>;
  /** Takes our table away, and with it every restriction. Returns whether there was one. */
  remove(): Promise<boolean>;
  close(): void;
}
