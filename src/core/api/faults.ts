import type { Diagnostic, FieldErrorType, FieldPath, Source } from './diagnostic.ts';
import { formatPath } from './diagnostic.ts';

/** Finds where a field stands: its own place, else that of the nearest field around it. Undefined for objects without a text. */
export type Place = (path: FieldPath) => Source | undefined;

export const nowhere: Place = () => undefined;

/** A field's value as the API server shows it in an error. Source: field.Error.ErrorBody in apimachinery. */
const show = (value: unknown): string => JSON.stringify(value) ?? 'null';

/** Collects what is wrong with one object, in the API server's words: one method for each of its error types. */
export class Faults {
  readonly diagnostics: Diagnostic[] = [];
  readonly #object: string;
  readonly #place: Place;
  #isReadable = true;

  constructor(object: string, place: Place) {
    this.#object = object;
    this.#place = place;
  }

  /** Whether anything found so far forbids the object. */
  get fatal(): boolean {
    return this.diagnostics.some(({ severity }) => severity === 'error');
  }

  required(path: FieldPath, detail = ''): void {
    this.#add('Required', path, `Required value${detail && `: ${detail}`}`);
  }

  invalid(path: FieldPath, value: unknown, detail: string): void {
    this.#add('Invalid', path, `Invalid value: ${show(value)}: ${detail}`);
  }

  /** One error for each broken rule, as the API server does. */
  invalidEach(path: FieldPath, value: unknown, details: readonly string[]): void {
    for (const detail of details) this.invalid(path, value, detail);
  }

  notSupported(path: FieldPath, value: unknown, supported: readonly string[]): void {
    this.#add('NotSupported', path, `Unsupported value: ${show(value)}: supported values: ${supported.map(show).join(', ')}`);
  }

  forbidden(path: FieldPath, detail: string): void {
    this.#add('Forbidden', path, `Forbidden: ${detail}`);
  }

  tooLong(path: FieldPath, bytes: number): void {
    this.#add('TooLong', path, `Too long: may not be more than ${bytes} bytes`);
  }

  tooMany(path: FieldPath, actual: number, most: number): void {
    this.#add('TooMany', path, `Too many: ${actual}: must have at most ${most} items`);
  }

  duplicate(path: FieldPath, value: unknown): void {
    this.#add('Duplicate', path, `Duplicate value: ${show(value)}`);
  }

  /** Whether everything could be read into its field's type, so that the rest of the object can be looked at. */
  get readable(): boolean {
    return this.#isReadable;
  }

  /** A value that can't be read into the field's type. */
  decode(path: FieldPath, message: string): void {
    this.#isReadable = false;
    this.#add('Decode', path, message);
  }

  /** A value of another type than a custom resource's schema has for the field. Source: InvalidTypeCode in kube-openapi. */
  typeInvalid(path: FieldPath, actual: string, type: string, hint = ''): void {
    this.#isReadable = false;
    this.schema(path, actual, `must be of type ${type}: ${show(actual)}${hint}`);
  }

  /** A value that breaks a rule of a custom resource's schema. Source: kubeOpenAPIResultToFieldErrors in apiextensions-apiserver. */
  schema(path: FieldPath, value: unknown, rule: string): void {
    this.invalid(path, value, `${formatPath(path)} in body ${rule}`);
  }

  /** A field that the object's type does not have. */
  unknownField(path: FieldPath, severity: Diagnostic['severity'], hint: string): void {
    this.#add('Strict', path, `unknown field ${show(formatPath(path))}${hint}`, severity);
  }

  /** What the API server would warn of. */
  warning(path: FieldPath, message: string): void {
    this.#push({ code: 'warning', severity: 'warning', message, path: formatPath(path) }, path);
  }

  /** Takes what `check` finds for warnings, each with what follows of it. Says whether it found anything. */
  warnOf(check: (faults: Faults) => void, consequence: string): boolean {
    const found = new Faults(this.#object, this.#place);
    check(found);
    for (const { type: _, ...fault } of found.diagnostics)
      this.diagnostics.push({ ...fault, code: 'warning', severity: 'warning', message: `${fault.message}; ${consequence}` });
    return found.diagnostics.length > 0;
  }

  #add(type: FieldErrorType, path: FieldPath, message: string, severity: Diagnostic['severity'] = 'error'): void {
    this.#push({ code: 'field', severity, type, message, path: formatPath(path) }, path);
  }

  #push(diagnostic: Diagnostic, path: FieldPath): void {
    const source = this.#place(path);
    this.diagnostics.push({ ...diagnostic, ...(source && { source }), object: this.#object });
  }
}
