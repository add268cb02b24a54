import {
  type CodeAction,
  CodeActionKind,
  type Diagnostic,
  DiagnosticSeverity,
  type Range,
  type TextEdit,
} from 'vscode-languageserver/node';
import { kindAndName } from '#core/api/types.ts';
import type { Finding, Severity } from '#core/lint/finding.ts';
import { editTitle } from '#core/lint/line-edit.ts';
import { linesOf, locationOf, rangeAt, rangeOfEdit } from './places.ts';

const severities: Readonly<Record<Severity, DiagnosticSeverity>> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  note: DiagnosticSeverity.Information,
};

/** How findings become what an editor shows. */
export interface Showing {
  readonly textOf: (path: string) => string | undefined;
  /** The page of a rule, where there is one. */
  readonly pageOf: (code: string) => string | undefined;
}

/** The findings of a file as an editor shows them. */
export function diagnosticsOf(findings: readonly Finding[], text: string, { textOf, pageOf }: Showing): Diagnostic[] {
  const lines = linesOf(text);
  return findings.map(({ code, severity, message, policy, source, related = [] }) => {
    const href = pageOf(code);
    const whose = policy === undefined ? '' : ` (${kindAndName(policy)})`;
    return {
      range: source === undefined ? nowhere : rangeAt(source, lines),
      severity: severities[severity],
      code,
      source: 'sallyport',
      message: `${message}${whose}`,
      ...(href !== undefined && { codeDescription: { href } }),
      ...(related.length > 0 && {
        relatedInformation: related.map((each) => ({ location: locationOf(each.source, textOf), message: each.message })),
      }),
    };
  });
}

const nowhere: Range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };

/** The sure fixes of a file's findings on the lines of a range, and one for all of the file where there are several. */
export function fixesIn(
  uri: string,
  findings: readonly Finding[],
  text: string,
  range: Range,
  diagnostics: readonly Diagnostic[],
): CodeAction[] {
  const lines = linesOf(text);
  const fixes = findings.flatMap((finding) => {
    const replaced = finding.fix && rangeOfEdit(finding.fix, lines);
    return replaced === undefined ? [] : [{ finding, edit: { range: replaced, newText: finding.fix!.replace } }];
  });
  const isNear = ({ start, end }: Range): boolean => start.line <= range.end.line && range.start.line <= end.line;
  const single = fixes
    .filter(({ finding, edit }) => isNear(edit.range) || (finding.source !== undefined && isNear(rangeAt(finding.source, lines))))
    .map(({ finding: { code, fix, source }, edit }): CodeAction => {
      const solved = diagnostics.filter((each) => each.code === code && source !== undefined && each.range.start.line === source.line - 1);
      return {
        title: editTitle(fix!),
        kind: CodeActionKind.QuickFix,
        isPreferred: true,
        ...(solved.length > 0 && { diagnostics: solved }),
        edit: { changes: { [uri]: [edit] } },
      };
    });
  const all = apart(fixes.map(({ edit }) => edit));
  if (all.length === 0) return single;
  return [
    ...single,
    { title: 'Fix all that has a sure fix', kind: `${CodeActionKind.SourceFixAll}.sallyport`, edit: { changes: { [uri]: all } } },
  ];
}

/** The edits that do not touch one another. */
function apart(edits: readonly TextEdit[]): TextEdit[] {
  const key = ({ range: { start } }: TextEdit): number => start.line * 1_000_000 + start.character;
  const sorted = [...edits].sort((a, b) => key(a) - key(b));
  return sorted.filter(
    ({ range }, index) =>
      index === 0 ||
      sorted[index - 1]!.range.end.line < range.start.line ||
      sorted[index - 1]!.range.end.character <= range.start.character,
  );
}
