import { FlowReader } from './flow-yaml.ts';
import { OffsetTree } from './offset-tree.ts';
import { breaksIn, type Cut, foldLines, readBlockScalar, readPlain, uncommon } from './scalar-text.ts';
import { sign, YamlCursor } from './yaml-cursor.ts';

/** A document that was read by the quick way. */
export interface CommonYaml {
  readonly value: unknown;
  readonly offsets: OffsetTree;
}

/**
 * Reads a YAML document that keeps to the part of the language in which most manifests are written: maps, lists and scalars,
 * without anchors, tags, merges, question marks, tabs between things, or equal keys. It takes a tenth of the library's time and
 * memory. Undefined when anything else is in there, or anything is wrong: the library then reads it, or says what is wrong.
 */
export function readCommonYaml(text: string, greatestDepth: number): CommonYaml | undefined {
  if (/[\r\u0085\u2028\u2029\ufeff]|[^\P{Cc}\t\n]/u.test(text)) return undefined;
  const reader = new BlockReader(new YamlCursor(text, greatestDepth));
  try {
    return reader.readDocument();
  } catch (reason) {
    if (reason === uncommon) return undefined;
    throw reason;
  }
}

const longestKey = 1024;

/** Reads YAML whose structure is in its columns. */
class BlockReader {
  readonly #cursor: YamlCursor;
  readonly #offsets = new OffsetTree();
  readonly #flow: FlowReader;

  constructor(cursor: YamlCursor) {
    this.#cursor = cursor;
    this.#flow = new FlowReader(cursor, this.#offsets);
  }

  readDocument(): CommonYaml {
    const cursor = this.#cursor;
    cursor.toContent();
    const root = this.#offsets.open('', cursor.at);
    const value = cursor.column < 0 ? null : this.#collection();
    if (value === undefined || cursor.column >= 0) throw uncommon;
    this.#offsets.close(root);
    return { value, offsets: this.#offsets };
  }

  /** The list or map that begins here, undefined when it is neither. */
  #collection(): unknown {
    const cursor = this.#cursor;
    if (cursor.isDash()) return this.#list(cursor.column);
    const start = cursor.at;
    const key = this.#key();
    return key === undefined ? undefined : this.#map(cursor.column, key, start);
  }

