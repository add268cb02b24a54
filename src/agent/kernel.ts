import type { Listing } from '#core/ruleset/listing.ts';

/** What the reconcile loop needs of the machine it runs on. Every call may reject; a rejected script has changed nothing. */
export interface Kernel {
  /** Commits a script as one transaction. */
  run(script: string): Promise<void>;
  /** Whether the kernel would commit the script. */
  check(script: string): Promise<boolean>;
  /** What our table holds now; empty when there is none. */
  list(): Promise<Listing>;
  /** What nft lists for a table loaded from the script, somewhere else: for comparing with `list`. */
  listOf(script: string): Promise<Listing>;
  /** Deletes the conntrack entries of addresses that no longer belong to the pod they were of. */
  forgetConnections(addresses: readonly string[]): Promise<void>;
  /** Takes the bits of the mask off the mark of every connection. */
  clearMarks(mask: number): Promise<void>;
}
