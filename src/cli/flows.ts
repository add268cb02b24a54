import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Flow } from '#core/verdict/check.ts';
import { flowOf } from '#core/verdict/parse-flow.ts';
import { CannotAnswer, messageOf } from './exit.ts';

/** Reads the flows of a file, or of standard input for `-`: a JSON array, JSON lines or a YAML list. */
export async function readFlows(path: string): Promise<Flow[]> {
  const name = path === '-' ? '<stdin>' : path;
  const entries = await readText(path)
    .then(parseEntries)
    .catch((error: unknown) => {
      throw new CannotAnswer(`${name}: ${messageOf(error)}`);
    });
  return entries.map((entry, index) => {
    const flow = flowOf(entry);
    if ('message' in flow) throw new CannotAnswer(`${name}: ${entryName(index)}${flow.field && `.${flow.field}`}: ${flow.message}`);
    return flow;
  });
}

/** How messages call an entry of the list: by its index, as in a JSON path. */
export const entryName = (index: number): string => `[${index}]`;

async function readText(path: string): Promise<string> {
  if (path === '-') return text(process.stdin);
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new Error('no such file or directory') : error;
  });
}

async function parseEntries(content: string): Promise<readonly unknown[]> {
  const start = content.trimStart()[0];
  const found = (start === '[' || start === '{' ? parseJson(content) : undefined) ?? (await parseYaml(content));
  if (!Array.isArray(found)) throw new Error('must be a list of flows: a JSON array, JSON lines or a YAML list');
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
