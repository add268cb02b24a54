import { readFile, writeFile } from 'node:fs/promises';
import { differenceBetween } from '#core/connectivity/difference-between.ts';
import type { Finding, LineEdit } from '#core/lint/finding.ts';
import { columnOf } from '#core/lint/line-edit.ts';
import { fingerprintOf } from '#core/lint/lint.ts';
import { differenceText } from '#core/render/difference-text.ts';
import { isDifferent } from '#core/render/difference-view.ts';
import { count } from '#core/render/text.ts';
import type { Analysis } from '#core/verdict/analysis.ts';
import { CannotAnswer } from './exit.ts';
import { note } from './input.ts';
import type { LintInput } from './lint-input.ts';
import { stderr } from './terminal.ts';

/** What there is before and after fixes. */
export interface Linted {
  readonly input: LintInput;
  readonly findings: readonly Finding[];
}

/**
 * Fixes what has a sure fix, in the files, and looks again: what is fixed must be gone, and nothing worse than a note may have come; otherwise
 * the files are as they were. Says what connections the fixes open and close.
 */
export async function fixAll(before: Linted, again: () => Promise<Linted>): Promise<Linted> {
  const fixable = before.findings.filter(({ fix }) => fix !== undefined);
  const files = Map.groupBy(fixable, ({ fix }) => fix!.source.file);
  const originals = new Map<string, string>();
  const edited = new Map<string, string>();
  const fixed: Finding[] = [];
  for (const [file, findings] of files) {
    const text = await readFile(file, 'utf8');
    const edits = withEdits(text, findings);
    if (edits.done.length === 0) continue;
    originals.set(file, text);
    edited.set(file, edits.edited);
    fixed.push(...edits.done);
  }
  if (fixed.length === 0) return before;
  let after: Linted;
  try {
    await writeFiles(edited);
    after = await again();
    const fault = faultIn(before, after, fixed);
    if (fault !== undefined) throw new CannotAnswer(`the fixes were taken back: ${fault}`);
  } catch (error) {
    // Whatever went wrong, nothing is left half done.
    await writeFiles(originals);
    throw error;
  }
  await note(`fixed ${count(fixed.length, 'finding')} in ${count(originals.size, 'file')}`);
  await sayDifference(before.input.context!.analysis, after.input.context!.analysis);
  return after;
}

async function writeFiles(texts: ReadonlyMap<string, string>): Promise<void> {
  for (const [file, text] of texts) await writeFile(file, text);
}

/** The text with those edits whose place is sure, the last ones first, so that places before them stay. */
function withEdits(text: string, findings: readonly Finding[]): { readonly edited: string; readonly done: readonly Finding[] } {
  const lines = text.split('\n');
  const placed = findings.flatMap((finding) => {
    const line = lines[finding.fix!.source.line - 1];
    const column = line === undefined ? undefined : columnOf(finding.fix!, line);
    return column === undefined ? [] : [{ finding, fix: finding.fix!, column }];
  });
  const sorted = placed.sort((a, b) => b.fix.source.line - a.fix.source.line || b.column - a.column);
  const done = sorted.filter(({ fix, column }, index) => index === 0 || !overlaps(sorted[index - 1]!, fix, column));
  for (const { fix, column } of done) {
    const at = fix.source.line - 1;
    lines[at] = lines[at]!.slice(0, column - 1) + fix.replace + lines[at]!.slice(column - 1 + fix.find.length);
  }
  return { edited: lines.join('\n'), done: done.map(({ finding }) => finding) };
}

const overlaps = (next: { readonly fix: LineEdit; readonly column: number }, fix: LineEdit, column: number): boolean =>
  next.fix.source.line === fix.source.line && next.column < column + fix.find.length;

/** Why the fixes are no good, if they are not. */
function faultIn(before: Linted, after: Linted, fixed: readonly Finding[]): string | undefined {
  if (after.input.context === undefined) return after.findings[0]?.message;
  const prints = new Set(after.findings.map(fingerprintOf));
  const left = fixed.find((finding) => prints.has(fingerprintOf(finding)));
  if (left !== undefined) return `it is still so that ${left.message}`;
  const known = new Set(before.findings.map(fingerprintOf));
  return after.findings.find((finding) => finding.severity !== 'note' && !known.has(fingerprintOf(finding)))?.message;
}

async function sayDifference(before: Analysis, after: Analysis): Promise<void> {
  const difference = differenceBetween(before, after);
  if (isDifferent(difference)) await stderr.print(differenceText(difference, stderr.style));
  else await note('no connection is another for it');
}
