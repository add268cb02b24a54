/** Colours by meaning. The caller brings functions that colour, or none: render knows no terminal. */
export interface Palette {
  readonly allow: Paint;
  readonly deny: Paint;
  readonly warning: Paint;
  /** What the eye should find first. */
  readonly strong: Paint;
  /** What may be passed over. */
  readonly faint: Paint;
}

/** A text in the colour of its meaning. */
export type Paint = (text: string) => string;

const unchanged: Paint = (text) => text;

/** No colour at all. */
export const plain: Palette = { allow: unchanged, deny: unchanged, warning: unchanged, strong: unchanged, faint: unchanged };

/** How a text is to be written. */
export interface Style {
  readonly palette: Palette;
  /** Columns of the terminal; undefined where nothing limits a line, and then nothing is shortened. */
  readonly width?: number;
}
