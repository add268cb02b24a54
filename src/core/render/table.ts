import type { Paint, Style } from './palette.ts';
import { type Cut, columnsOf, pad, printable, shorten } from './text.ts';

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** Where a cell that is too wide loses characters; `never` keeps it whole. Default: its middle, as names differ at both ends. */
  readonly cut?: Cut | 'never';
  readonly align?: 'left' | 'right';
}

/** A cell: its text, and its colour if it has one. */
export type Cell = string | { readonly text: string; readonly paint: Paint };

const gap = 2;
const narrowest = 8;

/** The lines of an aligned table, the titles first. In a limited width the widest columns give way. */
export function* renderTable(columns: readonly Column[], rows: readonly (readonly Cell[])[], { palette, width }: Style): Iterable<string> {
  const texts = rows.map((row) => row.map((cell) => printable(typeof cell === 'string' ? cell : cell.text)));
  const widths = narrow(columns, naturalWidths(columns, texts), width);
  const line = (cells: readonly string[], paintOf: (index: number) => Paint | undefined): string => {
    const parts = cells.map((text, index) => {
      const { cut = 'middle', align = 'left' } = columns[index]!;
      const short = cut === 'never' ? text : shorten(text, widths[index]!, cut);
      const isLast = index === cells.length - 1 && align === 'left';
      return (paintOf(index) ?? String)(isLast ? short : pad(short, widths[index]!, align));
    });
    return parts.join(' '.repeat(gap)).trimEnd();
  };
  yield line(
    columns.map(({ title }) => title),
    () => palette.faint,
  );
  for (const [number, cells] of texts.entries()) {
    yield line(cells, (index) => {
      const cell = rows[number]![index]!;
      return typeof cell === 'string' ? undefined : cell.paint;
    });
  }
}

function naturalWidths(columns: readonly Column[], texts: readonly (readonly string[])[]): number[] {
  const widths = columns.map(({ title }) => columnsOf(title));
  for (const cells of texts) {
    for (const [index, text] of cells.entries()) widths[index] = Math.max(widths[index]!, columnsOf(text));
  }
  return widths;
}

/** Takes from the widest column that may be cut, column by column, until the line fits or nothing is left to take. */
function narrow(columns: readonly Column[], natural: readonly number[], width: number | undefined): number[] {
  const widths = [...natural];
  if (width === undefined) return widths;
  let excess = widths.reduce((sum, each) => sum + each, gap * (widths.length - 1)) - width;
  while (excess > 0) {
    const widest = widths.reduce(
      (best, each, index) => (isCuttable(columns[index]!, each) && each > (widths[best] ?? 0) ? index : best),
      -1,
    );
    if (widest === -1) break;
    widths[widest]! -= 1;
    excess -= 1;
  }
  return widths;
}

const isCuttable = ({ title, cut }: Column, width: number): boolean => cut !== 'never' && width > Math.max(narrowest, columnsOf(title));
