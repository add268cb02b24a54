/** What annotations tell people about an object. */
export interface Description {
  /** What it is for. */
  readonly text?: string;
  /** Who answers for it. */
  readonly owner?: string;
}

/**
 * What an object says of itself: `kubernetes.io/description` first, then whatever calls itself a description, a reason or documentation, by the last
 * part of its key. Source: "Well-Known Labels, Annotations and Taints" in the Kubernetes documentation; the others are what repositories use.
 */
export function descriptionIn(annotations: Readonly<Record<string, string>>): Description {
  const entries = Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1));
  const text = firstOf(entries, ['kubernetes.io/description']) ?? firstOf(entries, textNames);
  const owner = firstOf(entries, ownerNames);
  return { ...(text !== undefined && { text }), ...(owner !== undefined && { owner }) };
}

const textNames: readonly string[] = ['description', 'why', 'reason', 'purpose', 'doc', 'docs', 'documentation'];
const ownerNames: readonly string[] = ['owner', 'owners', 'team', 'contact'];

/** The first of the names, whole or as the last part of a key, that has something to say, on one line. */
function firstOf(entries: readonly (readonly [key: string, value: string])[], names: readonly string[]): string | undefined {
  for (const name of names)
    for (const [key, value] of entries) {
      const isMeant = key.toLowerCase() === name || key.toLowerCase().endsWith(`/${name}`);
      if (isMeant && value.trim() !== '') return value.trim().replaceAll(/\s+/g, ' ');
    }
  return undefined;
}
