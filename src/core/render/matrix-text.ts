import { type Block, isNothing, mark, type Reach } from './blocks.ts';
import { dependenceNotes, markLegend } from './dependence.ts';
import { blocksOf, destinationColumns, type MatrixView, moreText, sourceColumns, totalText } from './matrix-view.ts';
import type { Style } from './palette.ts';
import { type Cell, type Column, renderTable } from './table.ts';
import { columnsOf, fold, wrap, wrapProse } from './text.ts';

/** The matrix as a table: sources that may do the same are one row, and whole namespaces one word; a large one by namespace. */
export function* matrixText(view: MatrixView, style: Style): Iterable<string> {
  const answer = blocksOf(view);
  const { blocks } = answer;
  const isCounted = blocks.some(({ reach }) => reach.some(({ pairs }) => pairs !== undefined));
  const layout = layoutOf(blocks, isCounted, style);
  if (blocks.length > 0)
    yield* renderTable(
      columnsOfTable(isCounted),
      blocks.flatMap((block) => rowsOf(block, layout)),
      style,
    );
  const more = moreText(view, answer.by);
  yield style.palette.faint(totalText(view, answer));
  if (more !== undefined) yield style.palette.faint(more);
  const notes = dependenceNotes(view.shown.choices ?? []);
  const isMarked = blocks.some(({ reach }) => reach.some(({ traffic }) => traffic.endsWith(mark)));
  for (const note of [...(isMarked ? [markLegend] : []), ...notes.map((note) => `note: ${note}`)])
    for (const line of wrapProse(note, style.width, '  ')) yield style.palette.faint(line);
}

const columnsOfTable = (isCounted: boolean): Column[] => [
  { title: 'FROM' },
  { title: 'TRAFFIC' },
  ...(isCounted ? [{ title: 'PAIRS', isFixed: true } as const] : []),
  { title: 'TO' },
];

/** How wide the parts of a row are, and how they are painted. */
interface Layout extends Style {
  readonly from: number;
  readonly traffic: number;
  readonly to: number;
  readonly isCounted: boolean;
}

const gap = 2;
const narrowest = 16;

/** In a terminal the sources get a third, traffic what it needs up to a quarter, and the destinations the rest. */
function layoutOf(blocks: readonly Block[], isCounted: boolean, style: Style): Layout {
  const { width } = style;
  if (width === undefined) return { ...style, isCounted, from: sourceColumns, traffic: Number.POSITIVE_INFINITY, to: destinationColumns };
  const reaches = blocks.flatMap(({ reach }) => reach);
  const widest = (texts: readonly string[], most: number): number =>
    Math.max(narrowest, ...texts.map(columnsOf).filter((columns) => columns <= most));
  const from = widest(
    blocks.flatMap((block) => wrapNames(block.from, Math.floor(width / 3), style)),
    Math.floor(width / 3),
  );
  const traffic = Math.max(
    ...reaches.flatMap((reach) => wrapTraffic(reach.traffic, Math.floor(width / 4))).map(columnsOf),
    'TRAFFIC'.length,
  );
  const pairs = isCounted ? Math.max(...reaches.map(({ pairs = '' }) => pairs.length)) + gap : 0;
  return { ...style, isCounted, from, traffic: Math.floor(width / 4), to: Math.max(narrowest, width - from - traffic - pairs - 2 * gap) };
}

/** The rows of one block: its sources on the left, and for each traffic the destinations, all wrapped. */
function rowsOf({ from, reach }: Block, layout: Layout): Cell[][] {
  const left = wrapNames(from, layout.from, layout);
  const right = reach.flatMap((each) => reachRows(each, layout));
  const height = Math.max(left.length, right.length);
  const blank = layout.isCounted ? ['', '', ''] : ['', ''];
  return Array.from({ length: height }, (_, index) => [
    { text: left[index] ?? '', paint: layout.palette.strong },
    ...(right[index] ?? blank),
  ]);
}

function reachRows({ traffic, pairs, to }: Reach, { isCounted, ...widths }: Layout): Cell[][] {
  const { palette } = widths;
  const paint = isNothing(traffic) ? palette.deny : palette.allow;
  const words = wrapTraffic(traffic, widths.traffic);
  const names = wrapNames(to, widths.to, widths);
  return Array.from({ length: Math.max(words.length, names.length) }, (_, index): Cell[] => [
    { text: words[index] ?? '', paint },
    ...(isCounted ? [index === 0 ? (pairs ?? '') : ''] : []),
    names[index] ?? '',
  ]);
}

const wrapTraffic = (traffic: string, columnsOfLine: number): string[] => fold(traffic.split(' '), columnsOfLine);

/** Names in lines. Where a line is limited, what is said in several words is parted between them, and what is wider is broken. */
const wrapNames = (names: readonly string[], columnsOfLine: number, { width }: Style): string[] =>
  width === undefined ? wrap(names, columnsOfLine) : fold(names.join(', ').split(' '), columnsOfLine);
