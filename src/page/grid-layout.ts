import { isWordy } from './cell-painter.ts';

/** The sizes of cells, from what shows most to what can be read best. */
export const zooms: readonly (readonly [width: number, height: number])[] = [
  [8, 8],
  [11, 11],
  [15, 15],
  [20, 20],
  [26, 24],
  [38, 28],
  [84, 32],
  [120, 34],
];

/** How large everything in the grid is, in pixels. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  /** The space of the row labels, and that of the column labels. */
  readonly left: number;
  readonly top: number;
  /** Column labels lie when cells are wide, and stand otherwise. */
  readonly areLabelsFlat: boolean;
  readonly rows: number;
  readonly columns: number;
}

/** The step of the size in which most fits without scrolling: the largest one in which all does, but none too small to be hit. */
export function fittingZoom(rows: number, columns: number, space: { readonly width: number; readonly height: number }): number {
  const fits = zooms.findLastIndex(([width, height]) => columns * width <= space.width - 220 && rows * height <= space.height - 120);
  return Math.max(2, fits);
}

const wide = 230;
const tall = 170;

/** The layout for labels of these widths. */
export function layoutOf(zoom: number, rowLabels: readonly number[], columnLabels: readonly number[]): Layout {
  const [width, height] = zooms[zoom]!;
  const areLabelsFlat = isWordy(width);
  const left = Math.min(wide, Math.max(90, ...rowLabels.map((label) => label + 16)));
  const top = areLabelsFlat ? 44 : Math.min(tall, Math.max(60, ...columnLabels.map((label) => label + 16)));
  return { width, height, left, top, areLabelsFlat, rows: rowLabels.length, columns: columnLabels.length };
}

/** The row and the column at a point of the visible part; undefined where there are labels or nothing. */
export function itemsAt(
  layout: Layout,
  point: { readonly x: number; readonly y: number },
  scroll: { readonly x: number; readonly y: number },
): { row?: number; column?: number } {
  const row = Math.floor((point.y - layout.top + scroll.y) / layout.height);
  const column = Math.floor((point.x - layout.left + scroll.x) / layout.width);
  return {
    ...(point.y >= layout.top && row >= 0 && row < layout.rows && { row }),
    ...(point.x >= layout.left && column >= 0 && column < layout.columns && { column }),
  };
}

/** The first of a run of items that is visible, and the first that is not any more. */
export function visibleRange(size: number, count: number, scroll: number, space: number): readonly [first: number, end: number] {
  return [Math.max(0, Math.floor(scroll / size)), Math.min(count, Math.ceil((scroll + space) / size))];
}

/** How far to scroll so that an item is in sight. */
export function scrollTo(item: number, size: number, scroll: number, space: number): number {
  const start = item * size;
  if (start < scroll) return start;
  return start + size > scroll + space ? start + size - space : scroll;
}
