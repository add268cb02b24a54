/** A text that Markdown shows as it is, in the running text or in a cell of a table. Source: CommonMark 0.31, GitHub's tables. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_[\]<>#!|~&]/g, '\\$&').replace(/[\r\n]+/g, ' ');
}

/** Prose that people wrote: as it is, but for what stands in backquotes, which is code. */
export const proseMarkdown = (text: string): string =>
  text.replaceAll(/`([^`]+)`|[^`]+|`/g, (part, code: string | undefined) =>
    code === undefined ? escapeMarkdown(part) : markdownCode(code),
  );

/** A name in the type of code. Bars are escaped, as a table would take them for the end of a cell even there. */
export function markdownCode(text: string): string {
  const plain = text.replace(/[\r\n]+/g, ' ');
  const fence = '`'.repeat(Math.max(0, ...Array.from(plain.matchAll(/`+/g), ([run]) => run.length)) + 1);
  const padding = plain.startsWith('`') || plain.endsWith('`') ? ' ' : '';
  return `${fence}${padding}${plain.replaceAll('|', '\\|')}${padding}${fence}`;
}

/** A column of a Markdown table: its title, already escaped. */
export interface MarkdownColumn {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** The lines of a table. The cells are Markdown already. */
export function* renderMarkdownTable(columns: readonly MarkdownColumn[], rows: Iterable<readonly string[]>): Iterable<string> {
  yield markdownRow(columns.map(({ title }) => title));
  yield markdownRow(columns.map(({ align }) => (align === 'right' ? '--:' : ':--')));
  for (const row of rows) yield markdownRow(row);
}

const markdownRow = (cells: readonly string[]): string => `|${cells.map((cell) => (cell === '' ? ' ' : ` ${cell} `)).join('|')}|`;
