import type { Command } from 'commander';
import { type PolicyId, qualifiedName } from '#core/api/types.ts';
import type { TestAnswer } from '#core/expect/answer.ts';
import { Coverage, type CoverageReport } from '#core/expect/coverage.ts';
import { type MutantResult, mutate } from '#core/expect/mutation.ts';
import { renderJson } from '#core/render/json.ts';
import { renderJunit, renderTap } from '#core/render/test-reports.ts';
import { coverageJson, packetsText, renderCoverage, renderMutation, renderTests } from '#core/render/test-text.ts';
import type { Analysis } from '#core/verdict/analysis.ts';
import { addClusterOptions } from './cluster-options.ts';
import { answering, CannotAnswer, type ExitCode } from './exit.ts';
import { inOwnNamespaces } from './lab-session.ts';
import { addInputOptions, addOutputOption, examples, type InputOptions } from './options.ts';
import { withProgress } from './progress.ts';
import { stdout } from './terminal.ts';
import { analysisOf, groupsOf, readTests, runTests, type TestDocument } from './test-files.ts';
import { define as defineInit } from './test-init.ts';
import { labTests } from './test-lab.ts';
import { liveTests } from './test-live.ts';
import { watchTests } from './test-watch.ts';

type Format = 'text' | 'json' | 'junit' | 'tap';

interface Options extends InputOptions {
  readonly coverage?: true;
  readonly mutate?: true;
  readonly lab?: true;
  readonly live?: true;
  readonly image?: string;
  readonly watch?: true;
  readonly output: Format;
}

/** `sallyport test`. */
export function define(command: Command): void {
  command
    .description(
      'Runs connectivity tests: files that say who must and must not reach whom, on what, and that nothing else may (docs/testing.md). They are ' +
        'decided by the analyser over all that -f names, over the manifests that a document of tests names itself, or over a cluster.\n\n' +
        'Exit code 0: all pass; 1: some fail; 2: some could not be decided, such as those of a selector that selects nobody.',
    )
    .usage('<file>... [-f <path>...] [options]')
    .argument('<file...>', 'files or directories with tests; - for standard input')
    .option('--coverage', 'which rules and isolations decided no tested connection')
    .option('--mutate', 'which policies, rules, peers and ports could go without a test failing')
    .option('--lab', 'with real packets, in network namespaces on this machine')
    .option('--live', 'with real packets, in the cluster: from containers that are put into its pods and end by themselves')
    .option('--image <name>', 'with --live: the image of those containers (default: that of the agents that run there)')
    .option('--watch', 'again whenever a file changes, until Ctrl-C');
  addInputOptions(command);
  addClusterOptions(command);
  addOutputOption(command, ['text', 'json', 'junit', 'tap']);
  examples(command, [
    'sallyport test tests.yaml -f manifests/',
    'sallyport test tests/ -f manifests/ --coverage --mutate',
    'sallyport test tests.yaml -f manifests/ -o junit > report.xml',
    'sallyport test tests.yaml -f manifests/ --lab',
    'sallyport test tests.yaml --context staging',
    'sallyport test tests.yaml --context staging --live',
    'sallyport test init -f manifests/ > tests.yaml',
  ]);
  defineInit(command.command('init').summary('write tests for what holds today').helpOption('-h, --help', 'this help'));
  command.action(answering(test));
}

async function test(files: readonly string[], options: Options): Promise<ExitCode> {
  checkOptions(files, options);
  if (options.lab) return inOwnNamespaces(() => runAll(files, options));
  return options.watch ? watchTests(files, options, () => runAll(files, options)) : runAll(files, options);
}

function checkOptions(files: readonly string[], options: Options): void {
  const { filename = [], coverage, mutate: isMutating, watch, output } = options;
  if (files.includes('-') && filename.includes('-'))
    throw new CannotAnswer('standard input can be read once: for the tests or for -f -, not both');
  if ((output === 'junit' || output === 'tap') && (coverage || isMutating))
    throw new CannotAnswer(`-o ${output} has no place for --coverage and --mutate: use text or json`);
  checkPackets(options);
  if (watch && output !== 'text') throw new CannotAnswer('--watch is for people to read: without -o');
}

