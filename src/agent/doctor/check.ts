import type { Examined, Hindrance } from '#core/render/doctor.ts';
import { MissingNeed } from '#dataplane/need.ts';
import type { Machine } from './machine.ts';

/** What a check says: how it is, and what hinders. */
export interface Opinion {
  readonly summary: string;
  readonly hindrances?: readonly Hindrance[];
}

/** One thing to look at. */
export interface Check {
  /** A word for it. */
  readonly name: string;
  examine(machine: Machine): Promise<Opinion>;
}

export const problem = (message: string, remedy: string): Hindrance => ({ severity: 'problem', message, remedy });
export const warning = (message: string, remedy: string): Hindrance => ({ severity: 'warning', message, remedy });

/** Looks at one thing. What can't be looked at for want of something is skipped, and says so: that is another check's finding. */
export async function examine({ name, examine }: Check, machine: Machine): Promise<Examined> {
  try {
    return examined(name, await examine(machine));
  } catch (error) {
    if (!(error instanceof MissingNeed)) throw error;
    return { check: name, state: 'skipped', summary: error.message, hindrances: [] };
  }
}

/** An opinion as what was found: the worst of its hindrances is its state. */
export function examined(check: string, { summary, hindrances = [] }: Opinion): Examined {
  const has = (severity: Hindrance['severity']): boolean => hindrances.some((each) => each.severity === severity);
  return { check, state: has('problem') ? 'problem' : has('warning') ? 'warning' : 'ok', summary, hindrances };
}
