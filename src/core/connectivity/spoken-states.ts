import type { StateId } from './gate-states.ts';

const unspoken = -1;

/** The states of those that some rule speaks of, units or gates, by their numbers; everybody else is undefined. */
export class SpokenStates {
  /** Who is spoken of, each once, in the order in which rules were tried. */
  readonly ids: number[] = [];
  readonly #states: Int32Array;

  /** `size`: how many there are in all. */
  constructor(size: number) {
    this.#states = new Int32Array(size).fill(unspoken);
  }

  get(id: number): StateId | undefined {
    const state = this.#states[id]!;
    return state === unspoken ? undefined : state;
  }

  set(id: number, state: StateId): void {
    if (this.#states[id] === unspoken) this.ids.push(id);
    this.#states[id] = state;
  }
}
