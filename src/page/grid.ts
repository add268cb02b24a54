import { type Colours, coloursOf } from './colours.ts';
import { fittingZoom, itemsAt, type Layout, layoutOf, scrollTo, zooms } from './grid-layout.ts';
import { type GridContent, GridPainter, labelWidths, type Marks, type Place, type Viewport } from './grid-painter.ts';

/** What a person does with the grid. */
export interface GridHooks {
  /** The pointer is over a cell, or over nothing. */
  readonly hover: (place: Place | undefined, point: { readonly x: number; readonly y: number }) => void;
  /** The cursor has moved to a cell. */
  readonly move: (place: Place) => void;
  /** A cell is to be looked at; by the keyboard, what is said of it is to be gone through. */
  readonly open: (place: Place, isByKey: boolean) => void;
  /** The label of a row or a column is clicked. */
  readonly label: (place: Partial<Place>) => void;
  /** The groups of a row, of a column or of both are to be opened or closed. */
  readonly toggle: (place: Partial<Place>) => void;
  readonly zoom: (zoom: number) => void;
  readonly leave: () => void;
  /** It goes to paper, which has room for so many rows and columns. */
  readonly print: (room: Size) => void;
}

interface Size {
  readonly rows: number;
  readonly columns: number;
}

/** The grid on its canvas: as much as is seen is drawn, once a frame. */
export class Grid {
  readonly #host: HTMLElement;
  readonly #canvas: HTMLCanvasElement;
  readonly #space: HTMLElement;
  readonly #hooks: GridHooks;
  #content: GridContent = { rows: [], columns: [], cellAt: () => ({ kind: 'none' }), textOf: () => '' };
  #layout: Layout = layoutOf(2, [], []);
  #zoom = 2;
  #marks: Marks = {};
  #isAwaited = false;
  #colours: Colours | undefined;

