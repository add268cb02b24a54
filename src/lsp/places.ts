import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Location, Range } from 'vscode-languageserver/node';
import type { Source } from '#core/api/diagnostic.ts';
import type { LineEdit } from '#core/lint/finding.ts';
import { columnOf } from '#core/lint/line-edit.ts';

/** The name by which a document is known here: its path, or its address where it is no file. */
export const pathOf = (uri: string): string => (uri.startsWith('file:') ? fileURLToPath(uri) : uri);

/** The address of a file. */
export const uriOf = (path: string): string => (/^[a-z][a-z0-9+.-]+:/i.test(path) ? path : pathToFileURL(path).href);

/** The lines of a text, without their ends. */
export const linesOf = (text: string): string[] => text.split(/\r?\n/);

/** What is marked of a line for something that begins at a place: what is in quotes or brackets there, else the rest without its comment. */
const marked = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|\{[^{}]*\}|\[[^[\]]*\]|.*?(?=\s+#|\s*$))/;

/** The range of what begins at a place. Lines and columns of the protocol count from 0, in UTF-16 units, as columns do here. */
export function rangeAt({ line, column }: Source, lines: readonly string[]): Range {
  const text = (lines[line - 1] ?? '').slice(column - 1);
  const { length } = marked.exec(text)?.[0] ?? '';
  const start = { line: line - 1, character: column - 1 };
  return { start, end: { ...start, character: start.character + Math.max(length, text === '' ? 0 : 1) } };
}

/** The range that an edit replaces, where it is sure. */
export function rangeOfEdit(edit: LineEdit, lines: readonly string[]): Range | undefined {
  const text = lines[edit.source.line - 1];
  const column = text === undefined ? undefined : columnOf(edit, text);
  if (column === undefined) return undefined;
  const start = { line: edit.source.line - 1, character: column - 1 };
  return { start, end: { ...start, character: start.character + edit.find.length } };
}

/** A place as the protocol names it. */
export const locationOf = (source: Source, textOf: (path: string) => string | undefined): Location => ({
  uri: uriOf(source.file),
  range: rangeAt(source, linesOf(textOf(source.file) ?? '')),
});
