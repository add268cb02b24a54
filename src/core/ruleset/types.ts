import type { Direction } from '../api/types.ts';
import type { Protocol } from '../net/protocol.ts';

/** The table that holds everything of ours; nothing else of the host is read or written. */
export const table = 'inet sallyport';

/** nft's names of the types of our set keys. Source: nft(8), SETS and DATA TYPES. */
export type KeyType = 'ipv4_addr' | 'ipv6_addr' | 'inet_service' | 'inet_proto';

/**
 * What a lookup takes from the packet's connection. The ends are those of the connection as conntrack knows it, the same for
 * packets of both directions: the source before SNAT, the destination and its port after DNAT. `packet-*` are the addresses
 * that the packet itself carries, for packets without a connection.
 */
export type Key =
  | 'source4'
  | 'source6'
  | 'destination4'
  | 'destination6'
  | 'destination-port'
  | 'ends4'
  | 'ends6'
  | 'destination-and-port4'
  | 'destination-and-port6'
  | 'packet-source4'
  | 'packet-source6'
  | 'packet-destination4'
  | 'packet-destination6';

/** Where a rule sends the packet; `return` is back to where it jumped from. */
export type Verdict = { readonly to: 'accept' | 'drop' | 'return' } | { readonly to: 'goto' | 'jump'; readonly chain: string };

/** One expression of a rule; a rule is a list of them and goes on only while they match. */
export type Expression =
  | { readonly match: 'protocol'; readonly protocol: Protocol }
  | { readonly match: 'in' | 'not-in'; readonly key: Key; readonly set: string }
  | { readonly match: 'icmp' }
  /** None of TCP, UDP and SCTP. */
  | { readonly match: 'other-protocol' }
  | { readonly match: 'neighbour-discovery' }
  | { readonly match: 'not-syn' }
  | { readonly match: 'mark'; readonly mask: number; readonly value: number }
  | { readonly match: 'established' }
  | { readonly match: 'original-direction' }
  | { readonly match: 'interface'; readonly pattern: string }
  | { readonly match: 'spoofed' }
  /** More packets than that have come here. */
  | { readonly match: 'over-rate'; readonly perSecond: number; readonly burst: number }
  | { readonly do: 'set-mark'; readonly mask: number; readonly value: number }
  | { readonly do: 'count'; readonly counter: string }
  /** Hands the packet's headers to whoever listens to the group; nobody waits for him. */
  | { readonly do: 'log'; readonly prefix: string; readonly group: number }
  | { readonly do: 'witness'; readonly family: 4 | 6; readonly set: string }
  | { readonly do: 'reset' }
  | { readonly do: 'dispatch'; readonly key: Key; readonly map: string }
  | { readonly do: 'by-state'; readonly chains: Readonly<Record<ConnectionState, Verdict>> }
  | { readonly do: 'verdict'; readonly verdict: Verdict };

/** What conntrack says of a packet. Source: nft(8), CONNTRACK EXPRESSIONS. */
export type ConnectionState = 'new' | 'established' | 'related' | 'invalid' | 'untracked';

export interface Rule {
  readonly expressions: readonly Expression[];
  /** Shown by `nft list`; names policies. */
  readonly comment?: string;
}

interface Named {
  readonly name: string;
  readonly comment?: string;
}

/** A chain; `hook` makes it a base chain. */
export interface Chain extends Named {
  readonly kind: 'chain';
  readonly hook?: { readonly hook: 'forward' | 'input' | 'output' | 'prerouting'; readonly priority: number };
  readonly rules: readonly Rule[];
}

/** A set. Elements are nft's text of a key: `10.0.0.1`, `10.0.0.1 . 80`, `10.0.0.0-10.0.0.9`. */
export interface AddressSetObject extends Named {
  readonly kind: 'set';
  readonly types: readonly KeyType[];
  /** Interval sets are immutable: nft 1.0.6 loses deletions from them silently, older kernels miss lookups while they change. */
  readonly interval: boolean;
  /** Elements leave with the preparation: who is taken out is refused by it, and must be so before anything else that is said of him goes. */
  readonly leaves?: 'first';
  /** Filled by the kernel, forgotten after this many seconds. */
  readonly timeoutSeconds?: number;
  readonly elements: ReadonlySet<string>;
}

/** A verdict map. */
export interface VerdictMap extends Named {
  readonly kind: 'map';
  readonly types: readonly KeyType[];
  readonly interval: boolean;
  /**
   * Of maps that change in place, which changes are not of the switch. `last`: elements leave in the clean-up, because a packet in
   * flight may still look for them. `first`: new elements come with the preparation, because a packet that misses one goes on to what
   * has changed already.
   */
  readonly moves?: 'last' | 'first';
  readonly elements: ReadonlyMap<string, Verdict>;
}

/** A counter of its own, which survives the chains that count with it. */
export interface Counter extends Named {
  readonly kind: 'counter';
  /** Whose denials it counts: a packet that several policies isolate is denied by each of them. */
  readonly denials?: Denials;
}

/** Which policies, `namespace/name` or the bare name of a cluster-wide one, deny in which direction. */
export interface Denials {
  readonly direction: Direction;
  readonly policies: readonly string[];
  /** They only would: see docs/semantics.md section 11. */
  readonly isAudit?: true;
}

export type RulesetObject = Chain | AddressSetObject | VerdictMap | Counter;

/** One step of a transaction. The steps of one transaction are committed together or not at all. */
export type Change =
  /** Adds an object with all it holds. */
  | { readonly change: 'create'; readonly object: RulesetObject }
  | {
      readonly change: 'add' | 'delete';
      /** A mutable set or verdict map. */
      readonly set: string;
      readonly types: readonly KeyType[];
      /** When adding to a map, each with its verdict. */
      readonly elements: readonly (readonly [key: string, verdict?: Verdict])[];
    }
  /** These rules instead of those that the chain has. */
  | { readonly change: 'replace'; readonly chain: string; readonly rules: readonly Rule[] }
  /** This content instead of what an interval set or port map has. */
  | { readonly change: 'refill'; readonly object: AddressSetObject | VerdictMap }
  /** Takes away what nothing refers to. */
  | { readonly change: 'remove'; readonly kind: RulesetObject['kind']; readonly name: string };

/** A transaction; empty when there is nothing to do. */
export type Transaction = readonly Change[];
