import type { Latency } from '#core/enforcement/node-status.ts';

/** How many changes are remembered. */
const most = 128;

/** The milliseconds that the last changes took to reach the kernel. */
export class Latencies {
  readonly #last: number[] = [];

  add(milliseconds: number): void {
    this.#last.push(milliseconds);
    if (this.#last.length > most) this.#last.shift();
  }

  /** Undefined before the first change. */
  summary(): Latency | undefined {
    if (this.#last.length === 0) return undefined;
    const sorted = this.#last.toSorted((a, b) => a - b);
    const rounded = (value: number): number => Math.round(value * 100) / 100;
    return { median: rounded(sorted[sorted.length >> 1]!), worst: rounded(sorted.at(-1)!), changes: sorted.length };
  }
}
