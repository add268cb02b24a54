import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds before the first repetition and, at most, before a later one. */
const first = 200;
const longest = 15_000;

/** The pauses between attempts that fail: each twice as long as the one before, and of a random length, so that many clients do not come back as one. */
export class Backoff {
  #next = first;

  /** Waits. Ends early, without an error, when the signal says so. */
  async pause(signal: AbortSignal): Promise<void> {
    const length = this.#next * (0.5 + Math.random());
    this.#next = Math.min(2 * this.#next, longest);
    await sleep(length, undefined, { signal }).catch(() => undefined);
  }

  /** The server has answered: the next pause is short again. */
  reset(): void {
    this.#next = first;
  }
}
