import { type Diagnostic, type Source, sourceText } from '../api/diagnostic.ts';
import type { Style } from './palette.ts';
import { columnsOf, printable, shorten } from './text.ts';

/** Finds the text of a file that was read, or undefined when it is not at hand. */
export type TextOf = (file: string) => string | undefined;

/** `file:line:column`, as compilers and editors write it. */
export const formatSource = (source: Source): string => printable(sourceText(source));

/** The lines of a diagnostic: `file:line:column: error: message`, and the line of the file with a caret where its text is at hand. */
export function* renderDiagnostic(diagnostic: Diagnostic, style: Style, textOf: TextOf = () => undefined): Iterable<string> {
  const { code, type, severity, source, path, message, object } = diagnostic;
  const { palette } = style;
  // A file that could not be read has no lines.
  const hasPlace = source !== undefined && code !== 'file';
  const place = hasPlace ? `${palette.strong(formatSource(source))}: ` : '';
  const file = source !== undefined && code === 'file' ? `${source.file}: ` : '';
  const kind = severity === 'error' ? palette.deny('error') : palette.warning('warning');
  // Strict faults name the path in their own words: unknown field "spec.podselector".
  const field = path === undefined || path === '' || type === 'Strict' ? '' : `${path}: `;
  const whose = object === undefined ? '' : palette.faint(` (${printable(object)})`);
  yield `${place}${kind}: ${printable(file + field + message)}${whose}`;
  if (hasPlace) yield* renderExcerpt(source, style, lineOf(textOf(source.file), source.line));
}

const gutter = ' | ';

/** A line of a file with a caret under the column, where the line is at hand. */
export function* renderExcerpt({ line, column }: Source, { palette, width }: Style, content: string | undefined): Iterable<string> {
  if (content === undefined || content.trim() === '') return;
  const number = String(line);
  const room = (width ?? 160) - number.length - gutter.length;
  // No line that people read is that long before its fault; of one that is, only the fault is looked at.
  const isFar = column > 20 * room;
  const before = isFar ? '' : content.slice(0, column - 1).replaceAll('\t', ' ');
  // A line of minified JSON has its fault far to the right: then the excerpt begins shortly before it.
  const start = isFar || columnsOf(printable(before)) > room - 20 ? column - 1 : 0;
  const mark = start === 0 ? '' : '…';
  const shown = mark + shorten(printable(content.slice(start, start + room).replaceAll('\t', ' ')), room - mark.length);
  const indent = start === 0 ? columnsOf(printable(before)) : 1;
  yield palette.faint(`${number}${gutter}`) + shown;
  yield palette.faint(`${' '.repeat(number.length)}${gutter}`) + ' '.repeat(indent) + palette.deny('^');
}

/** The line of that number, from 1, without its end. Looks for line ends only: a file of 100 MB is not split for one line. */
function lineOf(text: string | undefined, number: number): string | undefined {
  if (text === undefined) return undefined;
  let start = 0;
  for (let line = 1; line < number; line++) {
    start = text.indexOf('\n', start) + 1;
    if (start === 0) return undefined;
  }
  const end = text.indexOf('\n', start);
  return text.slice(start, end === -1 ? undefined : end).replace(/\r$/, '');
}

/** Finds the line of a place. */
export type LineOf = (source: Source) => string | undefined;

/** Finds lines of files of which many are asked for: a file is split once. */
export function lineFinder(textOf: TextOf): LineOf {
  const files = new Map<string, readonly string[]>();
  return ({ file, line }) => {
    let lines = files.get(file);
    if (lines === undefined) {
      lines = (textOf(file) ?? '').split(/\r?\n/);
      files.set(file, lines);
    }
    return lines[line - 1];
  };
}
