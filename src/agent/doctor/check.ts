import { type Examined, examined, type Opinion, skipped } from '#core/enforcement/examination.ts';
import { MissingNeed } from '#dataplane/need.ts';
import type { Machine } from './machine.ts';

/** One thing to look at. */
export interface Check {
  /** A word for it. */
  readonly name: string;
  examine(machine: Machine): Promise<Opinion>;
}

/** Looks at one thing. What can't be looked at for want of something is skipped, and says so: that is another check's finding. */
export async function examine({ name, examine }: Check, machine: Machine): Promise<Examined> {
  try {
    return examined(name, await examine(machine));
  } catch (error) {
    if (!(error instanceof MissingNeed)) throw error;
    return skipped(name, error.message);
  }
}
