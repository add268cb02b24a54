import { kindAndName } from '../api/types.ts';
import type { Finding, Severity } from '../lint/finding.ts';
import { formatSource, type LineOf, renderExcerpt } from './diagnostics.ts';
import type { Style } from './palette.ts';
import { count, printable } from './text.ts';

/** What is said beside the findings. */
export interface LintSummary {
  /** How many policies were looked at; undefined where faults of the input came before. */
  readonly policies?: number;
  /** How many findings a baseline knows. */
  readonly known?: number;
}

/** Findings for people: `file:line:column: warning: message (policy) [code]`, each with the line that it is about. */
export function* lintText(findings: readonly Finding[], style: Style, lineOf: LineOf, summary: LintSummary): Iterable<string> {
  for (const finding of findings) {
    yield headOf(finding, style);
    if (finding.source !== undefined) yield* renderExcerpt(finding.source, style, lineOf(finding.source));
    for (const { message, source } of finding.related ?? []) yield style.palette.faint(`  ${formatSource(source)}: ${printable(message)}`);
  }
  if (findings.length > 0) yield '';
  yield totalsOf(findings, summary);
}

function headOf({ source, severity, message, policy, code }: Finding, { palette }: Style): string {
  const place = source === undefined ? '' : `${palette.strong(formatSource(source))}: `;
  const paint = { error: palette.deny, warning: palette.warning, note: palette.faint }[severity];
  const whose = policy === undefined ? '' : palette.faint(` (${printable(kindAndName(policy))})`);
  return `${place}${paint(severity)}: ${printable(message)}${whose} ${palette.faint(`[${code}]`)}`;
}

function totalsOf(findings: readonly Finding[], { policies, known = 0 }: LintSummary): string {
  const of = (wanted: Severity): number => findings.filter(({ severity }) => severity === wanted).length;
  const counts = (['error', 'warning', 'note'] as const).flatMap((severity) => (of(severity) > 0 ? [count(of(severity), severity)] : []));
  const where = policies === undefined ? '' : ` in ${count(policies, 'policy', 'policies')}`;
  const older = known > 0 ? `, and ${known} that the baseline knows` : '';
  return `${counts.length === 0 ? 'nothing found' : counts.join(', ')}${where}${older}`;
}
