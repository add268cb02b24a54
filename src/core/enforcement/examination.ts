/** Something that hinders enforcement, or may do so, and what to do about it. */
export interface Hindrance {
  /** `problem`: policy is not enforced, or not everywhere; `warning`: it may be so, or connections that policy allows may fail. */
  readonly severity: 'warning' | 'problem';
  readonly message: string;
  readonly remedy: string;
}

/** What a check says: how it is, and what hinders. */
export interface Opinion {
  readonly summary: string;
  readonly hindrances?: readonly Hindrance[];
}

/** What one check of `sallyport doctor` has found. */
export interface Examined {
  /** A word for it, such as `conntrack`. */
  readonly check: string;
  readonly state: 'ok' | 'warning' | 'problem' | 'skipped';
  /** What was looked at and how it is; why it was skipped. */
  readonly summary: string;
  readonly hindrances: readonly Hindrance[];
}

/** Everything that `sallyport doctor` has found. */
export interface Diagnosis {
  readonly checks: readonly Examined[];
  readonly problems: number;
  readonly warnings: number;
}

export const problem = (message: string, remedy: string): Hindrance => ({ severity: 'problem', message, remedy });
export const warning = (message: string, remedy: string): Hindrance => ({ severity: 'warning', message, remedy });

/** An opinion as what was found: the worst of its hindrances is its state. */
export function examined(check: string, { summary, hindrances = [] }: Opinion): Examined {
  const has = (severity: Hindrance['severity']): boolean => hindrances.some((each) => each.severity === severity);
  return { check, state: has('problem') ? 'problem' : has('warning') ? 'warning' : 'ok', summary, hindrances };
}

/** What could not be looked at, and why. */
export const skipped = (check: string, summary: string): Examined => ({ check, state: 'skipped', summary, hindrances: [] });

/** Puts together what checks have found. */
export function diagnosisOf(checks: readonly Examined[]): Diagnosis {
  const count = (severity: Hindrance['severity']): number =>
    checks.reduce((sum, { hindrances }) => sum + hindrances.filter((each) => each.severity === severity).length, 0);
  return { checks, problems: count('problem'), warnings: count('warning') };
}
