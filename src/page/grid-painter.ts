import type { Item } from './axis.ts';
import { CellPainter, fitted } from './cell-painter.ts';
import type { Colours } from './colours.ts';
import { type Layout, visibleRange } from './grid-layout.ts';
import type { CellContent } from './totals.ts';

/** What the grid shows. */
export interface GridContent {
  readonly rows: readonly Item[];
  readonly columns: readonly Item[];
  readonly cellAt: (from: Item, to: Item) => CellContent;
  /** What a cell that is wide enough says. */
  readonly textOf: (content: CellContent) => string;
}

/** The cell that is marked, and the one under the pointer. */
export interface Marks {
  readonly cursor?: Place | undefined;
  readonly hover?: Partial<Place> | undefined;
}

/** A row and a column, by their places. */
export interface Place {
  readonly row: number;
  readonly column: number;
}

/** The part that is seen: its size, and how far it is scrolled. */
export interface Viewport {
  readonly width: number;
  readonly height: number;
  readonly x: number;
  readonly y: number;
}

const cellFont = '11px system-ui, sans-serif';
const strongFont = '600 11px system-ui, sans-serif';

/** The text that an item's label shows: groups say whether they are open. */
const labelText = (item: Item): string => (item.kind === 'group' ? `${item.isOpen ? '▾' : '▸'} ${item.label}` : item.label);

const indentOf = (item: Item): number => (item.kind === 'endpoint' && item.isInside ? 14 : 0);

/** How wide the labels of items are. */
export function labelWidths(context: CanvasRenderingContext2D, items: readonly Item[]): number[] {
  return items.map((item) => {
    context.font = item.kind === 'group' ? strongFont : cellFont;
    return context.measureText(labelText(item)).width + indentOf(item);
  });
}

/** Draws the part of a grid that is seen: cells, marks, then the labels over what is scrolled below them. */
export class GridPainter {
  readonly #context: CanvasRenderingContext2D;
  readonly #content: GridContent;
  readonly #layout: Layout;
  readonly #colours: Colours;
  readonly #view: Viewport;

  constructor(context: CanvasRenderingContext2D, content: GridContent, layout: Layout, colours: Colours, view: Viewport) {
    this.#context = context;
    this.#content = content;
    this.#layout = layout;
    this.#colours = colours;
    this.#view = view;
  }

  paint({ cursor, hover }: Marks): void {
    const { width, height } = this.#view;
    const context = this.#context;
    context.fillStyle = this.#colours.paper;
    context.fillRect(0, 0, width, height);
    context.textBaseline = 'middle';
    context.font = cellFont;
    this.#paintCells();
    this.#paintBands({ ...cursor, ...hover });
    if (cursor !== undefined) this.#paintCursor(cursor);
    this.#paintRowLabels(hover?.row ?? cursor?.row);
    this.#paintColumnLabels(hover?.column ?? cursor?.column);
    this.#paintCorner();
  }

  #rowRange(): readonly [number, number] {
    const { height, top, rows } = this.#layout;
    return visibleRange(height, rows, this.#view.y, this.#view.height - top);
  }

  #columnRange(): readonly [number, number] {
    const { width, left, columns } = this.#layout;
    return visibleRange(width, columns, this.#view.x, this.#view.width - left);
  }

  #xOf = (column: number): number => this.#layout.left + column * this.#layout.width - this.#view.x;
  #yOf = (row: number): number => this.#layout.top + row * this.#layout.height - this.#view.y;

