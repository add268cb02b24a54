import type { Source } from '../api/diagnostic.ts';
import type { Finding, LineEdit } from '../lint/finding.ts';
import { columnOf, editTitle } from '../lint/line-edit.ts';
import { fingerprintOf, titles } from '../lint/lint.ts';
import type { LineOf } from './diagnostics.ts';

/** The findings as a SARIF log. Source: SARIF 2.1.0, OASIS standard. */
export function sarifLog(findings: readonly Finding[], version: string, lineOf: LineOf): object {
  const codes = [...new Set(findings.map(({ code }) => code))].sort();
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Sallyport', semanticVersion: version, rules: codes.map(ruleOf) } },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => resultOf(finding, codes.indexOf(finding.code), lineOf)),
      },
    ],
  };
}

function ruleOf(code: string): object {
  const { summary, severity } = titles.get(code)!;
  return {
    id: code,
    shortDescription: { text: `${summary[0]!.toUpperCase()}${summary.slice(1)}.` },
    help: { text: `docs/lint/${code}.md says why, with examples, and when not to fix this.` },
    defaultConfiguration: { level: severity },
  };
}

function resultOf(finding: Finding, ruleIndex: number, lineOf: LineOf): object {
  const { code, severity, message, source, related = [], fix, policy } = finding;
  const change = fix && changeOf(fix, lineOf);
  return {
    ruleId: code,
    ruleIndex,
    level: severity,
    message: { text: `${message}.` },
    ...(source && { locations: [{ physicalLocation: placeOf(source), ...(policy && { logicalLocations: [logical(finding)] }) }] }),
    ...(related.length > 0 && {
      relatedLocations: related.map((each, id) => ({ id, physicalLocation: placeOf(each.source), message: { text: each.message } })),
    }),
    partialFingerprints: { 'sallyport/v1': fingerprintOf(finding) },
    ...(change && { fixes: [change] }),
  };
}

const logical = ({ policy }: Finding): object => ({
  name: policy!.name,
  kind: 'resource',
  fullyQualifiedName: [policy!.kind, policy!.namespace, policy!.name].filter((part) => part !== undefined).join('/'),
});

const artifactOf = (file: string): object => ({ uri: encodeURI(file.replaceAll('\\', '/')) });

const placeOf = ({ file, line, column }: Source): object => ({
  artifactLocation: artifactOf(file),
  region: { startLine: line, startColumn: column },
});

function changeOf(edit: LineEdit, lineOf: LineOf): object | undefined {
  const { source, find, replace } = edit;
  const line = lineOf(source);
  const column = line === undefined ? undefined : columnOf(edit, line);
  if (column === undefined) return undefined;
  const region = { startLine: source.line, startColumn: column, endLine: source.line, endColumn: column + find.length };
  return {
    description: { text: editTitle(edit) },
    artifactChanges: [
      { artifactLocation: artifactOf(source.file), replacements: [{ deletedRegion: region, insertedContent: { text: replace } }] },
    ],
  };
}
