/** So many items are kept: some MiB of a matrix. */
const mostKept = 2 ** 16;

/**
 * Items that cost work while they are read, for who reads them twice: the first ones are kept, and the second reading goes on where the first has
 * stopped. Where the first went on beyond what is kept, the second begins anew.
 */
export class ReadTwice<T> implements Iterable<T> {
  readonly #items: Iterable<T>;
  readonly #most: number;
  readonly #kept: T[] = [];
  /** What comes behind those that are kept, until a reading goes on there. */
  #rest: Iterator<T> | undefined;

  constructor(items: Iterable<T>, most = mostKept) {
    this.#items = items;
    this.#most = most;
    this.#rest = items[Symbol.iterator]();
  }

  *[Symbol.iterator](): Generator<T> {
    for (let index = 0; index < this.#most; index++) {
      if (index === this.#kept.length) {
        const next = this.#rest!.next();
        if (next.done) return;
        this.#kept.push(next.value);
      }
      yield this.#kept[index]!;
    }
    const rest = this.#takeRest();
    for (let next = rest.next(); !next.done; next = rest.next()) yield next.value;
  }

  #takeRest(): Iterator<T> {
    let rest = this.#rest;
    this.#rest = undefined;
    if (rest === undefined) {
      rest = this.#items[Symbol.iterator]();
      for (let skipped = 0; skipped < this.#most; skipped++) rest.next();
    }
    return rest;
  }
}
