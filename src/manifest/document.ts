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

/** A fault of the text at an offset. */
export function faultAt(source: SourceText, offset: number, code: DiagnosticCode, message: string): Diagnostic {
  return { code, severity: 'error', message, source: source.sourceAt(offset) };
}

/** A document that could not be read. */
export function unreadable(source: SourceText, offset: number, code: DiagnosticCode, message: string): ManifestDocument {
  const fault = faultAt(source, offset, code, message);
  return { value: undefined, place: () => fault.source!, diagnostics: [fault] };
}

/** The fault of a key that an object has twice, in the words of the API server's strict decoder. */
export function duplicateKey(source: SourceText, offset: number, path: string): Diagnostic {
  return { ...faultAt(source, offset, 'duplicate-key', `duplicate field "${path}"`), type: 'Strict', path };
}
