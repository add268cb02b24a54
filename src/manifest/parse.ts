import type { FieldPath, Source } from '#core/api/diagnostic.ts';
import { readCommonYaml } from './common-yaml.ts';
import { duplicateKeys, greatestDepth, type ManifestDocument, unreadable } from './document.ts';
import { duplicatesOf, JsonPlaces, type JsonValue, readJson } from './json.ts';
import { SourceText } from './text.ts';

/**
 * The documents of a text, YAML or JSON, in their order; empty ones are left out. What begins with a brace or a bracket is read as
 * JSON, which is much faster, and as YAML if it is none. Never throws: faults of the text are diagnostics of its documents.
 */
export async function* parseDocuments(text: string, file: string): AsyncGenerator<ManifestDocument> {
  const source = new SourceText(text.startsWith('\ufeff') ? text.slice(1) : text, file);
  let yamlStart: number | undefined;
  let hasDirectives = false;
  for (const { start, content, end } of segmentsOf(source.text)) {
    const { documents, rest } = hasDirectives ? { documents: [], rest: start } : readSegment(source, start, content, end);
    if (yamlStart !== undefined && (rest === undefined || documents.length > 0)) {
      yield* await readWithLibrary(source, yamlStart, start);
      yamlStart = undefined;
    }
    yield* documents;
    if (rest !== undefined) yamlStart ??= rest;
    hasDirectives = source.text[content] === '%';
  }
  if (yamlStart !== undefined) yield* await readWithLibrary(source, yamlStart, source.text.length);
}

/** What the library makes of a part of the text. It is as large as the rest of a command, and loaded only for texts that need it. */
async function readWithLibrary(source: SourceText, start: number, end: number): Promise<Iterable<ManifestDocument>> {
  const { readYaml } = await import('./yaml.ts');
  return readYaml(source, start, end);
}

/** A part of a text that is one YAML document or more, or several JSON documents. */
interface Segment {
  /** The offset of its `---`, or of the text. */
  readonly start: number;
  /** The offset of the first thing that is neither blank nor comment. */
  readonly content: number;
  readonly end: number;
}

/** The segments between the lines that begin with `---`: these always end a YAML document, be it in the midst of a scalar. */
function* segmentsOf(text: string): Generator<Segment> {
  let start = 0;
  let content = separatorAt(text, 0) ? 3 : 0;
  for (let at = text.indexOf('\n---'); at >= 0; at = text.indexOf('\n---', at + 4)) {
    if (!separatorAt(text, at + 1)) continue;
    yield { start, content: skipComments(text, content), end: at + 1 };
    start = at + 1;
    content = at + 4;
  }
  yield { start, content: skipComments(text, content), end: text.length };
}

const separatorAt = (text: string, start: number): boolean => text.startsWith('---', start) && /^\s?$/.test(text.charAt(start + 3));

function skipComments(text: string, start: number): number {
  let at = start;
  for (;;) {
    while (/^\s$/.test(text.charAt(at))) at++;
    const isComment = text[at] === '#' && /^\s?$/.test(text.charAt(at - 1));
    if (!isComment) return at;
    const newline = text.indexOf('\n', at);
    at = newline < 0 ? text.length : newline;
  }
}

/** What can be read of a segment without the YAML library; `rest` is where the library must begin. */
function readSegment(source: SourceText, start: number, content: number, end: number): { documents: ManifestDocument[]; rest?: number } {
  const first = source.text[content];
  if (first === '{' || first === '[') return readJsonSegment(source, start, content, end);
  const lineEnd = source.text.startsWith('---', start) ? source.text.indexOf('\n', start) + 1 : start;
  const yaml = lineEnd <= content ? readCommonYaml(source.text.slice(lineEnd, end), greatestDepth) : undefined;
  if (yaml === undefined) return { documents: [], rest: start };
  const { value, offsets } = yaml;
  const place = (path: FieldPath): Source => source.sourceAt(lineEnd + offsets.offsetOf(path));
  return { documents: value === null ? [] : [{ value, place, diagnostics: [] }] };
}

/** The JSON documents of a segment, with nothing but comments in between; `rest` is where something else begins. */
function readJsonSegment(
  source: SourceText,
  start: number,
  content: number,
  end: number,
): { documents: ManifestDocument[]; rest?: number } {
  const { text } = source;
  const documents: ManifestDocument[] = [];
  let at = content;
  while (at < end) {
    // What follows JSON, if it is no JSON, makes YAML of the whole: `{"a": 1}: b`.
    if (text[at] !== '{' && text[at] !== '[') return { documents: [], rest: start };
    const json = readJson(text, at, greatestDepth, at === content ? end : undefined);
    if (json === 'too deep')
      return { documents: [...documents, unreadable(source, at, 'limit', `nested deeper than ${greatestDepth} levels`)] };
    if (json === undefined || json.end > end) return { documents, rest: documents.length === 0 ? start : at };
    documents.push(jsonDocument(source, at, json));
    at = skipComments(text, json.end);
  }
  return { documents };
}

function jsonDocument(source: SourceText, start: number, json: JsonValue): ManifestDocument {
  const { value, hasDuplicates } = json;
  const places = new JsonPlaces(source.text, start, json);
  return {
    value,
    place: (path) => source.sourceAt(places.offsetOf(path)),
    diagnostics: hasDuplicates ? duplicateKeys(source, 0, duplicatesOf(source.text, start)) : [],
  };
}
