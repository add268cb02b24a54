import type { Diagnostic, DiagnosticCode, FieldPath, Source } from '#core/api/diagnostic.ts';
import type { SourceText } from './text.ts';

/** One document of a text. */
export interface ManifestDocument {
  /** Plain JSON; undefined for a document that could not be read. */
  readonly value: unknown;
  /** Where a field's value stands (a list item: its dash), else the nearest field around it. */
  readonly place: (path: FieldPath) => Source;
  /** What is wrong with the text; with an error other than duplicate-key there is no value. */
  readonly diagnostics: readonly Diagnostic[];
}

/** How deep documents may nest. Schemas of custom resources come to some 60 levels; the stack bears some thousands. */
export const greatestDepth = 256;

/** Messages quote the text at fault, which may be long. */
const longestMessage = 300;

/** A fault of the text at an offset. */
function faultAt(source: SourceText, offset: number, code: DiagnosticCode, message: string): Diagnostic {
  return { code, severity: 'error', message: message.slice(0, longestMessage), source: source.sourceAt(offset) };
}

/** A document that could not be read. */
export function unreadable(source: SourceText, offset: number, code: DiagnosticCode, message: string): ManifestDocument {
  const isTemplate = code === 'syntax' && template.test(source.text);
  const fault = faultAt(source, offset, code, isTemplate ? `${message}; a Helm template? render it first: helm template` : message);
  return { value: undefined, place: () => fault.source!, diagnostics: [fault] };
}

/** An action of Go's templates. Source: https://pkg.go.dev/text/template#hdr-Actions. */
const template = /\{\{-?\s*(?:\.|\$|\/\*|(?:if|range|with|include|define|template|end|else|toYaml|default)\b)/;

/** A name that an object has twice. */
export interface DuplicateKey {
  readonly offset: number;
  /** As the API server writes it: `spec.ingress[0].from`. */
  readonly path: string;
}

const mostReported = 20;

/** The first faults of keys that objects have twice, in the words of the API server's strict decoder. */
export function duplicateKeys(source: SourceText, base: number, duplicates: Iterable<DuplicateKey>): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const { offset, path } of duplicates) {
    diagnostics.push({ ...faultAt(source, base + offset, 'duplicate-key', `duplicate field "${path}"`), type: 'Strict', path });
    if (diagnostics.length === mostReported) break;
  }
  return diagnostics;
}
