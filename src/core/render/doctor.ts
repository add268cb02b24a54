import type { Style } from './palette.ts';

/** Something that hinders enforcement, or may do so, and what to do about it. */
export interface Hindrance {
  /** `problem`: policy is not enforced, or not everywhere; `warning`: it may be so, or connections that policy allows may fail. */
  readonly severity: 'warning' | 'problem';
  readonly message: string;
  readonly remedy: string;
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

/** Puts together what checks have found. */
export function diagnosisOf(checks: readonly Examined[]): Diagnosis {
  const count = (severity: Hindrance['severity']): number =>
    checks.reduce((sum, { hindrances }) => sum + hindrances.filter((each) => each.severity === severity).length, 0);
  return { checks, problems: count('problem'), warnings: count('warning') };
}

/** A check as lines: how it is, and below it what hinders and the way out. */
export function renderExamined({ check, state, summary, hindrances }: Examined, { palette }: Style): string[] {
  const paint = { ok: palette.allow, warning: palette.warning, problem: palette.deny, skipped: palette.faint }[state];
  return [
    `${paint(state.padEnd(7))}  ${check.padEnd(13)}  ${summary}`,
    ...hindrances.flatMap(({ severity, message, remedy }) => [
      `${' '.repeat(9)}${severity === 'problem' ? palette.deny(severity) : palette.warning(severity)}: ${message}`,
      `${' '.repeat(9)}${palette.strong('do')}: ${remedy}`,
    ]),
  ];
}

/** The last line: how many problems and warnings there are. */
export function renderDiagnosisTotal({ checks, problems, warnings }: Diagnosis): string {
  const many = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
  const skipped = checks.filter(({ state }) => state === 'skipped').length;
  const rest = skipped === 0 ? '' : `, ${many(skipped, 'check')} skipped`;
  if (problems + warnings === 0) return `nothing hinders enforcement here (${many(checks.length - skipped, 'check')})${rest}`;
  return `${many(problems, 'problem')}, ${many(warnings, 'warning')}${rest}`;
}
