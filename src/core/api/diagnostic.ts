/** Where something stands in a file. Line and column count from 1. */
export interface Source {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** How the API server classifies a fault of a field. Source: k8s.io/apimachinery field.ErrorType; `Decode` and `Strict` are decoding faults. */
export type FieldErrorType =
  | 'Required'
  | 'Invalid'
  | 'NotSupported'
  | 'Forbidden'
  | 'TooLong'
  | 'TooMany'
  | 'Duplicate'
  | 'Decode'
  | 'Strict';

/** `file:line:column`, as compilers write it. */
export const sourceText = ({ file, line, column }: Source): string => `${file}:${line}:${column}`;

/** The closed list of what can be wrong with an input. */
export type DiagnosticCode =
  | 'field' // a field's value is wrong; `type` and `path` say how and where
  | 'syntax' // not YAML or JSON
  | 'limit' // too large, too deep, too many aliases
  | 'encoding' // binary or not UTF-8
  | 'duplicate-key'
  | 'duplicate-object' // the same kind, namespace and name twice
  | 'duplicate-address' // two live pods with one address
  | 'unknown-kind' // an object or document that this program does not read
  | 'foreign-policy' // of a kind by which a network plugin or a service mesh decides about traffic, and that this program does not read
  | 'unsupported-kind' // an object that decides about traffic and that this program can't evaluate: never skipped silently
  | 'file' // unreadable or missing
  | 'warning'; // what the API server would warn of

/** A fault of the input, as data: the renderer adds the excerpt. */
export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: 'error' | 'warning';
  /** The API server's own wording where it has one; lower case, no final period. */
  readonly message: string;
  readonly type?: FieldErrorType;
  /** The field path as the API server writes it: `spec.ingress[0].ports[0].port`. */
  readonly path?: string;
  readonly source?: Source;
  /** The object at fault, `NetworkPolicy shop/deny`. */
  readonly object?: string;
}

/** A path into a document: field names and list indices. */
export type FieldPath = readonly (string | number)[];

/** A path as the API server writes it. */
export function formatPath(path: FieldPath): string {
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');
}
