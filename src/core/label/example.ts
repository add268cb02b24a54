import { type Labels, matches, type Requirement, type Selector } from './selector.ts';

/** Few labels that satisfy the selector, always the same ones; undefined when none do. */
export function exampleOf(selector: Selector): Labels | undefined {
  const labels: Record<string, string> = {};
  const keys = new Set(selector.requirements.map(({ key }) => key));
  for (const key of keys) {
    const value = valueFor(selector.requirements.filter((requirement) => requirement.key === key));
    if (value !== undefined) labels[key] = value;
  }
  return matches(selector, labels) ? labels : undefined;
}

/** A value that the requirements on one key let a label have; undefined where it had better be absent. */
function valueFor(requirements: readonly Requirement[]): string | undefined {
  const isAllowed = (value: string): boolean =>
    requirements.every((each) => !('values' in each) || each.values.includes(value) === (each.operator === 'In'));
  const listed = requirements.find(({ operator }) => operator === 'In');
  if (listed !== undefined && 'values' in listed) return listed.values.find(isAllowed);
  if (!requirements.some(({ operator }) => operator === 'Exists')) return undefined;
  // Values that are ruled out are finitely many, so one of these is not.
  for (let length = 1; ; length++) if (isAllowed('x'.repeat(length))) return 'x'.repeat(length);
}
