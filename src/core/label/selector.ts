/** Labels of an object. */
export type Labels = Readonly<Record<string, string>>;

/** One requirement on a label. Source: LabelSelectorRequirement in meta/v1; matchLabels are `In` with one value. */
export type Requirement =
  | { readonly key: string; readonly operator: 'In' | 'NotIn'; readonly values: readonly string[] }
  | { readonly key: string; readonly operator: 'Exists' | 'DoesNotExist' };

/** A selector: all requirements hold. Without requirements it selects everything. */
export interface Selector {
  readonly requirements: readonly Requirement[];
  /** The canonical text: equal for selectors that are written differently but require the same. */
  readonly key: string;
}

/** Builds a selector: requirements are ordered, duplicates dropped, values sorted. */
export function selector(requirements: readonly Requirement[]): Selector {
  const canonical = new Map<string, Requirement>();
  for (const requirement of requirements) {
    const sorted = 'values' in requirement ? { ...requirement, values: [...new Set(requirement.values)].sort() } : requirement;
    canonical.set(formatRequirement(sorted), sorted);
  }
  const keys = [...canonical.keys()].sort();
  return { requirements: keys.map((key) => canonical.get(key)!), key: keys.join(',') };
}

/** The selector of exactly these labels: of `matchLabels`, or of a Service. */
export const equalLabels = (labels: Labels): Selector =>
  selector(Object.entries(labels).map(([key, value]) => ({ key, operator: 'In', values: [value] })));

/** The selector that matches everything (`{}`). */
export const everything: Selector = selector([]);

function formatRequirement(requirement: Requirement): string {
  switch (requirement.operator) {
    case 'In':
      return requirement.values.length === 1
        ? `${requirement.key}=${requirement.values[0]}`
        : `${requirement.key} in (${requirement.values.join(',')})`;
    case 'NotIn':
      return requirement.values.length === 1
        ? `${requirement.key}!=${requirement.values[0]}`
        : `${requirement.key} notin (${requirement.values.join(',')})`;
    case 'Exists':
      return requirement.key;
    case 'DoesNotExist':
      return `!${requirement.key}`;
  }
}

/** Whether the labels satisfy the selector. An absent key satisfies `NotIn` and `DoesNotExist`. Source: labels.Requirement.Matches in apimachinery. */
export function matches({ requirements }: Selector, labels: Labels): boolean {
  return requirements.every((requirement) => isSatisfied(requirement, labels));
}

function isSatisfied(requirement: Requirement, labels: Labels): boolean {
  const present = Object.hasOwn(labels, requirement.key);
  switch (requirement.operator) {
    case 'In':
      return present && requirement.values.includes(labels[requirement.key]!);
    case 'NotIn':
      return !present || !requirement.values.includes(labels[requirement.key]!);
    case 'Exists':
      return present;
    case 'DoesNotExist':
      return !present;
  }
}

/** Labels as one canonical text; equal for equal maps. */
export function labelsKey(labels: Labels): string {
  return Object.keys(labels)
    .sort()
    .map((key) => `${key}=${labels[key]}`)
    .join(',');
}
