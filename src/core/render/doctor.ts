import type { Diagnosis, Examined } from '../enforcement/examination.ts';
import type { Style } from './palette.ts';
import { printable } from './text.ts';

/** A check as lines: how it is, and below it what hinders and the way out. */
export function renderExamined({ check, state, summary, hindrances }: Examined, { palette }: Style): string[] {
  const paint = { ok: palette.allow, warning: palette.warning, problem: palette.deny, skipped: palette.faint }[state];
  return [
    `${paint(state.padEnd(7))}  ${check.padEnd(13)}  ${printable(summary)}`,
    ...hindrances.flatMap(({ severity, message, remedy }) => [
      `${' '.repeat(9)}${severity === 'problem' ? palette.deny(severity) : palette.warning(severity)}: ${printable(message)}`,
      `${' '.repeat(9)}${palette.strong('do')}: ${printable(remedy)}`,
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
