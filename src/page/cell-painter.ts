import type { Colours } from './colours.ts';
import type { CellContent, Totals } from './totals.ts';
import type { CellState } from './traffic-filter.ts';

/** Where a cell is, in pixels. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A cell wide enough for its traffic in words. */
export const isWordy = (width: number): boolean => width >= 60;

/**
 * Draws cells. A rule is a square, an open gate a disc, a denial a cross, so that nobody needs the colours; a small shape is some
 * traffic only, half a shape some pods only, a filled corner what depends on the network plugin; of many pairs a bar shows how many.
 */
export class CellPainter {
  readonly #context: CanvasRenderingContext2D;
  readonly #colours: Colours;

  constructor(context: CanvasRenderingContext2D, colours: Colours) {
    this.#context = context;
    this.#colours = colours;
  }

  /** `text` is what a wordy cell says. */
  paint(content: CellContent, box: Box, text: () => string): void {
    if (content.kind === 'none') return;
    if (content.kind === 'pairs') this.#paintBar(content.totals, box, text);
    else this.#paintPair(content.state, box, text);
  }

  #paintPair(state: CellState, box: Box, text: () => string): void {
    const context = this.#context;
    const { denied, rulePale, openPale } = this.#colours;
    const { x, y, width, height } = box;
    context.fillStyle = { denied, rule: rulePale, open: openPale }[state.kind];
    context.fillRect(x, y, width - 1, height - 1);
    const size = isWordy(width) ? 13 : (Math.min(width, height) - 1) * 0.86;
    const [centreX, centreY] = [isWordy(width) ? x + 13 : x + (width - 1) / 2, y + (height - 1) / 2];
    if (state.isDependent) this.#corner(x + width - 1, y, Math.min(8, (Math.min(width, height) - 1) / 2));
    if (state.kind === 'denied') this.#cross(centreX, centreY, size);
    else this.#shape(state, centreX, centreY, size, isWordy(width) ? { text: text(), space: width - 30 } : undefined);
  }

  #shape(state: CellState, x: number, y: number, size: number, words: { text: string; space: number } | undefined): void {
    const context = this.#context;
    const { rule, open, ink } = this.#colours;
    context.fillStyle = state.kind === 'rule' ? rule : open;
    shapePath(context, state, x, y, size * (state.isLimited ? 0.62 : 1));
    context.fill();
    if (words === undefined) return;
    context.fillStyle = ink;
    context.fillText(fitted(context, words.text, words.space), x + 11, y);
  }

  /** The corner at the upper right. */
  #corner(right: number, top: number, size: number): void {
    const context = this.#context;
    context.fillStyle = this.#colours.ink;
    context.beginPath();
    context.moveTo(right - size, top);
    context.lineTo(right, top);
    context.lineTo(right, top + size);
    context.closePath();
    context.fill();
  }

  #cross(x: number, y: number, size: number): void {
    const context = this.#context;
    const arm = Math.max(1.5, Math.min(4, size * 0.17));
    context.strokeStyle = this.#colours.deniedInk;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x - arm, y - arm);
    context.lineTo(x + arm, y + arm);
    context.moveTo(x + arm, y - arm);
    context.lineTo(x - arm, y + arm);
    context.stroke();
  }

  /** From the left: let through by rules, open, denied. What there is at all can be seen. */
  #paintBar({ pairs, rule, open }: Totals, { x, y, width, height }: Box, text: () => string): void {
    const context = this.#context;
    const { denied, rulePale, openPale, ink } = this.#colours;
    const space = width - 1;
    const part = (count: number): number => (count === 0 ? 0 : Math.max(2, Math.round((space * count) / pairs)));
    const [rules, opens] = [part(rule), part(open)];
    context.fillStyle = rule + open === 0 ? denied : rule >= open ? rulePale : openPale;
    context.fillRect(x, y, space, height - 1);
    if (rule + open === 0) this.#cross(isWordy(width) ? x + 13 : x + space / 2, y + (height - 1) / 2, Math.min(width, height));
    const thickness = isWordy(width) ? 4 : Math.max(3, Math.round((height - 1) * 0.5));
    const top = isWordy(width) ? y + height - 1 - thickness : y + Math.round((height - 1 - thickness) / 2);
    context.fillStyle = this.#colours.rule;
    context.fillRect(x, top, Math.min(rules, space), thickness);
    context.fillStyle = this.#colours.open;
    context.fillRect(x + Math.min(rules, space - opens), top, opens, thickness);
    if (!isWordy(width) || rule + open === 0) return;
    context.fillStyle = ink;
    context.fillText(fitted(context, text(), width - 14), x + 8, y + (height - 1) / 2 - 1);
  }
}

function shapePath(context: CanvasRenderingContext2D, { kind, isPartial }: CellState, x: number, y: number, size: number): void {
  const half = size / 2;
  context.beginPath();
  if (kind === 'open') context.arc(x, y, half, isPartial ? Math.PI / 4 : 0, isPartial ? (5 * Math.PI) / 4 : 2 * Math.PI);
  else if (isPartial) {
    context.moveTo(x - half, y - half);
    context.lineTo(x + half, y + half);
    context.lineTo(x - half, y + half);
  } else context.roundRect(x - half, y - half, size, size, Math.min(2, size / 5));
  context.closePath();
}

/** The text in the space that there is, its middle left out where it is too long: names differ at both ends. */
export function fitted(context: CanvasRenderingContext2D, text: string, space: number): string {
  if (context.measureText(text).width <= space) return text;
  let kept = text.length - 1;
  const short = (): string => `${text.slice(0, Math.ceil(kept / 2))}…${text.slice(text.length - Math.floor(kept / 2))}`;
  while (kept > 2 && context.measureText(short()).width > space) kept--;
  return short();
}
