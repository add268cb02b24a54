import type { FieldPath } from '#core/api/diagnostic.ts';

/** Where the fields of a document stand: an entry for each, outer ones before those within them. */
export class OffsetTree {
  readonly #steps: (string | number)[] = [];
  readonly #offsets: number[] = [];
  /** For each entry the one that follows it and all within it. */
  readonly #next: number[] = [];
  /** The list item that was asked for last: the next question is mostly for the one behind it. */
  #last = { list: -1, index: 0, entry: 0 };

  /** Adds an entry within those that are open. Close it with the number that this gives. */
  open(step: string | number, offset: number): number {
    this.#steps.push(step);
    this.#offsets.push(offset);
    return this.#next.push(0) - 1;
  }

  close(entry: number): void {
    this.#next[entry] = this.#next.length;
  }

  /** The offset of the field at the path, else of the nearest field around it. */
  offsetOf(path: FieldPath): number {
    let entry = 0;
    for (const step of path) {
      const inner = this.#find(entry, step);
      if (inner === undefined) break;
      entry = inner;
    }
    return this.#offsets[entry]!;
  }

  #find(outer: number, step: string | number): number | undefined {
    const end = this.#next[outer]!;
    const isNear = this.#last.list === outer && typeof step === 'number' && step >= this.#last.index;
    for (let entry = isNear ? this.#last.entry : outer + 1; entry < end; entry = this.#next[entry]!) {
      if (this.#steps[entry] !== step) continue;
      if (typeof step === 'number') this.#last = { list: outer, index: step, entry };
      return entry;
    }
    return undefined;
  }
}
