import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Documentation } from '#core/document/documentation.ts';
import { documentationMarkdown, documentationPages, pageMark } from '#core/render/documentation-markdown.ts';
import { count } from '#core/render/text.ts';
import { CannotAnswer } from './exit.ts';

/** What a file is to hold. */
interface PageText {
  readonly path: string;
  readonly text: string;
}

const textOf = (lines: Iterable<string>): string => `${[...lines].join('\n').trimEnd()}\n`;

/** The pages as they would be written to a directory, or to the file. */
function pagesFor(documentation: Documentation, out: string): PageText[] {
  const isFile = out.endsWith('.md');
  const way = relative(isFile ? dirname(out) : out, '.');
  const toFiles = way === '' ? '' : `${way}/`;
  if (isFile) return [{ path: out, text: textOf(documentationMarkdown(documentation, toFiles)) }];
  return documentationPages(documentation, toFiles).map(({ file, lines }) => ({ path: join(out, file), text: textOf(lines) }));
}

/** Pages in the directory that this program wrote, and would not write any more. */
function leftOver(out: string, pages: readonly PageText[]): string[] {
  if (out.endsWith('.md')) return [];
  const known = new Set(pages.map(({ path }) => path));
  return namesIn(out)
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(out, name))
    .filter((path) => !known.has(path) && textAt(path)?.startsWith(pageMark));
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

function textAt(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Writes the pages, removes those of namespaces that are gone, and says what was done. */
export function writePages(documentation: Documentation, out: string): string[] {
  const pages = pagesFor(documentation, out);
  const changed = pages.filter(({ path, text }) => textAt(path) !== text);
  const foreign = changed.find(({ path }) => textAt(path)?.startsWith(pageMark) === false);
  if (foreign !== undefined)
    throw new CannotAnswer(`${foreign.path} is there, and was not written by sallyport docs`, 'choose another place, or remove it first');
  const gone = leftOver(out, pages);
  if (pages.length > 0) mkdirSync(dirname(pages[0]!.path), { recursive: true });
  for (const { path, text } of changed) writeFileSync(path, text);
  for (const path of gone) rmSync(path);
  const written = `${count(pages.length, 'page')} at ${out}: ${changed.length} written, ${pages.length - changed.length} as they were`;
  return [written, ...gone.map((path) => `removed ${path}: it is about nothing that is there`)];
}

/** What is not as it would be written, a line each. */
export function checkPages(documentation: Documentation, out: string): string[] {
  const pages = pagesFor(documentation, out);
  const stale = pages.flatMap(({ path, text }) => {
    const now = textAt(path);
    if (now === undefined) return [`${path} is missing`];
    return now === text ? [] : [`${path}:${firstDifference(now, text)} is not what the policies say now`];
  });
  return [...stale, ...leftOver(out, pages).map((path) => `${path} is about nothing that is there`)];
}

/** The first line, from 1, that is another. */
function firstDifference(a: string, b: string): number {
  const [lines, others] = [a.split('\n'), b.split('\n')];
  return lines.findIndex((line, index) => line !== others[index]) + 1 || lines.length;
}