  #map(column: number, firstKey: string, firstStart: number): Record<string, unknown> {
    const cursor = this.#cursor;
    cursor.descend();
    const map: Record<string, unknown> = {};
    let key: string | undefined = firstKey;
    let start = firstStart;
    for (;;) {
      if (key === undefined || key === '__proto__' || Object.hasOwn(map, key)) throw uncommon;
      map[key] = this.#entry(column, key, start);
      if (cursor.column !== column) break;
      start = cursor.at;
      key = cursor.isDash() ? undefined : this.#key();
    }
    if (cursor.column > column) throw uncommon;
    cursor.ascend();
    return map;
  }

  /** What follows a key's colon. A list may begin in the column of its key. */
  #entry(column: number, key: string, keyStart: number): unknown {
    const cursor = this.#cursor;
    cursor.skipSpaces();
    const isBelow = cursor.isLineEnd();
    const entry = this.#offsets.open(key, isBelow ? keyStart : cursor.at);
    let value: unknown = null;
    if (!isBelow) value = this.#inline(column);
    else {
      cursor.endLine();
      if (cursor.column > column) value = this.#below(column);
      else if (cursor.column === column && cursor.isDash()) value = this.#list(column);
    }
    this.#offsets.close(entry);
    return value;
  }

  #list(column: number): unknown[] {
    const cursor = this.#cursor;
    cursor.descend();
    const list: unknown[] = [];
    while (cursor.column === column && cursor.isDash()) {
      const entry = this.#offsets.open(list.length, cursor.at);
      cursor.at++;
      list.push(this.#item(column));
      this.#offsets.close(entry);
    }
    if (cursor.column > column) throw uncommon;
    cursor.ascend();
    return list;
  }

  /** What follows a list's dash. */
  #item(column: number): unknown {
    const cursor = this.#cursor;
    cursor.skipSpaces();
    if (cursor.isLineEnd()) {
      cursor.endLine();
      return cursor.column > column ? this.#below(column) : null;
    }
    cursor.column = cursor.at - cursor.lineStart;
    return this.#below(column);
  }

  /** A value that may be a collection. */
  #below(column: number): unknown {
    return this.#collection() ?? this.#inline(column);
  }

  /** A scalar, or a collection in brackets; further lines of it stand to the right of the column. */
  #inline(column: number): unknown {
    const cursor = this.#cursor;
    const { unit } = cursor;
    if (unit === sign.literal || unit === sign.fold) return this.#block(column);
    if (!this.#flow.opens() && !cursor.isQuote()) return this.#plain(column);
    const value = this.#flow.read(column);
    cursor.endLine();
    return value;
  }

  #block(column: number): string {
    const cursor = this.#cursor;
    const { value, end } = readBlockScalar(cursor.text, cursor.at, column);
    cursor.lineStart = end;
    cursor.toContent();
    return value;
  }

  #plain(column: number): unknown {
    const cursor = this.#cursor;
    if (cursor.isIndicator()) throw uncommon;
    let text = this.#plainLine();
    let end = cursor.at;
    cursor.endLine();
    while (cursor.column > column) {
      // A comment ends a scalar, and what begins like something else is for the library to judge.
      const between = cursor.text.slice(end, cursor.at);
      if (between.includes('#') || cursor.isIndicator()) throw uncommon;
      text = foldLines(text, breaksIn(between), this.#plainLine());
      end = cursor.at;
      cursor.endLine();
    }
    return readPlain(text);
  }

  /** The rest of a line up to a comment, blanks at its end left out. */
  #plainLine(): string {
    const { text, at: start } = this.#cursor;
    let end = start;
    for (let at = start; ; at++) {
      const unit = text.charCodeAt(at);
      if (unit === sign.newline || Number.isNaN(unit) || (unit === sign.hash && text.charCodeAt(at - 1) === sign.space)) break;
      if (unit === sign.tab || (unit === sign.colon && this.#cursor.isBlankAt(at + 1))) throw uncommon;
      if (unit !== sign.space) end = at + 1;
    }
    this.#cursor.at = end;
    return text.slice(start, end);
  }

  /** The key that begins here, its colon passed; undefined, and nothing passed, when none does. */
  #key(): string | undefined {
    const cursor = this.#cursor;
    const start = cursor.at;
    const isQuoted = cursor.isQuote();
    if (!isQuoted && cursor.isIndicator()) return undefined;
    const cut = isQuoted ? this.#quotedKey() : this.#plainKey();
    if (cut === undefined) {
      cursor.at = start;
      return undefined;
    }
    const key = isQuoted ? cut.value : readPlain(cut.value);
    if (key === null || (key === '<<' && !isQuoted) || cut.end - start > longestKey) throw uncommon;
    cursor.at = cut.end + 1;
    return String(key);
  }

  /** The text of a plain key, and where its colon is. */
  #plainKey(): Cut | undefined {
    const { text, at: start } = this.#cursor;
    let end = start;
    for (let at = start; ; at++) {
      const unit = text.charCodeAt(at);
      if (unit === sign.colon && this.#cursor.isBlankAt(at + 1)) return { value: text.slice(start, end), end: at };
      if (unit === sign.newline || unit === sign.tab || Number.isNaN(unit)) return undefined;
      if (unit === sign.hash && text.charCodeAt(at - 1) === sign.space) return undefined;
      if (unit !== sign.space) end = at + 1;
    }
  }

  #quotedKey(): Cut | undefined {
    const cursor = this.#cursor;
    const { lineStart } = cursor;
    const value = cursor.quoted(-1);
    cursor.skipSpaces();
    const isKey = cursor.unit === sign.colon && cursor.isBlankAt(cursor.at + 1) && cursor.lineStart === lineStart;
    cursor.lineStart = lineStart;
    return isKey ? { value, end: cursor.at } : undefined;
  }
}
