import type { FieldPath } from './diagnostic.ts';
import type { Faults } from './faults.ts';

/*
 * Rules of a custom resource's schema, in the words of the API server. Source: kube-openapi's validation, as
 * apiextensions-apiserver turns it into field errors.
 */

/** Source: minProperties 1 and maxProperties 1. */
export function checkOneOf(written: object, path: FieldPath, faults: Faults): void {
  const count = Object.keys(written).length;
  if (count === 0) faults.schema(path, written, 'should have at least 1 properties');
  else if (count > 1) faults.tooMany(path, count, 1);
}

/** Source: minItems 1 and maxItems. */
export function checkItems(list: readonly unknown[], most: number, path: FieldPath, faults: Faults): void {
  if (list.length === 0) faults.schema(path, list, 'should have at least 1 items');
  checkMost(list, most, path, faults);
}

/** Source: maxItems. */
export function checkMost(list: readonly unknown[], most: number, path: FieldPath, faults: Faults): void {
  if (list.length > most) faults.tooMany(path, list.length, most);
}

/** Source: x-kubernetes-list-type set. */
export function checkSet(list: readonly string[], path: FieldPath, faults: Faults): void {
  for (const [index, text] of list.entries()) if (list.indexOf(text) < index) faults.duplicate([...path, index], text);
}

/** Source: minimum, maximum and required. */
export function checkNumber(
  value: number | undefined,
  [least, greatest]: readonly [number, number],
  path: FieldPath,
  faults: Faults,
): void {
  if (value === undefined) faults.required(path);
  else if (value < least) faults.schema(path, value, `should be greater than or equal to ${least}`);
  else if (value > greatest) faults.schema(path, value, `should be less than or equal to ${greatest}`);
}

/** Source: enum and required. */
export function checkEnum(value: string | undefined, supported: readonly string[], path: FieldPath, faults: Faults): void {
  if (value === undefined) faults.required(path);
  else if (!supported.includes(value)) faults.notSupported(path, value, supported);
}
