import { kindAndName } from '../api/types.ts';
import type { Finding } from '../lint/finding.ts';

const commands = { error: 'error', warning: 'warning', note: 'notice' };

/** Findings as annotations of a pull request. Source: workflow commands of GitHub Actions. */
export function* lintGithub(findings: readonly Finding[]): Iterable<string> {
  for (const { code, severity, message, policy, source } of findings) {
    const place = source === undefined ? [] : [`file=${property(source.file)}`, `line=${source.line}`, `col=${source.column}`];
    const whose = policy === undefined ? '' : ` (${kindAndName(policy)})`;
    yield `::${commands[severity]} ${[...place, `title=${property(code)}`].join(',')}::${escaped(message + whose)}`;
  }
}

/** What ends a line or a value is written in percent. Source: escapeData and escapeProperty of actions/toolkit. */
const escaped = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (text: string): string => escaped(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