  /** `host` scrolls; in it stands `space`, as large as all of the grid, and in that the canvas, which stays in sight. */
  constructor(host: HTMLElement, space: HTMLElement, canvas: HTMLCanvasElement, hooks: GridHooks) {
    this.#host = host;
    this.#space = space;
    this.#canvas = canvas;
    this.#hooks = hooks;
    host.addEventListener('scroll', () => this.#await());
    host.addEventListener('pointermove', (event) => this.#hover(event));
    host.addEventListener('pointerleave', () => this.#unhover());
    host.addEventListener('click', (event) => this.#click(event));
    host.addEventListener('dblclick', (event) => hooks.toggle(this.#itemsAt(event)));
    host.addEventListener('keydown', (event) => this.#key(event));
    new ResizeObserver(() => this.#await()).observe(host);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.redraw());
    addEventListener('beforeprint', () => this.#drawAll());
    addEventListener('afterprint', () => this.#leavePaper());
  }

  get zoom(): number {
    return this.#zoom;
  }

  /** Shows other rows, columns or cells. Without a zoom, as large as fits. */
  show(content: GridContent, zoom: number | undefined): void {
    this.#content = content;
    const context = this.#context();
    const space = { width: this.#host.clientWidth, height: this.#host.clientHeight };
    this.#zoom = Math.min(zooms.length - 1, zoom ?? fittingZoom(content.rows.length, content.columns.length, space));
    this.#layout = layoutOf(this.#zoom, labelWidths(context, content.rows), labelWidths(context, content.columns));
    const { left, top, width, height, rows, columns } = this.#layout;
    this.#space.style.width = `${left + columns * width + margin}px`;
    this.#space.style.height = `${top + rows * height + margin}px`;
    this.#marks = {};
    this.#await();
  }

  /** Marks a cell and brings it into sight. */
  mark(cursor: Place | undefined): void {
    this.#marks = { ...this.#marks, cursor };
    if (cursor !== undefined) {
      const { width, height, left, top } = this.#layout;
      const { scrollLeft, scrollTop, clientWidth, clientHeight } = this.#host;
      this.#host.scrollTo(
        scrollTo(cursor.column, width, scrollLeft, clientWidth - left),
        scrollTo(cursor.row, height, scrollTop, clientHeight - top),
      );
    }
    this.#await();
  }

  /** Draws anew, in the colours that hold now. */
  redraw(): void {
    this.#colours = undefined;
    this.#await();
  }

  #context(): CanvasRenderingContext2D {
    const context = this.#canvas.getContext('2d', { alpha: false });
    if (context === null) throw new Error('this browser draws no canvas');
    return context;
  }

  #await(): void {
    if (this.#isAwaited) return;
    this.#isAwaited = true;
    requestAnimationFrame(() => {
      this.#isAwaited = false;
      const { clientWidth: width, clientHeight: height, scrollLeft: x, scrollTop: y } = this.#host;
      this.#draw({ width, height, x, y });
    });
  }

  #draw(view: Viewport): void {
    const ratio = devicePixelRatio || 1;
    const [width, height] = [Math.round(view.width * ratio), Math.round(view.height * ratio)];
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
      this.#canvas.style.width = `${view.width}px`;
      this.#canvas.style.height = `${view.height}px`;
    }
    const context = this.#context();
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#colours ??= coloursOf(document.documentElement);
    new GridPainter(context, this.#content, this.#layout, this.#colours, view).paint(this.#marks);
  }

  /** On paper there is no scrolling: as much as a canvas can hold. */
  #drawAll(): void {
    const { left, top, width, height, rows, columns } = this.#layout;
    document.documentElement.classList.add('paper');
    this.#colours = undefined;
    const room = { rows: roomFor(rows, height, paper.height - top), columns: roomFor(columns, width, paper.width - left) };
    this.#hooks.print(room);
    this.#draw({ width: left + room.columns * width + margin, height: top + room.rows * height + margin, x: 0, y: 0 });
    for (const { style } of [this.#canvas, this.#space]) {
      style.width = '';
      style.height = '';
    }
  }

  #leavePaper(): void {
    document.documentElement.classList.remove('paper');
    this.#colours = undefined;
    this.show(this.#content, this.#zoom);
  }

  #itemsAt({ clientX, clientY }: MouseEvent): Partial<Place> {
    const { left, top } = this.#canvas.getBoundingClientRect();
    return itemsAt(this.#layout, { x: clientX - left, y: clientY - top }, { x: this.#host.scrollLeft, y: this.#host.scrollTop });
  }

  #hover(event: MouseEvent): void {
    const hover = this.#itemsAt(event);
    const { hover: before } = this.#marks;
    this.#hooks.hover(isPlace(hover) ? hover : undefined, { x: event.clientX, y: event.clientY });
    if (before?.row === hover.row && before?.column === hover.column) return;
    this.#marks = { ...this.#marks, hover };
    this.#await();
  }

  #unhover(): void {
    this.#marks = { ...this.#marks, hover: undefined };
    this.#hooks.hover(undefined, { x: 0, y: 0 });
    this.#await();
  }

  #click(event: MouseEvent): void {
    const at = this.#itemsAt(event);
    if (isPlace(at)) this.#hooks.open(at, false);
    else if (at.row !== undefined || at.column !== undefined) this.#hooks.label(at);
  }

  #key(event: KeyboardEvent): void {
    // With these, keys are the browser's.
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.#answer(event.key)) event.preventDefault();
  }

  #answer(key: string): boolean {
    const { rows, columns } = this.#layout;
    const cursor = this.#marks.cursor ?? { row: 0, column: 0 };
    const move = moves[key];
    if (move !== undefined && rows > 0 && columns > 0) {
      const [down, right] = this.#marks.cursor === undefined ? [0, 0] : move;
      this.#hooks.move({ row: clamp(cursor.row + down, rows), column: clamp(cursor.column + right, columns) });
    } else if (key === 'Enter') this.#hooks.open(cursor, true);
    else if (key === ' ') this.#hooks.toggle(cursor);
    else if (key === '+' || key === '-') this.#hooks.zoom(clamp(this.#zoom + (key === '+' ? 1 : -1), zooms.length));
    else if (key === 'Escape') this.#hooks.leave();
    else return false;
    return true;
  }
}

/** Behind the last row and column, in pixels. */
const margin = 8;

/** As much as a canvas can hold, in pixels. */
const paper = { width: 4000, height: 6000 };

const roomFor = (count: number, size: number, space: number): number => Math.max(1, Math.min(count, Math.floor((space - margin) / size)));

const many = Number.MAX_SAFE_INTEGER;

/** How far keys move the cursor: down, and to the right. */
const moves: Readonly<Record<string, readonly [down: number, right: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  PageUp: [-10, 0],
  PageDown: [10, 0],
  Home: [0, -many],
  End: [0, many],
};

const clamp = (value: number, count: number): number => Math.max(0, Math.min(count - 1, value));

const isPlace = (items: Partial<Place>): items is Place => items.row !== undefined && items.column !== undefined;
