import { readDoubleQuoted, readSingleQuoted, uncommon } from './scalar-text.ts';

/** The characters that YAML gives a meaning, as char codes. */
export const sign = {
  tab: 0x09,
  newline: 0x0a,
  space: 0x20,
  doubleQuote: 0x22,
  hash: 0x23,
  singleQuote: 0x27,
  comma: 0x2c,
  dash: 0x2d,
  colon: 0x3a,
  fold: 0x3e,
  question: 0x3f,
  openBracket: 0x5b,
  closeBracket: 0x5d,
  openBrace: 0x7b,
  literal: 0x7c,
  closeBrace: 0x7d,
} as const;

/** What a plain scalar must not begin with. */
const indicators = new Set([...'&*!|>%@`,[]{}#"\''].map((letter) => letter.charCodeAt(0)));

const flowSigns = new Set<number>([sign.comma, sign.openBracket, sign.closeBracket, sign.openBrace, sign.closeBrace]);

/** Where the reader of a YAML text is, and how it moves on. */
export class YamlCursor {
  readonly text: string;
  /** The offset of what is read next. */
  at = 0;
  lineStart = 0;
  /** The column of what is read next, -1 at the end of the text. Kept by those who read block by block. */
  column = -1;
  readonly #greatestDepth: number;
  #depth = 0;

  constructor(text: string, greatestDepth: number) {
    this.text = text;
    this.#greatestDepth = greatestDepth;
  }

  /** The char code of what is read next, NaN at the end. */
  get unit(): number {
    return this.text.charCodeAt(this.at);
  }

  /** Begins a collection. */
  descend(): void {
    if (++this.#depth > this.#greatestDepth) throw uncommon;
  }

  /** Ends a collection. */
  ascend(): void {
    this.#depth--;
  }

  /** Whether a quote begins here. */
  isQuote(): boolean {
    const { unit } = this;
    return unit === sign.doubleQuote || unit === sign.singleQuote;
  }

  /** Whether one of `,[]{}` is there. */
  isFlowSignAt(at: number): boolean {
    return flowSigns.has(this.text.charCodeAt(at));
  }

  isBlankAt(at: number): boolean {
    const unit = this.text.charCodeAt(at);
    return unit === sign.space || unit === sign.newline || unit === sign.tab || Number.isNaN(unit);
  }

  /** Whether a list item's dash is here. */
  isDash(): boolean {
    return this.unit === sign.dash && this.isBlankAt(this.at + 1);
  }

  /** Whether a plain scalar can't begin here, or the library is to judge whether it can. */
  isIndicator(): boolean {
    const { unit, at } = this;
    const isDoubtful = unit === sign.dash || unit === sign.question || unit === sign.colon;
    return indicators.has(unit) || (isDoubtful && (this.isBlankAt(at + 1) || this.isFlowSignAt(at + 1)));
  }

  /** Reads the quoted scalar that begins here. Lines after its first stand to the right of the column. */
  quoted(column: number): string {
    const read = this.unit === sign.doubleQuote ? readDoubleQuoted : readSingleQuoted;
    const { value, end } = read(this.text, this.at, column);
    const lastBreak = this.text.lastIndexOf('\n', end - 1);
    if (lastBreak >= this.at) this.lineStart = lastBreak + 1;
    this.at = end;
    return value;
  }

  skipSpaces(): void {
    while (this.unit === sign.space) this.at++;
    if (this.unit === sign.tab) throw uncommon;
  }

  /** Whether nothing but a comment is left on the line. */
  isLineEnd(): boolean {
    const { unit } = this;
    return unit === sign.newline || Number.isNaN(unit) || (unit === sign.hash && this.isBlankAt(this.at - 1));
  }

  /** Passes the end of the line, on which nothing else may stand, and goes to what comes next. */
  endLine(): void {
    this.skipSpaces();
    if (!this.isLineEnd()) throw uncommon;
    this.#nextLine();
    this.toContent();
  }

  /** Goes to the first thing on this line or a later one, comments passed. */
  toContent(): void {
    for (;;) {
      this.at = this.lineStart;
      this.skipSpaces();
      const { unit } = this;
      if (unit !== sign.newline && unit !== sign.hash) {
        this.column = Number.isNaN(unit) ? -1 : this.at - this.lineStart;
        return;
      }
      this.#nextLine();
    }
  }

  #nextLine(): void {
    const end = this.text.indexOf('\n', this.at);
    this.lineStart = end < 0 ? this.text.length : end + 1;
  }
}
