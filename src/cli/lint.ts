import { type Command, Option } from 'commander';
import type { LintContext } from '#core/lint/context.ts';
import { type Finding, type Severity, severities } from '#core/lint/finding.ts';
import { inOrder, type LintSettings, lint, readerFindings } from '#core/lint/lint.ts';
import { type LineOf, lineFinder } from '#core/render/diagnostics.ts';
import { renderIndentedJson, renderJson } from '#core/render/json.ts';
import { lintGithub } from '#core/render/lint-github.ts';
import { type LintSummary, lintText } from '#core/render/lint-text.ts';
import { sarifLog } from '#core/render/sarif.ts';
import { count } from '#core/render/text.ts';
import { buildOf } from './build.ts';
import { addClusterOptions } from './cluster-options.ts';
import { answering, CannotAnswer, type ExitCode } from './exit.ts';
import { fileTexts, isLive, note } from './input.ts';
import { newSince, writeBaseline } from './lint-baseline.ts';
import { fixAll, type Linted } from './lint-fix.ts';
import { type LintInput, readForLint } from './lint-input.ts';
import { type RuleOptions, settingsOf } from './lint-settings.ts';
import { addInputOptions, addOutputOption, collect, examples, type InputOptions } from './options.ts';
import { counting, isMuch, withProgress } from './progress.ts';
import { stdout } from './terminal.ts';

interface Options extends InputOptions, RuleOptions {
  readonly failOn: Severity | 'never';
  readonly baseline?: string;
  readonly writeBaseline?: string;
  readonly fix?: true;
  readonly output: keyof typeof writers;
}

/** `sallyport lint`. */
export function define(command: Command): void {
  command
    .description(
      'Finds what is written in policies and can hardly be meant, what has no effect, and what is open and need not be. Every rule has a page in ' +
        'docs/lint. A policy says with the annotation `sallyport.dev/ignore: "<rule> <reason>"` what of it is meant.\n\n' +
        'Exit code 0: nothing as bad as --fail-on says; 1: findings; 2: no answer, or an input with errors, which are told and nothing else.',
    )
    .usage('[-f <path>...] [options]')
    .addOption(
      new Option('--fail-on <severity>', 'the least severity of a finding that makes the exit code 1')
        .choices([...severities, 'never'])
        .default('warning'),
    )
    .option('--rule <code>', 'only this rule; may be repeated', collect)
    .option('--skip <code>', 'not this rule; may be repeated', collect)
    .option('--config <file>', 'severities of rules (default: .sallyport.yaml, where there is one)')
    .option('--no-config', 'without it')
    .option('--baseline <file>', 'tell only what this file does not know')
    .option('--write-baseline <file>', 'write what there is now into this file, and tell nothing')
    .option('--fix', 'put right in the files what has a sure fix, and say what connections that opens and closes');
  addInputOptions(command);
  addClusterOptions(command);
  addOutputOption(command, Object.keys(writers));
  examples(command, [
    'sallyport lint -f manifests/',
    'sallyport lint -f manifests/ --fail-on error --skip world-open',
    'sallyport lint -f manifests/ --rule missing-doc --fail-on note',
    'sallyport lint -f manifests/ -o sarif > lint.sarif',
    'sallyport lint -f manifests/ -o github',
    'sallyport lint -f manifests/ --write-baseline lint-baseline.json',
    'sallyport lint -f manifests/ --rule label-near-miss --fix',
    'sallyport lint --context staging -n shop',
  ]);
  command.action(answering(printFindings));
}

const writers = {
  text: (findings, lineOf, summary) => lintText(findings, stdout.style, lineOf, summary),
  json: (findings) => renderJson({ findings }),
  sarif: (findings, lineOf) => renderIndentedJson(sarifLog(findings, buildOf().version, lineOf)),
  github: (findings) => lintGithub(findings),
} satisfies Record<string, (findings: readonly Finding[], lineOf: LineOf, summary: LintSummary) => Iterable<string>>;

async function printFindings(options: Options): Promise<ExitCode> {
  const { baseline, writeBaseline: target, output, failOn, fix } = options;
  if (fix && (isLive(options) || options.filename?.includes('-')))
    throw new CannotAnswer('--fix edits files: name with -f files or directories');
  const settings = await settingsOf(options);
  const look = async (): Promise<Linted> => {
    const input = await readForLint(options);
    return { input, findings: (await findingsOf(input, settings)).filter((finding) => isShown(finding, options)) };
  };
  const found = await look();
  const { input, findings: all } = fix && found.input.context !== undefined ? await fixAll(found, look) : found;
  if (input.context === undefined) {
    await stdout.print(writers[output](all, lineFinder(fileTexts()), {}));
    const errors = all.filter(({ severity }) => severity === 'error').length;
    throw new CannotAnswer(`${count(errors, 'error')} in the input; the other rules were not asked`);
  }
  if (target !== undefined) {
    await writeBaseline(target, all);
    await note(`${count(all.length, 'finding')} written to ${target}`);
    return 0;
  }
  const findings = baseline === undefined ? all : await newSince(baseline, all);
  const policies = input.context.policies.length + input.context.analysis.cluster.clusterPolicies.size;
  await stdout.print(writers[output](findings, lineFinder(fileTexts()), { policies, known: all.length - findings.length }));
  return findings.some(({ severity }) => isAsBad(severity, failOn)) ? 1 : 0;
}

/** What the door has found and what the rules find. */
async function findingsOf({ diagnostics, context }: LintInput, settings: LintSettings): Promise<readonly Finding[]> {
  return inOrder([...readerFindings(diagnostics, settings), ...(context === undefined ? [] : await found(context, settings))]);
}

const found = (context: LintContext, settings: LintSettings): Promise<readonly Finding[]> =>
  withProgress('linting', async (report) => {
    report('linting', isMuch(context.policies));
    const onRule = counting(report, 'linting', 'rules');
    return lint(context, settings, ({ done, all }) => onRule(done, all));
  });

/** `-n` limits what is shown; what is of no namespace concerns all. */
const isShown = ({ policy }: Finding, { namespace, allNamespaces }: InputOptions): boolean =>
  allNamespaces === true || namespace === undefined || policy?.namespace === undefined || policy.namespace === namespace;

const isAsBad = (severity: Severity, failOn: Options['failOn']): boolean =>
  failOn !== 'never' && severities.indexOf(severity) <= severities.indexOf(failOn);
