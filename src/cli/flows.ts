import { readFileSync } from 'node:fs';
import { type FieldPath, type Source, sourceText } from '#core/api/diagnostic.ts';
import type { Flow } from '#core/verdict/check.ts';
import { flowOf } from '#core/verdict/parse-flow.ts';
import type { ManifestDocument } from '#manifest/document.ts';
import { CannotAnswer, messageOf } from './exit.ts';

/** The flows that a file lists, and where each of them stands: `flows.yaml:3:1`. */
export interface FlowList {
  readonly flows: readonly Flow[];
  placeOf(index: number): string;
}

/** Reads the flows of a file, or of standard input for `-`: a JSON array, JSON lines, a YAML list or CSV. */
export const readFlows = async (path: string): Promise<FlowList> => flowsIn(await readFlowText(path), path);

/** How messages call the file. */
export const flowFileName = (path: string): string => (path === '-' ? '<stdin>' : path);

/** The text of the file. */
export async function readFlowText(path: string): Promise<string> {
  try {
    return await readText(path);
  } catch (error) {
    throw new CannotAnswer(`${flowFileName(path)}: ${messageOf(error)}`);
  }
}

/** The flows that the text of a file lists. */
export async function flowsIn(text: string, path: string): Promise<FlowList> {
  const file = flowFileName(path);
  const isJson = /^\s*[[{]/.test(text);
  const entries = (isJson ? undefined : entriesOfTable(text, file)) ?? (await entriesOfDocuments(text, file, isJson));
  const flows = entries.map(({ value, place }) => {
    const flow = flowOf(value);
    if (!('message' in flow)) return flow;
    const { field, message } = flow;
    throw new CannotAnswer(`${sourceText(place(field === '' ? [] : [field]))}: ${field && `${field}: `}${message}`);
  });
  return { flows, placeOf: (index) => sourceText(entries[index]!.place([])) };
}

/** What may be a flow, with the places of its fields. */
interface Entry {
  readonly value: unknown;
  readonly place: (path: FieldPath) => Source;
}

async function readText(path: string): Promise<string> {
  if (path === '-') return (await import('node:stream/consumers')).text(process.stdin);
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? new Error('no such file or directory') : error;
  }
}

/** The items of a list, in JSON or YAML, or the objects of JSON lines. */
async function entriesOfDocuments(text: string, file: string, isJson: boolean): Promise<readonly Entry[]> {
  const { parseDocuments } = await import('#manifest/parse.ts');
  const entries: Entry[] = [];
  let isList = false;
  for await (const document of parseDocuments(text, file)) {
    const fault = document.diagnostics.find(({ severity }) => severity === 'error');
    if (fault !== undefined) throw new CannotAnswer(`${fault.source === undefined ? file : sourceText(fault.source)}: ${fault.message}`);
    isList = Array.isArray(document.value) || isJson;
    if (!isList) break;
    entries.push(...entriesOf(document));
  }
  if (isList) return entries;
  throw new CannotAnswer(
    `${file}: must be a list of flows: a JSON array, JSON lines, a YAML list or CSV with from and to in its first line`,
  );
}

const entriesOf = ({ value, place }: ManifestDocument): Entry[] =>
  Array.isArray(value) ? value.map((item, index) => ({ value: item, place: (path) => place([index, ...path]) })) : [{ value, place }];

/** The records of a table whose first line names the fields; undefined when the text is none. Source: RFC 4180. */
function entriesOfTable(text: string, file: string): readonly Entry[] | undefined {
  const lines = text.split(/\r?\n/);
  const first = lines.findIndex((line) => line.trim() !== '');
  const header = cellsOf(lines[first] ?? '');
  if (!header.includes('from') || !header.includes('to')) return undefined;
  return lines.flatMap((line, index) => {
    if (index <= first || line.trim() === '') return [];
    return [{ value: recordOf(header, line), place: () => ({ file, line: index + 1, column: 1 }) }];
  });
}

function recordOf(header: readonly string[], line: string): object {
  const filled = cellsOf(line)
    .map((cell, index) => [header[index] ?? `column ${index + 1}`, cell] as const)
    .filter(([, cell]) => cell !== '');
  return Object.fromEntries(filled.map(([field, cell]) => [field, isNumber.has(field) && /^\d+$/.test(cell) ? Number(cell) : cell]));
}

const isNumber: ReadonlySet<string> = new Set(['port', 'family']);

const cellsOf = (line: string): string[] =>
  Array.from(
    line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g),
    ([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain.trim(),
  );
