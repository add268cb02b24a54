/** How far a node is with a policy. */
export type PolicyState =
  | 'enforced'
  /** It is in audit: not enforced, and what it would deny is told. */
  | 'audit'
  /** Its pods here are closed, because the kernel rejects what it says. */
  | 'closed'
  /** It can't be read, or is of a kind that is not enforced; of those that can be read in part the pods are closed. */
  | 'unreadable'
  /** It selects no pod of the node: there is nothing to enforce. */
  | 'not-needed';

/** What an agent says of one policy: of the version that the kernel has. */
export interface PolicyStatus {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  /** Absent where the API server did not tell. */
  readonly uid?: string;
  readonly generation?: number;
  readonly state: PolicyState;
  /** Why it is not enforced as written. */
  readonly reason?: string;
  /** Since when the kernel has this version; RFC 3339. */
  readonly since?: string;
  /** How many pods of the node it selects. */
  readonly subjects: number;
}

/** One thing that has to be so for a node to be ready. */
export interface NodeCheck {
  readonly name: 'synced' | 'programmed' | 'judged';
  readonly ok: boolean;
  readonly message: string;
}

/** The milliseconds from when changes came in to when the kernel had them, of the last ones. */
export interface Latency {
  readonly median: number;
  readonly worst: number;
  /** Of how many changes. */
  readonly changes: number;
}

/** What the agent of a node says of itself: `/status`. */
export interface NodeStatus {
  readonly node: string;
  readonly version: string;
  readonly commit?: string;
  readonly started: string;
  /** When everything had been read; absent while it has not. */
  readonly synced?: string;
  /** When the kernel had the first complete ruleset; absent while it has none. */
  readonly programmed?: string;
  readonly ready: boolean;
  readonly checks: readonly NodeCheck[];
  /** Absent before the first change. */
  readonly latency?: Latency;
  /** Faults of the machine that no single policy is to blame for. */
  readonly failures: readonly string[];
  /** In the order of kind, namespace and name. */
  readonly policies: readonly PolicyStatus[];
}
