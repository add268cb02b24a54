import { isEmptyTraffic } from '#core/net/port-set.ts';
import { mark } from '#core/render/blocks.ts';
import { commonText, type Members, setText } from '#core/render/traffic.ts';
import type { Matrix, Outcome } from './matrix.ts';
import type { CellContent, Totals } from './totals.ts';
import type { CellState, TrafficFilter } from './traffic-filter.ts';

/** What a state means, in few words. */
export function stateWords({ kind, isPartial }: CellState, { egress, ingress }: Outcome, members: Members): string {
  if (kind === 'denied') return 'denied';
  const isOwnNode = egress.reason === 'own-node' || ingress.reason === 'own-node';
  const why = isOwnNode ? 'allowed: a pod and its own node' : kind === 'rule' ? 'allowed by a rule' : 'open: nothing isolates either end';
  return isPartial ? `${why}, for some of the ${members} only` : why;
}

/** What a pair may do, of the traffic that is asked about, marked where that depends on the network plugin. */
export function outcomeText(outcome: Outcome, filter: TrafficFilter, members: Members): string {
  const [every, some] = [filter.of(outcome.every), filter.of(outcome.some)];
  const text = isEmptyTraffic(every) && !isEmptyTraffic(some) ? `some ${members}: ${setText(some)}` : commonText(every, some);
  return outcome.dependsOn === undefined ? text : text + mark;
}

/** How many of several pairs may do something. */
export const totalsText = ({ pairs, rule, open }: Totals): string =>
  `${(rule + open).toLocaleString('en')} of ${pairs.toLocaleString('en')}`;

/** What a cell says: the traffic of a pair, or how many of several may do something. */
export function cellText(matrix: Matrix, filter: TrafficFilter, content: CellContent): string {
  if (content.kind === 'none') return '';
  return content.kind === 'pairs' ? totalsText(content.totals) : outcomeText(matrix.outcomes[content.outcome]!, filter, content.members);
}

/** A cell in one sentence. */
export function cellSentence(matrix: Matrix, filter: TrafficFilter, content: CellContent): string {
  if (content.kind === 'none') return 'no pair that policy knows of';
  if (content.kind === 'pairs' && content.totals.rule + content.totals.open === 0)
    return `denied: none of ${content.totals.pairs.toLocaleString('en')} pairs may connect`;
  if (content.kind === 'pairs')
    return `${totalsText(content.totals)} pairs may connect: ${content.totals.rule} by rules, ${content.totals.open} open`;
  const outcome = matrix.outcomes[content.outcome]!;
  const { kind, isDependent } = content.state;
  const traffic = kind === 'denied' ? '' : `, ${outcomeText(outcome, filter, content.members)}`;
  return `${stateWords(content.state, outcome, content.members)}${traffic}${!isDependent ? '' : filter.isNarrow ? '; some traffic depends on the network plugin' : '; this depends on the network plugin'}`;
}

/** What of a matrix is not on paper, where some of it is not. */
export function cutWords(
  room: { readonly rows: number; readonly columns: number },
  all: { readonly rows: number; readonly columns: number },
): string | undefined {
  if (room.rows >= all.rows && room.columns >= all.columns) return undefined;
  const parts = (['rows', 'columns'] as const).map((what) => `${room[what]} of ${all[what]} ${what}`);
  return `This is not all: ${parts.join(' and ')}. On paper there is room for more with fewer: close namespaces, or say from whom and to whom.`;
}
