import { type Command, Option } from 'commander';
import { directions } from '#core/api/types.ts';
import type { Connectivity } from '#core/connectivity/connectivity.ts';
import { withDependences } from '#core/connectivity/dependence.ts';
import type { Progress } from '#core/connectivity/difference.ts';
import type { MatrixEndpoint } from '#core/connectivity/endpoints.ts';
import { matrixDot } from '#core/render/dot.ts';
import { exposureMarkdown, exposureText } from '#core/render/exposure.ts';
import type { ExposureView } from '#core/render/exposure-view.ts';
import { matrixCsv, matrixJson } from '#core/render/matrix.ts';
import { matrixHtml, type Question, tooManyPairs } from '#core/render/matrix-html.ts';
import { matrixMarkdown } from '#core/render/matrix-markdown.ts';
import { matrixText } from '#core/render/matrix-text.ts';
import { type Answer, type Breakdown, breakdowns, type MatrixView } from '#core/render/matrix-view.ts';
import { matrixMermaid } from '#core/render/mermaid.ts';
import type { Style } from '#core/render/palette.ts';
import type { Analysis } from '#core/verdict/analysis.ts';
import { analysed } from './analysed.ts';
import { addClusterOptions } from './cluster-options.ts';
import { answering, CannotAnswer, type ExitCode } from './exit.ts';
import { followed } from './followed.ts';
import { noteMadeUp, noteNobody, noteTies, readInput } from './input.ts';
import {
  checkNamespaces,
  connectivityAsked,
  defaultNamespaceIn,
  type FilterOptions,
  namespacesOf,
  portOption,
  protocolOption,
  questionOf,
  workloadOption,
} from './matrix-filter.ts';
import { addInputOptions, addOutputOption, examples, type InputOptions } from './options.ts';
import { pageText } from './page.ts';
import { counting, isMuch, isProgressShown, withProgress } from './progress.ts';
import { ReadTwice } from './read-twice.ts';
import { stdout } from './terminal.ts';

type Format = keyof typeof writers;

/** Writes the matrix that was asked for. */
type Writer = (view: MatrixView, style: Style, question: Question) => Iterable<string> | Promise<Iterable<string>>;

interface Options extends Omit<InputOptions, 'namespace' | 'allNamespaces'>, FilterOptions {
  readonly denied?: true;
  readonly by?: Breakdown;
  readonly output: Format;
}

/** `sallyport matrix`. */
export function define(command: Command): void {
  command
    .description(
      'Says who can reach whom, and on what: exact over all addresses and ports. Endpoints are workloads, bare pods that are alike, nodes, and ' +
        'ranges of addresses outside that policies tell apart. Ports are those of the pods, whatever Service leads there. ' +
        'Pods may talk with the node they run on, whatever a NetworkPolicy says: of a workload and a node it shows what all of the pods may do. ' +
        'All conditions must hold; -n takes several namespaces (-n shop,blog) and shows the connections of which one is an end.',
    )
    .usage('[-f <path>...] [options]')
    .option('--from <endpoint>', 'only connections that this endpoint opens')
    .option('--to <endpoint>', 'only connections to this endpoint')
    .addOption(workloadOption())
    .addOption(
      new Option('--direction <way>', 'only connections into (ingress) or out of (egress) what -n and --workload name').choices(directions),
    )
    .addOption(protocolOption())
    .addOption(portOption())
    .option('--denied', 'pairs that may do nothing, too')
    .option(
      '--exposure',
      'what workloads are exposed to: the internet, every namespace, and pods that do not exist but that some rule would select',
    )
    .addOption(
      new Option('--by <level>', 'rows for workloads or for namespaces; by default for workloads as long as that can be read').choices(
        breakdowns,
      ),
    );
  addInputOptions(command);
  addClusterOptions(command);
  addOutputOption(command, Object.keys(writers));
  examples(command, [
    'sallyport matrix -f manifests/',
    'sallyport matrix -f manifests/ -n shop --denied',
    'sallyport matrix -f manifests/ -n shop,blog --direction ingress --protocol UDP',
    'sallyport matrix -f manifests/ --to shop/database --port 5432',
    'sallyport matrix -f manifests/ --by namespace -o md >> $GITHUB_STEP_SUMMARY',
    'sallyport matrix -f manifests/ -o csv > matrix.csv',
    'sallyport matrix -f manifests/ -n shop --exposure --direction ingress',
    'sallyport matrix --context staging -n shop',
  ]);
  command.action(answering(printMatrix));
}

