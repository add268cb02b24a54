import { isNothing, mark } from './blocks.ts';
import { dependenceNotes, markLegend } from './dependence.ts';
import { escapeMarkdown, markdownCode, renderMarkdownTable } from './markdown.ts';
import { type Breakdown, blocksOf, type MatrixView, moreText, totalText } from './matrix-view.ts';

/** The matrix in Markdown, for people and pull requests: the table, what its words mean, and how much there is. */
export function* matrixMarkdown(view: MatrixView): Iterable<string> {
  const answer = blocksOf(view);
  const { blocks, by } = answer;
  const isCounted = blocks.some(({ reach }) => reach.some(({ pairs }) => pairs !== undefined));
  yield '### Who can reach whom';
  yield '';
  if (blocks.length > 0) {
    const titles = ['From', 'Traffic', ...(isCounted ? ['Pairs'] : []), 'To'];
    const rows = blocks.flatMap(({ from, reach }) =>
      reach.map(({ traffic, pairs, to }, index) => [
        index === 0 ? namesMarkdown(from) : '',
        isNothing(traffic) ? `**${traffic}**` : escapeMarkdown(traffic),
        ...(isCounted ? [pairs ?? 'all'] : []),
        namesMarkdown(to),
      ]),
    );
    yield* renderMarkdownTable(
      titles.map((title) => ({ title })),
      rows,
    );
    yield '';
  }
  const more = moreText(view, by);
  yield `${totalText(view, answer)}${more === undefined ? '' : ` (${escapeMarkdown(more)})`}.`;
  yield '';
  yield legends[by];
  const notes = dependenceNotes(view.shown.choices ?? []);
  const isMarked = blocks.some(({ reach }) => reach.some(({ traffic }) => traffic.endsWith(mark)));
  if (notes.length > 0) yield '';
  for (const note of [...(isMarked ? [markLegend] : []), ...notes]) yield `- ${escapeMarkdown(note)}`;
}

/** The names of endpoints in a cell. */
export const namesMarkdown = (names: readonly string[]): string => names.map(nameText).join(', ');

/** Names in the type of code; what is said in words, as words. */
const nameText = (name: string): string => (words.has(name) ? `*${name}*` : name.includes(' ') ? escapeMarkdown(name) : markdownCode(name));

const words: ReadonlySet<string> = new Set(['outside', 'everybody', 'every namespace', 'every node']);

const legends: Record<Breakdown, string> = {
  workload:
    'A cell without sources goes on with those above. `shop/*` is every workload of namespace shop, *outside* every address that no pod or node has; ' +
    'ports are those of the pods.',
  namespace:
    'A cell without sources goes on with those above. A namespace stands for all its workloads, *outside* for addresses that no pod or node has; ' +
    'ports are those of the pods. *Pairs* says how many pairs of workloads may do some of it, where not all may do all of it.',
};
