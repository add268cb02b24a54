import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { lintTexts } from '#test/lint-text.ts';
import { lineFinder } from './diagnostics.ts';
import { sarifLog } from './sarif.ts';

const root = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

// The schema of the OASIS standard is of draft 4, of which it uses nothing that later drafts see otherwise; formats are not checked.
const { $schema: _, id: __, ...schema } = JSON.parse(read('test/schema/sarif-2.1.0.json')) as Record<string, unknown>;
const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);

const texts = Object.fromEntries(['policies.yaml', 'shop.yaml'].map((file) => [file, read(`test/golden/lint/rules/${file}`)]));
const lineOf = lineFinder((file) => texts[file]);

describe('SARIF', () => {
  it('is valid, with places, related places and fixes', async () => {
    const findings = await lintTexts(texts);
    expect(findings.filter(({ fix }) => fix !== undefined)).not.toEqual([]);
    expect(findings.filter(({ related }) => related !== undefined)).not.toEqual([]);
    const log = sarifLog(findings, '1.0.0', lineOf);
    expect(validate(log) ? [] : validate.errors).toEqual([]);
  });

  it('is valid without findings, and for findings without a place or a policy', () => {
    for (const findings of [[], [{ code: 'unreadable-input', severity: 'error', message: 'x.yaml: no such file' } as const]])
      expect(validate(sarifLog(findings, '1.0.0', lineOf)) ? [] : validate.errors).toEqual([]);
  });

  it('is refused by the schema when it is wrong', () => {
    expect(validate({ ...sarifLog([], '1.0.0', lineOf), version: '2.0.0' })).toBe(false);
  });

  it('says where a fix changes the line, and nothing where that is unsure', () => {
    const finding = { code: 'label-near-miss', severity: 'warning', message: 'x' } as const;
    const fixOf = (line: string, find: string, column: number): unknown => {
      const fix = { source: { file: 'a.yaml', line: 1, column }, find, replace: 'z' };
      const log = sarifLog([{ ...finding, fix }], '1.0.0', () => line) as { runs: { results: { fixes?: unknown }[] }[] };
      return log.runs[0]!.results[0]!.fixes;
    };
    const regionIn = (fix: unknown): unknown =>
      (fix as { artifactChanges: { replacements: { deletedRegion: object }[] }[] }[])[0]!.artifactChanges[0]!.replacements[0]!
        .deletedRegion;
    expect(regionIn(fixOf('{app: web, name: web}', 'web', 18))).toEqual({ startLine: 1, startColumn: 18, endLine: 1, endColumn: 21 });
    expect(regionIn(fixOf('kubernetes.io/name: {name: x}', 'name:', 28))).toEqual({
      startLine: 1,
      startColumn: 22,
      endLine: 1,
      endColumn: 27,
    });
    expect(fixOf('{app: web, name: web}', 'web', 3)).toBeUndefined();
  });
});
