import type { Connectivity } from '../connectivity/connectivity.ts';
import type { Dependence, DependentPair } from '../connectivity/dependence.ts';
import type { MatrixEndpoint } from '../connectivity/endpoints.ts';
import { type Block, type Blocks, type Limit, workloadBlocks } from './blocks.ts';
import { groupsOf } from './crowd.ts';
import { namespaceBlocks } from './namespace-blocks.ts';
import { type OutsideGrouping, type RollUp, rollUp } from './rollup.ts';
import { count, wrap } from './text.ts';

/** What a matrix for readers is broken down by. */
export const breakdowns = ['workload', 'namespace'] as const;
export type Breakdown = (typeof breakdowns)[number];

/** Endpoints with their connections. */
export type Answer = Pick<Connectivity, 'endpoints' | 'connections' | 'reach' | 'exposure'> & {
  /** What of it depends on the network plugin, where that was found out. */
  readonly choices?: readonly Dependence[];
  readonly dependents?: readonly DependentPair[];
};

/** What the writers of a matrix for readers are given. */
export interface MatrixView {
  /** What was asked for. */
  readonly shown: Answer;
  /** The same with the denied pairs. */
  readonly whole: () => Answer;
  /** The same for a roll-up that counts the denied pairs, where nothing limits it; otherwise they are all visited. */
  readonly counted?: () => Pick<Connectivity, 'endpoints' | 'reach' | 'count'>;
  /** All endpoints, whatever is shown: what lacks one of them is no whole namespace. */
  readonly everyone: readonly MatrixEndpoint[];
  /** Whether denied pairs are shown. */
  readonly denied: boolean;
  /** Undefined: by workload, as long as that can be read. */
  readonly by: Breakdown | undefined;
}

/** A table of workloads of more lines is one of namespaces instead, unless it was asked for. */
const mostLines = 150;

/** The blocks of a matrix, with what they are broken down by. */
export function blocksOf(view: MatrixView): Blocks & { readonly by: Breakdown } {
  const { shown, everyone, denied, by } = view;
  if (by !== 'namespace') {
    const found = workloadBlocks(shown.reach, everyone, by === undefined ? limit : undefined);
    if (found !== undefined && (by !== undefined || linesOf(found.blocks) <= mostLines)) return { ...found, by: 'workload' };
  }
  const groups = groupsOf(everyone).flatMap((group) =>
    group.kind === 'outside' ? group.members.map((member) => ({ ...group, name: member.id, members: [member] })) : [group],
  );
  return { ...namespaceBlocks(rolledUp(view, 'each'), groups, denied), by: 'namespace' };
}

/** The matrix by namespace. Denied pairs are visited only where they cannot be counted. */
export function rolledUp({ whole, counted, denied }: MatrixView, outside: OutsideGrouping): RollUp {
  if (counted === undefined) return rollUp(whole(), outside);
  const allowed = counted();
  return rollUp(allowed, outside, allowed.count, denied);
}

/** Columns of the lists of names where nothing limits a line. */
export const sourceColumns = 36;
export const destinationColumns = 60;

const destinationLines = (names: readonly string[]): number => wrap(names, destinationColumns).length;

/** The lines of the destinations alone may be too many before all are known. */
const limit: Limit = { most: mostLines, weigh: destinationLines };

/** The lines of a table of these blocks. */
const linesOf = (blocks: readonly Block[]): number =>
  blocks.reduce((sum, { from, reach }) => {
    const right = reach.reduce((lines, { to }) => lines + destinationLines(to), 0);
    return sum + Math.max(wrap(from, sourceColumns).length, right);
  }, 0);

/** How much there is: `7 endpoints, 24 pairs`. */
export function totalText({ shown: { endpoints } }: MatrixView, { pairs, by }: Blocks & { readonly by: Breakdown }): string {
  const namespaces = new Set(endpoints.flatMap(({ namespace }) => namespace ?? [])).size;
  const groups = by === 'namespace' ? [count(namespaces, 'namespace')] : [];
  return [...groups, count(endpoints.length, 'endpoint'), count(pairs, 'pair')].join(', ');
}

/** How to see more, where a matrix was rolled up because it is large. */
export function moreText({ by: asked }: MatrixView, by: Breakdown): string | undefined {
  if (asked !== undefined || by === 'workload') return undefined;
  return 'by namespace, as it is large: see more with -n, --workload, --by workload';
}