  #paintCells(): void {
    const { rows, columns, cellAt, textOf } = this.#content;
    const { width, height } = this.#layout;
    const painter = new CellPainter(this.#context, this.#colours);
    const [firstRow, endRow] = this.#rowRange();
    const [firstColumn, endColumn] = this.#columnRange();
    for (let row = firstRow; row < endRow; row++)
      for (let column = firstColumn; column < endColumn; column++) {
        const content = cellAt(rows[row]!, columns[column]!);
        painter.paint(content, { x: this.#xOf(column), y: this.#yOf(row), width, height }, () => textOf(content));
      }
  }

  /** The row and the column that are looked at, so that the eye finds both labels. */
  #paintBands({ row, column }: Partial<Place>): void {
    const context = this.#context;
    const { width, height, columns, rows } = this.#layout;
    context.fillStyle = this.#colours.band;
    if (row !== undefined) context.fillRect(this.#xOf(0), this.#yOf(row) - 0.5, columns * width, height);
    if (column !== undefined) context.fillRect(this.#xOf(column) - 0.5, this.#yOf(0), width, rows * height);
  }

  #paintCursor({ row, column }: Place): void {
    const context = this.#context;
    const { width, height } = this.#layout;
    context.strokeStyle = this.#colours.mark;
    context.lineWidth = 2;
    context.strokeRect(this.#xOf(column) - 1, this.#yOf(row) - 1, width + 1, height + 1);
  }

  #paintRowLabels(current: number | undefined): void {
    const context = this.#context;
    const { left, height } = this.#layout;
    context.fillStyle = this.#colours.paper;
    context.fillRect(0, 0, left - 1, this.#view.height);
    const [first, end] = this.#rowRange();
    for (let row = first; row < end; row++) {
      const item = this.#content.rows[row]!;
      const y = this.#yOf(row);
      if (row === current) this.#fill(this.#colours.band, 0, y - 0.5, left - 1, height);
      if (height < 11 && row !== current && item.kind !== 'group') continue;
      this.#label(item, 8, y + (height - 1) / 2, left - 14);
    }
  }

  #paintColumnLabels(current: number | undefined): void {
    const context = this.#context;
    const { top, width, areLabelsFlat } = this.#layout;
    this.#fill(this.#colours.paper, 0, 0, this.#view.width, top - 1);
    const [first, end] = this.#columnRange();
    for (let column = first; column < end; column++) {
      const item = this.#content.columns[column]!;
      const x = this.#xOf(column);
      if (column === current) this.#fill(this.#colours.band, x - 0.5, 0, width, top - 1);
      if (width < 11 && column !== current && item.kind !== 'group') continue;
      if (areLabelsFlat) this.#flatLabel(item, x + 5);
      else {
        context.save();
        context.translate(x + (width - 1) / 2, top - 8);
        context.rotate(-Math.PI / 2);
        this.#label(item, 0, 0, top - 16);
        context.restore();
      }
    }
  }

  /** An endpoint that stands alone says its namespace above its name. */
  #flatLabel(item: Item, x: number): void {
    const { top, width } = this.#layout;
    const { label } = item;
    const slash = item.kind === 'endpoint' && item.isNamed ? label.indexOf('/') : -1;
    this.#label({ ...item, label: label.slice(slash + 1) }, x, top - 13, width - 10);
    if (slash < 0) return;
    this.#context.fillStyle = this.#colours.faint;
    this.#context.fillText(fitted(this.#context, label.slice(0, slash), width - 10), x, top - 28);
  }

  #paintCorner(): void {
    const { left, top } = this.#layout;
    this.#fill(this.#colours.paper, 0, 0, left - 1, top - 1);
    const context = this.#context;
    context.font = cellFont;
    context.fillStyle = this.#colours.faint;
    context.fillText('from ↓', 8, top - 12);
    context.textAlign = 'right';
    context.fillText('to →', left - 8, top - 12);
    context.textAlign = 'left';
    this.#fill(this.#colours.line, left - 1, 0, 1, this.#view.height);
    this.#fill(this.#colours.line, 0, top - 1, this.#view.width, 1);
  }

  #label(item: Item, x: number, y: number, space: number): void {
    const context = this.#context;
    context.font = item.kind === 'group' ? strongFont : cellFont;
    context.fillStyle = this.#colours.ink;
    const indent = this.#layout.areLabelsFlat && x > this.#layout.left ? 0 : indentOf(item);
    context.fillText(fitted(context, labelText(item), space - indent), x + indent, y);
  }

  #fill(colour: string, x: number, y: number, width: number, height: number): void {
    this.#context.fillStyle = colour;
    this.#context.fillRect(x, y, width, height);
  }
}
