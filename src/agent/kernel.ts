import type { Listing } from '#core/ruleset/listing.ts';
import type { RulesetObject, Transaction } from '#core/ruleset/types.ts';

/** Transactions by how they reached the kernel and what became of them. */
export type TransactionCounts = Readonly<Record<'nft' | 'netlink', { committed: number; refused: number }>>;

/** What the reconcile loop needs of the machine it runs on. */
export interface Kernel {
  /** Commits a transaction: all of it, or it rejects and nothing has changed. */
  commit(transaction: Transaction): Promise<void>;
  /** Whether the kernel would commit the transaction. */
  check(transaction: Transaction): Promise<boolean>;
  /** What our table holds now; empty when there is none. */
  list(): Promise<Listing>;
  /** What nft lists for a table of these objects, loaded where it meets no packet: for comparing with `list`. */
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
  /** Calls `visit` whenever somebody else takes our table away, or anything out of it, where that can be noticed at once. */
  onDeletion(visit: () => void): void;
  /** The packets that each counter of our table has counted, by its name; empty when there is no table. Others get their turn meanwhile. */
  counters(): Promise<ReadonlyMap<string, number>>;
  /** How many transactions there have been. */
  readonly transactions: TransactionCounts;
  /** Takes our table away, and with it every restriction. Returns whether there was one. */
  remove(): Promise<boolean>;
  close(): void;
}
