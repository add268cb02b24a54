import type { Diagnostic } from '../api/diagnostic.ts';
import { kindAndName, qualifiedName } from '../api/types.ts';
import type { LintContext } from './context.ts';
import type { Finding, Severity } from './finding.ts';
import { invalidIgnore, withoutIgnored } from './ignores.ts';
import { doorTitles, findingOf } from './reader-findings.ts';
import { rules } from './registry.ts';
import type { RuleTitle } from './rule.ts';

/** Which rules run, and how bad what they find is. */
export interface LintSettings {
  /** Only these rules, the optional ones among them included. */
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
  /** By code; `off` is as good as skipped, anything else runs an optional rule. */
  readonly severities?: ReadonlyMap<string, Severity | 'off'>;
}

/** Every code that a finding may have, by code. */
export const titles: ReadonlyMap<string, RuleTitle> = new Map(
  [...rules, ...doorTitles, invalidIgnore]
    .map(({ code, severity, summary, isOptional }) => ({ code, severity, summary, ...(isOptional && { isOptional }) }))
    .sort((a, b) => (a.code < b.code ? -1 : 1))
    .map((title) => [title.code, title]),
);

/** The findings of the rules that are to run, by place. `onStep` is told after each rule, for whoever shows how far the work has come. */
export function lint(context: LintContext, settings: LintSettings = {}, onStep: (step: LintStep) => void = () => undefined): Finding[] {
  const steps = lintInSteps(context, settings);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    onStep(step.value);
  }
}

/** How many of the rules that are to run have run. */
export interface LintStep {
  readonly done: number;
  readonly all: number;
}

/** The same with a pause after each rule, for whoever has other things to do meanwhile. */
export function* lintInSteps(context: LintContext, settings: LintSettings = {}): Generator<LintStep, Finding[]> {
  const wanted = rules.filter((rule) => isWanted(rule, settings));
  const findings: Finding[] = [];
  for (const [index, { code, severity, check }] of wanted.entries()) {
    for (const remark of check(context)) findings.push({ code, severity, ...remark });
    yield { done: index + 1, all: wanted.length };
  }
  const ran = new Set(wanted.map(({ code }) => code));
  const left = withoutIgnored(context, findings, ran, new Set(titles.keys()));
  return inOrder(
    left.filter(({ code }) => ran.has(code) || isWanted(titles.get(code)!, settings)).map((finding) => withSeverity(finding, settings)),
  );
}

/** What the door has found. Errors are told whatever the settings say. */
export const readerFindings = (diagnostics: readonly Diagnostic[], settings: LintSettings = {}): Finding[] =>
  diagnostics
    .map(findingOf)
    .filter(({ code, severity }) => severity === 'error' || isWanted(titles.get(code)!, settings))
    .map((finding) => (finding.severity === 'error' ? finding : withSeverity(finding, settings)));

/** Whether a rule is asked for, or left to run as it does by itself. */
function isWanted({ code, isOptional }: RuleTitle, { only, skip = [], severities }: LintSettings): boolean {
  const severity = severities?.get(code);
  if (skip.includes(code) || severity === 'off') return false;
  return only === undefined ? isOptional !== true || severity !== undefined : only.includes(code);
}

/** The finding as bad as the settings say. What a rule itself finds less bad stays less bad. */
function withSeverity(finding: Finding, { severities }: LintSettings): Finding {
  const severity = severities?.get(finding.code);
  const isUsual = finding.severity === titles.get(finding.code)?.severity;
  return severity === undefined || severity === 'off' || !isUsual ? finding : { ...finding, severity };
}

/** By file, line and column; findings without a place last, by what they are about. */
export function inOrder(findings: readonly Finding[]): Finding[] {
  const keyed = findings.map((finding) => ({ finding, key: keyOf(finding) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ finding }) => finding);
}

function keyOf({ source, policy, code, message }: Finding): string {
  const number = (value: number): string => String(value).padStart(9, '0');
  const place = source === undefined ? '\uffff' : `${source.file}\u0000${number(source.line)}${number(source.column)}`;
  return [place, policy === undefined ? '' : qualifiedName(policy), code, message].join('\u0000');
}

/** What a finding is about, as one text that stays when lines move: the identity by which baselines know it. */
export const fingerprintOf = ({ code, policy, message }: Finding): string =>
  [code, policy === undefined ? '' : kindAndName(policy), message].join('|');
