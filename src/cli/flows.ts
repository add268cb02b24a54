import { readFileSync } from 'node:fs';
import type { Flow } from '#core/verdict/check.ts';
import { flowOf } from '#core/verdict/parse-flow.ts';
import { CannotAnswer, messageOf } from './exit.ts';

/** Reads the flows of a file, or of standard input for `-`: a JSON array, JSON lines, a YAML list or CSV. */
export const readFlows = async (path: string): Promise<Flow[]> => flowsIn(await readFlowText(path), path);

/** How messages call the file. */
export const flowFileName = (path: string): string => (path === '-' ? '<stdin>' : path);

/** The text of the file. */
export const readFlowText = (path: string): Promise<string> => readText(path).catch(unreadable(path));

const unreadable = (path: string) => (error: unknown) => {
  throw new CannotAnswer(`${flowFileName(path)}: ${messageOf(error)}`);
};

/** The flows that the text of a file lists. */
export async function flowsIn(text: string, path: string): Promise<Flow[]> {
  const name = flowFileName(path);
  const entries = await parseEntries(text).catch(unreadable(path));
  return entries.map((entry, index) => {
    const flow = flowOf(entry);
    if ('message' in flow) throw new CannotAnswer(`${name}: ${entryName(index)}${flow.field && `.${flow.field}`}: ${flow.message}`);
    return flow;
  });
}

/** How messages call an entry of the list: by its index, as in a JSON path. */
export const entryName = (index: number): string => `[${index}]`;

async function readText(path: string): Promise<string> {
  if (path === '-') return (await import('node:stream/consumers')).text(process.stdin);
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? new Error('no such file or directory') : error;
  }
}

async function parseEntries(content: string): Promise<readonly unknown[]> {
  const start = content.trimStart()[0];
  const found = (start === '[' || start === '{' ? parseJson(content) : parseCsv(content)) ?? (await parseYaml(content));
  if (!Array.isArray(found))
    throw new Error('must be a list of flows: a JSON array, JSON lines, a YAML list or CSV with from and to in its first line');
  return found;
}

/** An array, or the objects of JSON lines; undefined when the text is neither. */
function parseJson(content: string): readonly unknown[] | undefined {
  const value = jsonOf(content);
  if (value !== undefined) return Array.isArray(value) ? value : [value];
  const lines = content.split('\n').filter((line) => line.trim() !== '');
  const values = lines.map(jsonOf);
  return values.includes(undefined) ? undefined : values;
}

/** The records of a table whose first line names the fields; undefined when the text is none. Source: RFC 4180. */
function parseCsv(content: string): readonly object[] | undefined {
  const [header = [], ...rows] = content
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .map(cellsOf);
  if (!header.includes('from') || !header.includes('to')) return undefined;
  return rows.map((cells) => {
    const filled = cells.map((cell, index) => [header[index] ?? `column ${index + 1}`, cell] as const).filter(([, cell]) => cell !== '');
    return Object.fromEntries(filled.map(([field, cell]) => [field, isNumber.has(field) && /^\d+$/.test(cell) ? Number(cell) : cell]));
  });
}

const isNumber: ReadonlySet<string> = new Set(['port', 'family']);

const cellsOf = (line: string): string[] =>
  Array.from(
    line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g),
    ([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain.trim(),
  );

function jsonOf(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

async function parseYaml(content: string): Promise<unknown> {
  const { parse } = await import('./yaml.ts');
  // Messages end with an excerpt; their first line says what and where.
  try {
    return parse(content, { maxAliasCount: 100 });
  } catch (error) {
    throw new Error(messageOf(error).split('\n', 1)[0]);
  }
}
