/** An answer that is made anew at most every so often, however many ask for it, and once for all who ask while it is made. */
export class Recent<T> {
  readonly #make: () => Promise<T>;
  readonly #lifetime: number;
  #answer: Promise<T> | undefined;
  #madeAt = Number.NEGATIVE_INFINITY;

  /** `lifetime` in milliseconds, from when it is asked for. */
  constructor(lifetime: number, make: () => Promise<T>) {
    this.#lifetime = lifetime;
    this.#make = make;
  }

  get(): Promise<T> {
    const now = performance.now();
    if (this.#answer === undefined || now - this.#madeAt >= this.#lifetime) {
      this.#madeAt = now;
      const answer = this.#make();
      this.#answer = answer;
      // A failure is told to those who asked, and not kept.
      answer.catch(() => {
        if (this.#answer === answer) this.#answer = undefined;
      });
    }
    return this.#answer;
  }
}
