/** Lists with more than this part of all places are gathered from all of them. */
const sparse = 8;

/** Puts what is said of places into their order. One serves for many lists: it has room for every place. */
export class Ascending<T> {
  readonly #values: (T | undefined)[];

  /** `size`: how many places there are. */
  constructor(size: number) {
    this.#values = new Array<T | undefined>(size).fill(undefined);
  }

  /** Each place with what is said of it. No place is in two of the parts. */
  of<P extends { readonly places: readonly number[] }>(parts: Iterable<P>, saidOf: (part: P) => T): [place: number, value: T][] {
    const values = this.#values;
    const found: number[] = [];
    for (const part of parts) {
      const value = saidOf(part);
      for (const place of part.places) {
        found.push(place);
        values[place] = value;
      }
    }
    // Sorting some is quicker than looking for them, sorting most is not.
    const places = found.length * sparse < values.length ? found.sort((a, b) => a - b) : values.keys();
    const ascending: [number, T][] = [];
    for (const place of places) if (values[place] !== undefined) ascending.push([place, values[place]]);
    for (const place of found) values[place] = undefined;
    return ascending;
  }
}
