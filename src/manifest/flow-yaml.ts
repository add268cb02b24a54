import type { OffsetTree } from './offset-tree.ts';
import { readPlain, uncommon } from './scalar-text.ts';
import { sign, type YamlCursor } from './yaml-cursor.ts';

/** Reads YAML collections in brackets, and what is in them. Their further lines stand to the right of a column. */
export class FlowReader {
  readonly #cursor: YamlCursor;
  readonly #offsets: OffsetTree;

  constructor(cursor: YamlCursor, offsets: OffsetTree) {
    this.#cursor = cursor;
    this.#offsets = offsets;
  }

  /** Whether a bracket opens here. */
  opens(): boolean {
    const { unit } = this.#cursor;
    return unit === sign.openBrace || unit === sign.openBracket;
  }

  /** The value that begins here. */
  read(column: number): unknown {
    const cursor = this.#cursor;
    if (cursor.isQuote()) return cursor.quoted(column);
    if (!this.opens()) return readPlain(this.#plain());
    cursor.descend();
    const isMap = cursor.unit === sign.openBrace;
    cursor.at++;
    const value = isMap ? this.#map(column) : this.#list(column);
    cursor.at++;
    cursor.ascend();
    return value;
  }

  #list(column: number): unknown[] {
    const list: unknown[] = [];
    for (this.#skip(column); this.#cursor.unit !== sign.closeBracket; this.#skipComma(column, sign.closeBracket)) {
      const entry = this.#offsets.open(list.length, this.#cursor.at);
      list.push(this.read(column));
      this.#offsets.close(entry);
    }
    return list;
  }

  #map(column: number): Record<string, unknown> {
    const cursor = this.#cursor;
    const map: Record<string, unknown> = {};
    for (this.#skip(column); cursor.unit !== sign.closeBrace; this.#skipComma(column, sign.closeBrace)) {
      const start = cursor.at;
      const isQuoted = cursor.isQuote();
      const key = isQuoted ? cursor.quoted(column) : readPlain(this.#plain());
      if (key === null || (key === '<<' && !isQuoted)) throw uncommon;
      this.#entry(column, map, String(key), start, isQuoted);
    }
    return map;
  }

  #entry(column: number, map: Record<string, unknown>, key: string, start: number, isQuoted: boolean): void {
    const cursor = this.#cursor;
    if (key === '__proto__' || Object.hasOwn(map, key)) throw uncommon;
    const { lineStart } = cursor;
    this.#skip(column);
    const hasColon = cursor.unit === sign.colon && (isQuoted || cursor.isBlankAt(cursor.at + 1));
    if (hasColon) {
      cursor.at++;
      this.#skip(column);
    }
    const isEmpty = !hasColon || (cursor.isFlowSignAt(cursor.at) && !this.opens());
    const entry = this.#offsets.open(key, isEmpty || cursor.lineStart !== lineStart ? start : cursor.at);
    map[key] = isEmpty ? null : this.read(column);
    this.#offsets.close(entry);
  }

  #skipComma(column: number, close: number): void {
    this.#skip(column);
    if (this.#cursor.unit === close) return;
    if (this.#cursor.unit !== sign.comma) throw uncommon;
    this.#cursor.at++;
    this.#skip(column);
  }

  /** A plain scalar on one line. */
  #plain(): string {
    const cursor = this.#cursor;
    if (cursor.isIndicator()) throw uncommon;
    const start = cursor.at;
    let end = start;
    for (let at = start; ; at++) {
      const unit = cursor.text.charCodeAt(at);
      if (unit === sign.newline || Number.isNaN(unit) || cursor.isFlowSignAt(at)) break;
      if (unit === sign.colon && cursor.isBlankAt(at + 1)) break;
      if (unit === sign.tab || unit === sign.hash || (unit === sign.colon && cursor.isFlowSignAt(at + 1))) throw uncommon;
      if (unit !== sign.space) end = at + 1;
    }
    if (end === start) throw uncommon;
    cursor.at = end;
    return cursor.text.slice(start, end);
  }

  /** Passes blanks and line ends. */
  #skip(column: number): void {
    const cursor = this.#cursor;
    cursor.skipSpaces();
    while (cursor.unit === sign.newline) {
      cursor.at++;
      cursor.lineStart = cursor.at;
      cursor.skipSpaces();
      if (cursor.unit !== sign.newline && cursor.at - cursor.lineStart <= column) throw uncommon;
    }
  }
}
