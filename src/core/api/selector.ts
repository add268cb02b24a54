import { everything, type Requirement, type Selector, selector } from '../label/selector.ts';
import type { FieldPath } from './diagnostic.ts';
import { Faults, nowhere } from './faults.ts';
import { validateLabels } from './metadata.ts';
import { checkLabelValue, checkQualifiedName } from './names.ts';
import { list, type ReadOf, strict, string, stringMap } from './reader.ts';

/** A label selector as it is written. Source: LabelSelector in meta/v1. */
export const labelSelector = strict({
  matchLabels: stringMap,
  matchExpressions: list(strict({ key: string, operator: string, values: list(string) })),
});

export type WrittenSelector = ReadOf<typeof labelSelector>;
type WrittenRequirement = NonNullable<WrittenSelector['matchExpressions']>[number];

/** Rules S1 to S6; with `tolerant`, values of expressions are not looked at (rule U1). Source: ValidateLabelSelector in apimachinery. */
export function validateSelector(written: WrittenSelector, path: FieldPath, tolerant: boolean, faults: Faults): void {
  if (written.matchLabels) validateLabels(written.matchLabels, [...path, 'matchLabels'], faults);
  for (const [index, requirement] of (written.matchExpressions ?? []).entries())
    validateRequirement(requirement, [...path, 'matchExpressions', index], tolerant, faults);
}

function validateRequirement(
  { key = '', operator = '', values = [] }: WrittenRequirement,
  path: FieldPath,
  tolerant: boolean,
  faults: Faults,
): void {
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) faults.required([...path, 'values'], "must be specified when `operator` is 'In' or 'NotIn'");
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) faults.forbidden([...path, 'values'], "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  } else faults.invalid([...path, 'operator'], operator, 'not a valid selector operator');
  faults.invalidEach([...path, 'key'], key, checkQualifiedName(key));
  if (tolerant) return;
  for (const [index, value] of values.entries()) faults.invalidEach([...path, 'values', index], value, checkLabelValue(value));
}

/** The selector that a valid written one means. */
export function selectorOf({ matchLabels = {}, matchExpressions = [] }: WrittenSelector): Selector {
  const requirements = [
    ...Object.entries(matchLabels).map(([key, value]): Requirement => ({ key, operator: 'In', values: [value] })),
    ...matchExpressions.map(requirementOf),
  ];
  return requirements.length === 0 ? everything : selector(requirements);
}

/** The selector of those requirements that are valid: it selects no less than the written one can mean. */
export function readablePartOf({ matchLabels = {}, matchExpressions = [] }: WrittenSelector): Selector {
  const isReadable = (part: WrittenSelector): boolean => {
    const faults = new Faults('', nowhere);
    validateSelector(part, [], false, faults);
    return !faults.fatal;
  };
  const labels = Object.entries(matchLabels).filter(([key, value]) => isReadable({ matchLabels: { [key]: value } }));
  const expressions = matchExpressions.filter((requirement) => isReadable({ matchExpressions: [requirement] }));
  return selectorOf({ matchLabels: Object.fromEntries(labels), matchExpressions: expressions });
}

function requirementOf({ key = '', operator, values = [] }: WrittenRequirement): Requirement {
  switch (operator) {
    case 'In':
    case 'NotIn':
      return { key, operator, values };
    case 'Exists':
    case 'DoesNotExist':
      return { key, operator };
    default:
      throw new Error(`selector operator ${operator} has passed validation`);
  }
}
