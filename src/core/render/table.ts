import type { Paint, Style } from './palette.ts';
import { columnsOf, fold, printable } from './text.ts';

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** The column never gives way. */
  readonly isFixed?: true;
  readonly align?: 'left' | 'right';
}

/** A cell: its text, and its colour if it has one. */
export type Cell = string | { readonly text: string; readonly paint: Paint };

const gap = 2;
const narrowest = 8;

/** The lines of an aligned table, the titles first. In a limited width the widest columns give way: what is in them goes on in further lines. */
export function* renderTable(columns: readonly Column[], rows: readonly (readonly Cell[])[], { palette, width }: Style): Iterable<string> {
  const texts = rows.map((row) => row.map((cell) => printable(typeof cell === 'string' ? cell : cell.text)));
  const widths = narrow(columns, naturalWidths(columns, texts), width);
  const line = (cells: readonly string[], paintOf: (index: number) => Paint | undefined): string => {
    const last = cells.findLastIndex((text) => text !== '');
    const parts = cells.slice(0, last + 1).map((text, index) => {
      const painted = text === '' ? '' : (paintOf(index) ?? String)(text);
      const blanks = ' '.repeat(Math.max(0, widths[index]! - columnsOf(text)));
      if (columns[index]!.align === 'right') return blanks + painted;
      return index === last ? painted : painted + blanks;
    });
    return parts.join(' '.repeat(gap));
  };
  yield line(
    columns.map(({ title }) => title),
    () => palette.faint,
  );
  for (const [number, cells] of texts.entries()) {
    const folded = cells.map((text, index) => (columnsOf(text) <= widths[index]! ? [text] : fold(text.split(' '), widths[index]!)));
    const height = Math.max(...folded.map(({ length }) => length));
    for (let place = 0; place < height; place++)
      yield line(
        folded.map((lines) => lines[place] ?? ''),
        (index) => {
          const cell = rows[number]![index]!;
          return typeof cell === 'string' ? undefined : cell.paint;
        },
      );
  }
}

function naturalWidths(columns: readonly Column[], texts: readonly (readonly string[])[]): number[] {
  const widths = columns.map(({ title }) => columnsOf(title));
  for (const cells of texts) {
    for (const [index, text] of cells.entries()) widths[index] = Math.max(widths[index]!, columnsOf(text));
  }
  return widths;
}

/** Takes from the widest column that gives way, column by column, until the line fits or nothing is left to take. */
function narrow(columns: readonly Column[], natural: readonly number[], width: number | undefined): number[] {
  const widths = [...natural];
  if (width === undefined) return widths;
  let excess = widths.reduce((sum, each) => sum + each, gap * (widths.length - 1)) - width;
  while (excess > 0) {
    const widest = widths.reduce((best, each, index) => (givesWay(columns[index]!, each) && each > (widths[best] ?? 0) ? index : best), -1);
    if (widest === -1) break;
    widths[widest]! -= 1;
    excess -= 1;
  }
  return widths;
}

const givesWay = ({ title, isFixed }: Column, width: number): boolean =>
  isFixed === undefined && width > Math.max(narrowest, columnsOf(title));

/**
 * The parts of an entry, with two blanks between them. Those that don't fit in its line stand below, after the indent: none is shortened, as a
 * place or a reason of which something lacks is none.
 */
export function renderParts(parts: readonly Cell[], width = Number.POSITIVE_INFINITY, indent = '    '): string[] {
  const lines: string[] = [];
  let used = 0;
  for (const part of parts) {
    const { text, paint } = typeof part === 'string' ? { text: part, paint: String } : part;
    const shown = printable(text);
    if (shown === '') continue;
    const columns = columnsOf(shown);
    if (lines.length > 0 && used + gap + columns <= width) {
      lines[lines.length - 1] += ' '.repeat(gap) + paint(shown);
      used += gap + columns;
    } else {
      const before = lines.length === 0 ? '' : indent;
      lines.push(before + paint(shown));
      used = before.length + columns;
    }
  }
  return lines;
}