const writers = {
  text: matrixText,
  json: ({ shown }: MatrixView) => matrixJson(shown),
  csv: ({ shown }: MatrixView) => matrixCsv(shown),
  md: matrixMarkdown,
  dot: matrixDot,
  mermaid: matrixMermaid,
  html: writePage,
} satisfies Record<string, Writer>;

async function writePage(view: MatrixView, _style: Style, question: Question): Promise<Iterable<string>> {
  const excess = tooManyPairs(view);
  if (excess !== undefined) throw new CannotAnswer(excess, 'say whose are meant, with -n or --workload; -o md has all of it by namespace');
  return matrixHtml(view, await pageText(), question);
}

/** Who reads for themselves is told of exposure alone; for the other formats it is in the matrix. */
const exposureWriters: Partial<Record<Format, (view: ExposureView, style: Style) => Iterable<string>>> = {
  text: exposureText,
  md: exposureMarkdown,
};

/** Formats for programs, which always have every workload. */
const complete: readonly Format[] = ['json', 'csv'];

/** Formats that would only show more lines than can be read. */
const pictures: readonly Format[] = ['dot', 'mermaid'];

/** Formats that say who decides about each connection. */
const explained: readonly Format[] = ['json', 'csv', 'html'];

async function printMatrix(options: Options): Promise<ExitCode> {
  const { output, by, denied = false, namespace, exposure: isExposure = false, ...others } = options;
  if (by !== undefined && complete.includes(output))
    throw new CannotAnswer(`--by is for people to read: -o ${output} always has every workload`);
  if (denied && pictures.includes(output)) throw new CannotAnswer(`--denied is for tables: -o ${output} draws what is allowed`);
  const { objects, choices, settled } = await readInput({ ...others, ...defaultNamespaceIn(namespace) });
  const analysis = await analysed({ objects, choices, settled });
  checkNamespaces([analysis.cluster], namespacesOf(options));
  await noteNobody(analysis);
  await noteMadeUp(analysis);
  await noteTies(analysis);
  await withProgress('working out who can reach whom', async (report) => {
    report('working out who can reach whom', isMuch(objects));
    await printAnswer(analysis, options, counting(report, 'working out who can reach whom', 'endpoints'));
  });
  return 0;
}

async function printAnswer(analysis: Analysis, options: Options, onSource: Progress): Promise<void> {
  const { output, by, denied = false } = options;
  const asked = connectivityAsked(analysis, options, !explained.includes(output));
  const answerTo = (which: boolean | 'counted'): Connectivity => {
    const answer = isProgressShown() ? followed(asked.of(which), onSource) : asked.of(which);
    // A table of workloads that becomes too long is one of namespaces instead.
    return { ...answer, reach: new ReadTwice(answer.reach) };
  };
  const found = answerTo(denied);
  // Asked for by those who name endpoints in words, and then once.
  let all: readonly MatrixEndpoint[] | undefined;
  const everyone = (): readonly MatrixEndpoint[] => {
    all ??= asked.isWhole ? found.endpoints : asked.everyone();
    return all;
  };
  const shown = withDependences(found, asked.dependences(everyone()));
  const view: MatrixView = {
    shown,
    whole: () => answerTo(true),
    get everyone() {
      return everyone();
    },
    denied,
    by,
    ...(asked.isWhole && { counted: () => (denied ? answerTo('counted') : found) }),
  };
  const { exposure, choices: open = [] } = shown as Answer;
  const writeExposure = exposure && exposureWriters[output];
  await stdout.print(
    writeExposure
      ? writeExposure({ exposure, everyone: everyone(), direction: options.direction, denied, by, choices: open }, stdout.style)
      : await writers[output](view, stdout.style, questionOf(options)),
  );
}
