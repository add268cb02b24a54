import { type Labels, matches, type Selector } from './selector.ts';

/**
 * Finds the selectors that given labels satisfy without trying them all: a selector with an equality is filed under that
 * `key=value` and tried only for labels that carry it.
 */
export class SelectorIndex<T> {
  readonly #byLabel = new Map<string, Map<T, Selector>>();
  readonly #others = new Map<T, Selector>();

  add(selector: Selector, item: T): void {
    const labels = pivotsOf(selector);
    if (labels === undefined) this.#others.set(item, selector);
    else
      for (const label of labels) {
        let bucket = this.#byLabel.get(label);
        if (bucket === undefined) {
          bucket = new Map();
          this.#byLabel.set(label, bucket);
        }
        bucket.set(item, selector);
      }
  }

  delete(selector: Selector, item: T): void {
    const labels = pivotsOf(selector);
    if (labels === undefined) this.#others.delete(item);
    else
      for (const label of labels) {
        const bucket = this.#byLabel.get(label);
        bucket?.delete(item);
        if (bucket?.size === 0) this.#byLabel.delete(label);
      }
  }

  /** The items whose selectors match, in no particular order, each once. */
  match(labels: Labels): T[] {
    const found: T[] = [];
    for (const [item, selector] of this.#others) if (matches(selector, labels)) found.push(item);
    for (const key of Object.keys(labels)) {
      const bucket = this.#byLabel.get(`${key}=${labels[key]}`);
      if (bucket !== undefined) for (const [item, selector] of bucket) if (matches(selector, labels)) found.push(item);
    }
    return found;
  }
}

/** The `key=value` texts of which matching labels carry exactly one: the values of the first `In`. */
function pivotsOf({ requirements }: Selector): string[] | undefined {
  const requirement = requirements.find(({ operator }) => operator === 'In');
  return requirement !== undefined && 'values' in requirement
    ? requirement.values.map((value) => `${requirement.key}=${value}`)
    : undefined;
}
