import type { PolicyStatus } from '#core/enforcement/node-status.ts';
import type { Kernel } from '../kernel.ts';
import type { Reconciler } from '../reconciler.ts';

/** How current one kind of objects is; times by the monotonic clock in milliseconds. */
export interface Currency {
  readonly resource: string;
  readonly isCurrent: boolean;
  /** When the server last said anything of it; absent: never. */
  readonly heard?: number;
}

/** Where numbers come from that are looked up when somebody asks. */
export interface MetricSources {
  readonly build: { readonly version: string; readonly commit?: string; readonly node: string };
  readonly kernel: Pick<Kernel, 'counters' | 'transactions'>;
  readonly reconciler: Pick<Reconciler, 'ruleset' | 'model'>;
  readonly policies: () => readonly PolicyStatus[];
  /** How many objects can't be read, by kind. */
  readonly unreadable: () => ReadonlyMap<string, number>;
  readonly isSynced: () => boolean;
  readonly isReady: () => boolean;
  readonly unjudged: () => number;
  readonly currency: () => readonly Currency[];
}