/** What goes with tests on real packets, and what does not. */
function checkPackets({ filename = [], coverage, mutate: isMutating, lab, live, image, watch }: Options): void {
  if (lab && live) throw new CannotAnswer('--lab tries the tests on this machine, --live in the cluster: give one of them');
  if ((lab || live) && (coverage || isMutating || watch))
    throw new CannotAnswer(`--${lab ? 'lab' : 'live'} tries the tests with packets: --coverage, --mutate and --watch are without it`);
  if (live && filename.length > 0) throw new CannotAnswer('--live asks a cluster and -f reads files: give one of them');
  if (image !== undefined && !live) throw new CannotAnswer('--image is for --live');
}

/** What is said of tests that one set of manifests is asked for. */
interface Report {
  readonly tests: readonly TestAnswer[];
  readonly coverage?: CoverageReport;
  readonly mutation?: readonly MutantResult[];
  readonly analysis?: Analysis;
}

async function runAll(files: readonly string[], options: Options): Promise<ExitCode> {
  const documents = await readTests(files);
  const reports: Report[] = [];
  for (const [paths, group] of groupsOf(documents, options)) {
    const input = paths === undefined ? options : { ...options, filename: paths.split('\n') };
    if (options.live) reports.push({ tests: await liveTests(group, input) });
    else reports.push(options.lab ? { tests: await labTests(group, input) } : await runGroup(group, await analysisOf(input), options));
  }
  await stdout.print(render(reports, options));
  const tests = reports.flatMap((report) => report.tests);
  if (tests.some(({ status }) => status === 'error')) return 2;
  return tests.every(({ status }) => status === 'passed') ? 0 : 1;
}

async function runGroup(documents: readonly TestDocument[], analysis: Analysis, options: Options): Promise<Report> {
  const coverage = options.coverage ? new Coverage() : undefined;
  const tests = await runTests(documents, analysis, coverage);
  // Of tests that fail anyhow nothing can be learned.
  const isMutating = options.mutate && tests.every(({ status }) => status === 'passed');
  const asked = documents.map((document) => document.test);
  const mutation = isMutating && (await tryEdits(mutate(analysis, asked)));
  return { tests, analysis, ...(coverage && { coverage: coverage.report(analysis.model) }), ...(mutation && { mutation }) };
}

/** There is no saying beforehand how many edits there are. */
const tryEdits = (results: Iterable<MutantResult>): Promise<MutantResult[]> =>
  withProgress('trying edits', async (report) =>
    Array.from(results, (result, index) => {
      report(`trying edits: ${index + 1}`);
      return result;
    }),
  );

function render(reports: readonly Report[], options: Options): Iterable<string> {
  const { output } = options;
  const tests = reports.flatMap((report) => report.tests);
  if (output === 'junit') return renderJunit(tests);
  if (output === 'tap') return renderTap(tests);
  return output === 'json' ? renderJson(jsonOf(reports, tests)) : textOf(reports, tests, options);
}

function jsonOf(reports: readonly Report[], tests: readonly TestAnswer[]): object {
  const number = (status: TestAnswer['status']): number => tests.filter((test) => test.status === status).length;
  const coverage = reports.flatMap((report) => (report.coverage ? [coverageJson(report.coverage)] : []));
  const mutation = reports.flatMap((report) => report.mutation ?? []);
  return {
    tests,
    passed: number('passed'),
    failed: number('failed'),
    errors: number('error'),
    ...(coverage.length > 0 && { coverage }),
    ...(reports.some((report) => report.mutation !== undefined) && { mutation }),
  };
}

function* textOf(reports: readonly Report[], tests: readonly TestAnswer[], { mutate: isMutating, lab, live }: Options): Iterable<string> {
  const sourceOf = (policy: PolicyId) =>
    reports.map(({ analysis }) => analysis?.model.policies.get(qualifiedName(policy))?.source).find((source) => source !== undefined);
  yield* renderTests(tests, { ...stdout.style, sourceOf });
  if (lab || live) yield packetsText(tests);
  for (const { coverage, mutation, tests: own } of reports) {
    if (reports.length > 1 && (coverage ?? mutation) !== undefined)
      yield stdout.style.palette.strong([...new Set(own.map(({ document }) => document))].join(', '));
    if (coverage !== undefined) yield* renderCoverage(coverage, stdout.style);
    if (mutation !== undefined) yield* renderMutation(mutation, stdout.style);
    else if (isMutating) yield 'mutation: not tried, because tests fail as things are';
  }
}
