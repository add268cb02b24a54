import { resolvePlain, type Scalar } from './plain-scalar.ts';

/** Thrown where YAML leaves the part that is read the quick way; made once, because it is thrown as often as that happens. */
export const uncommon = new Error('not in the common part of YAML');

/** A piece of text that was read, and where it ends. */
export interface Cut {
  readonly value: string;
  readonly end: number;
}

/** Joins two lines of a scalar: a line break is a blank, and of several all but the first stay. */
export function foldLines(before: string, breaks: number, after: string): string {
  return `${before}${breaks > 1 ? '\n'.repeat(breaks - 1) : ' '}${after}`;
}

/** How often a text breaks into a new line. */
export const breaksIn = (text: string): number => text.split('\n').length - 1;

/** What an unquoted scalar means. */
export function readPlain(text: string): Scalar {
  const value = resolvePlain(text);
  // JSON has no infinity.
  if (typeof value === 'number' && !Number.isFinite(value)) throw uncommon;
  return value;
}

/** Reads the single-quoted scalar at `start`. Lines after its first stand to the right of the column. */
export function readSingleQuoted(text: string, start: number, column: number): Cut {
  let end = text.indexOf("'", start + 1);
  while (end >= 0 && text[end + 1] === "'") end = text.indexOf("'", end + 2);
  if (end < 0) throw uncommon;
  const inner = text.slice(start + 1, end);
  const folded = inner.includes('\n') ? new QuotedText(inner, column, false).read() : inner;
  return { value: folded.replaceAll("''", "'"), end: end + 1 };
}

/** Reads the double-quoted scalar at `start`. Lines after its first stand to the right of the column. */
export function readDoubleQuoted(text: string, start: number, column: number): Cut {
  let end = text.indexOf('"', start + 1);
  while (end >= 0) {
    let first = end;
    while (text[first - 1] === '\\') first--;
    if ((end - first) % 2 === 0) break;
    end = text.indexOf('"', end + 1);
  }
  if (end < 0) throw uncommon;
  const inner = text.slice(start + 1, end);
  return { value: /[\\\n]/.test(inner) ? new QuotedText(inner, column, true).read() : inner, end: end + 1 };
}

const escapes: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  ' ': ' ',
  '"': '"',
  '/': '/',
  '\\': '\\',
};

const hexadecimal: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** The text between quotes: folds its lines and resolves its escapes. */
class QuotedText {
  readonly #text: string;
  readonly #column: number;
  readonly #hasEscapes: boolean;
  #result = '';
  /** The length of the result without the blanks at its end, which go if the line ends after them. */
  #solid = 0;
  #at = 0;

  constructor(text: string, column: number, hasEscapes: boolean) {
    this.#text = text;
    this.#column = column;
    this.#hasEscapes = hasEscapes;
  }

  read(): string {
    while (this.#at < this.#text.length) {
      const letter = this.#text[this.#at]!;
      if (letter === '\n') this.#breakLine();
      else if (letter === '\\' && this.#hasEscapes) this.#escape();
      else {
        this.#result += letter;
        this.#at++;
        if (letter !== ' ' && letter !== '\t') this.#solid = this.#result.length;
      }
    }
    return this.#result;
  }

  #breakLine(): void {
    const start = this.#at;
    this.#skipIndent();
    while (this.#text[this.#at] === '\n') this.#skipIndent();
    this.#result = foldLines(this.#result.slice(0, this.#solid), breaksIn(this.#text.slice(start, this.#at)), '');
    this.#solid = this.#result.length;
  }

  /** Passes a line break and the blanks behind it. */
  #skipIndent(): void {
    const lineStart = ++this.#at;
    while (this.#text[this.#at] === ' ') this.#at++;
    const next = this.#text[this.#at];
    if (next === '\t' || (next !== '\n' && this.#at - lineStart <= this.#column)) throw uncommon;
  }

  #escape(): void {
    const letter = this.#text[this.#at + 1] ?? '';
    this.#at += 2;
    if (letter === '\n') {
      this.#at--;
      this.#skipIndent();
      if (this.#text[this.#at] === '\n') throw uncommon;
    } else this.#result += escapes[letter] ?? this.#codePoint(hexadecimal[letter]);
    this.#solid = this.#result.length;
  }

  #codePoint(digits: number | undefined): string {
    const code = this.#text.slice(this.#at, this.#at + (digits ?? 0));
    const isSound = digits !== undefined && code.length === digits && /^[0-9a-fA-F]+$/.test(code);
    const value = isSound ? Number.parseInt(code, 16) : Number.NaN;
    if (!(value <= 0x10ffff) || (value >= 0xd800 && value <= 0xdfff)) throw uncommon;
    this.#at += digits!;
    return String.fromCodePoint(value);
  }
}

const blockHeader = /([|>])(?:([+-]?)([1-9]?)|([1-9])([+-]))(?: +#.*| *)\n/y;

/** Reads the block scalar whose `|` or `>` is at `start`; its parent stands at the column. It ends where a line begins. */
export function readBlockScalar(text: string, start: number, column: number): Cut {
  blockHeader.lastIndex = start;
  const header = blockHeader.exec(text);
  if (header === null) throw uncommon;
  const [, style, chomping = '', digit = ''] = header[4] === undefined ? header : [header[0], header[1], header[5], header[4]];
  const { lines, end } = blockLines(text, start + header[0].length, column, digit === '' ? undefined : column + Number(digit));
  const last = lines.findLastIndex((line) => line !== '') + 1;
  if (last === 0 && lines.length > 0) throw uncommon;
  const content = lines.slice(0, last);
  const body = style === '|' ? content.join('\n') : foldBlock(content);
  const breaks = { '': Math.min(1, last), '-': 0, '+': Math.min(1, last) + lines.length - last }[chomping]!;
  return { value: body + '\n'.repeat(breaks), end };
}

/** How many spaces a line begins with; -1 for a blank line. */
const indentOf = (line: string): number => line.search(/[^ ]/);

/**
 * The lines of a block scalar without their indentation, and where the first line behind it begins. The indentation is that of the
 * first line with something on it, unless given.
 */
function blockLines(text: string, start: number, column: number, given: number | undefined): { lines: string[]; end: number } {
  const written: string[] = [];
  let at = start;
  while (at < text.length) {
    const end = text.indexOf('\n', at);
    // Whether a last line without a line break has one, parsers do not agree.
    if (end < 0) throw uncommon;
    const line = text.slice(at, end);
    const spaces = indentOf(line);
    if (spaces >= 0 && spaces <= column) break;
    written.push(line);
    at = end + 1;
  }
  const first = written.find((line) => indentOf(line) >= 0) ?? '';
  const indent = given ?? Math.max(0, indentOf(first));
  if (given === undefined && first[indent] === '\t') throw uncommon;
  return { lines: written.map((line) => withoutIndent(line, indent)), end: at };
}

/** Blank lines may be shorter than the indentation, but not wider, and others not less indented. */
function withoutIndent(line: string, indent: number): string {
  const spaces = indentOf(line);
  if (spaces < 0 ? line.length > indent : spaces < indent) throw uncommon;
  return line.slice(indent);
}

function foldBlock(lines: readonly string[]): string {
  let result = '';
  let breaks = 0;
  for (const [index, line] of lines.entries()) {
    // Lines that stand further in are not folded, which is for the library.
    if (line.startsWith(' ') || line.startsWith('\t')) throw uncommon;
    if (line === '') breaks++;
    else {
      result += index === breaks ? '\n'.repeat(breaks) + line : foldLines('', breaks + 1, line);
      breaks = 0;
    }
  }
  return result;
}
