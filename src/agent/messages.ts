import type { ClusterChange } from '#core/cluster/cluster.ts';
import type { Applied } from './reconciler.ts';

/** What a source of changes tells an agent process over its IPC channel (advanced serialization: Map, Set and BigInt pass). */
export type ToAgent =
  | { readonly type: 'changes'; readonly version: number; readonly changes: readonly ClusterChange[] }
  /** The changes so far are a complete picture. */
  | { readonly type: 'synced' }
  /** Compare the kernel with the intent now. */
  | { readonly type: 'audit' };

/** What an agent process tells its source. */
export type FromAgent =
  | { readonly type: 'ready' }
  | ({ readonly type: 'applied' } & Applied)
  | { readonly type: 'fatal'; readonly message: string };
