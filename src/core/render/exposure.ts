import { isNothing } from './blocks.ts';
import {
  type ExposureBlock,
  type ExposureRow,
  type ExposureTable,
  type ExposureView,
  exposureNotes,
  exposureTables,
} from './exposure-view.ts';
import { escapeMarkdown, markdownCode, renderMarkdownTable } from './markdown.ts';
import type { Style } from './palette.ts';
import { type Cell, renderTable } from './table.ts';
import { columnsOf, count, fold, wrapProse, wrapWords } from './text.ts';

const titles = {
  ingress: { heading: 'who may reach workloads', other: 'FROM', workload: 'TO' },
  egress: { heading: 'whom workloads may reach', other: 'TO', workload: 'FROM' },
} as const;

/** Exposure as tables: who outside may reach which workloads with what, and whom they may reach. */
export function* exposureText(view: ExposureView, style: Style): Iterable<string> {
  const { palette, width } = style;
  const tables = exposureTables(view);
  for (const table of tables) {
    const { heading, other, workload } = titles[table.direction];
    const columns = columnsIn(table.blocks, width);
    yield palette.strong(`${table.direction}: ${heading}`);
    if (table.blocks.length === 0) yield 'nobody';
    else
      yield* renderTable(
        [other, 'TRAFFIC', workload, 'BECAUSE'].map((title) => ({ title })),
        table.blocks.flatMap((block) => rowsOf(block, columns, palette)),
        style,
      );
    if (table.left > 0) yield palette.faint(leftText(table));
    yield '';
  }
  for (const note of exposureNotes(view, tables)) for (const line of wrapProse(note, width, '  ')) yield palette.faint(line);
}

const leftText = ({ left }: ExposureTable): string =>
  `and ${count(left, 'other', 'others')}: see them with -n, --workload, --by workload, -o json`;

/** How wide the columns of a terminal's page may be at most; reasons get what is left. In a file lines are as long as is easily read. */
const shares = { other: 0.28, traffic: 0.18, workload: 0.28 };
const columnsOfFile = { linesOf: wrapWords, other: 36, traffic: 40, workload: 44, because: 60 };
const narrowest = 7;
const gaps = 6;

/** How wide the columns are, and how words become lines in them. */
type Columns = Readonly<typeof columnsOfFile>;

function columnsIn(blocks: readonly ExposureBlock[], width: number | undefined): Columns {
  if (width === undefined) return columnsOfFile;
  const fitting = (texts: readonly (readonly string[])[], share: number): number => {
    const most = Math.max(narrowest, Math.floor((width - gaps) * share));
    return Math.max(narrowest, ...texts.flatMap((words) => fold(words, most)).map(columnsOf));
  };
  const rows = blocks.flatMap((block) => block.rows);
  const other = fitting(
    blocks.map(({ others }) => listed(others)),
    shares.other,
  );
  const traffic = fitting(
    rows.map((row) => row.traffic.split(' ')),
    shares.traffic,
  );
  const workload = fitting(
    rows.map(({ workloads }) => listed(workloads)),
    shares.workload,
  );
  return { linesOf: fold, other, traffic, workload, because: Math.max(narrowest, width - gaps - other - traffic - workload) };
}

/** Names with the commas between them. */
const listed = (names: readonly string[]): string[] => names.map((name, index) => (index === names.length - 1 ? name : `${name},`));

/** The others of a block stand on the left, once. */
function rowsOf({ others, rows }: ExposureBlock, columns: Columns, palette: Style['palette']): Cell[][] {
  const left = columns.linesOf(listed(others), columns.other);
  const right = rows.flatMap((row) => cellsOf(row, columns, palette));
  return Array.from({ length: Math.max(left.length, right.length) }, (_, index) => [
    { text: left[index] ?? '', paint: palette.strong },
    ...(right[index] ?? ['', '', '']),
  ]);
}

function cellsOf({ traffic, workloads, because }: ExposureRow, columns: Columns, { allow, deny, faint }: Style['palette']): Cell[][] {
  const paint = isNothing(traffic) ? deny : allow;
  const [words, names, reasons] = [
    columns.linesOf(traffic.split(' '), columns.traffic),
    columns.linesOf(listed(workloads), columns.workload),
    columns.linesOf(because.split(' '), columns.because),
  ];
  return Array.from({ length: Math.max(words.length, names.length, reasons.length) }, (_, index): Cell[] => [
    { text: words[index] ?? '', paint },
    names[index] ?? '',
    { text: reasons[index] ?? '', paint: faint },
  ]);
}

/** The same in Markdown. */
export function* exposureMarkdown(view: ExposureView): Iterable<string> {
  const tables = exposureTables(view);
  for (const table of tables) {
    const { heading, other, workload } = titles[table.direction];
    yield `### ${heading[0]!.toUpperCase()}${heading.slice(1)}`;
    yield '';
    if (table.blocks.length === 0) yield 'Nobody.';
    else
      yield* renderMarkdownTable(
        [sentence(other), 'Traffic', sentence(workload), 'Because'].map((title) => ({ title })),
        table.blocks.flatMap(({ others, rows }) =>
          rows.map(({ traffic, workloads, because }, index) => [
            index === 0 ? others.map(nameText).join(', ') : '',
            isNothing(traffic) ? `**${traffic}**` : escapeMarkdown(traffic),
            workloads.map(nameText).join(', '),
            escapeMarkdown(because),
          ]),
        ),
      );
    if (table.left > 0) yield* ['', `${sentence(leftText(table))}.`];
    yield '';
  }
  for (const note of exposureNotes(view, tables)) yield `- ${escapeMarkdown(note)}`;
}

const sentence = (text: string): string =>
  text[0]!.toUpperCase() + (text.toUpperCase() === text ? text.slice(1).toLowerCase() : text.slice(1));

/** Names in the type of code; what is said in words, as words. */
const nameText = (name: string): string => (/^[^ ]*[/:.][^ ]*$|\{/.test(name) ? markdownCode(name) : `*${escapeMarkdown(name)}*`);
