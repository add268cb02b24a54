import { type Command, Option } from 'commander';
import { podsOf } from '#core/cluster/cluster.ts';
import type { DifferenceOptions, FullDifference } from '#core/connectivity/difference.ts';
import { differenceBetween } from '#core/connectivity/difference-between.ts';
import type { MatrixEndpoint } from '#core/connectivity/endpoints.ts';
import { namedPortsEdited, policyChanges } from '#core/connectivity/policy-changes.ts';
import { isAllTraffic } from '#core/net/port-set.ts';
import { type Compared, differenceMarkdown } from '#core/render/difference-markdown.ts';
import { differenceText } from '#core/render/difference-text.ts';
import { isDifferent } from '#core/render/difference-view.ts';
import { renderJson } from '#core/render/json.ts';
import type { Style } from '#core/render/palette.ts';
import type { Analysis } from '#core/verdict/analysis.ts';
import { analysed } from './analysed.ts';
import { addClusterOptions } from './cluster-options.ts';
import { readSides, type SideOptions } from './diff-sides.ts';
import { answering, CannotAnswer, type ExitCode } from './exit.ts';
import { checkPodCidr, note, noteMadeUp } from './input.ts';
import {
  checkNamespaces,
  defaultNamespaceIn,
  type Filter,
  type FilterOptions,
  filterFor,
  namespacesOf,
  portOption,
  protocolOption,
  trafficAsked,
  workloadOption,
} from './matrix-filter.ts';
import { addInputOptions, addOutputOption, choicesOf, collect, examples } from './options.ts';
import { counting, isMuch, withProgress } from './progress.ts';
import { stdout } from './terminal.ts';

type Format = keyof typeof writers;

interface Options
  extends Omit<SideOptions, 'namespace' | 'allNamespaces'>,
    Pick<FilterOptions, 'workload' | 'protocol' | 'port' | 'namespace' | 'allNamespaces'> {
  readonly exposure?: true;
  readonly output: Format;
}

/** `sallyport diff`. */
export function define(command: Command): void {
  command
    .description(
      'Says which connections a change opens and closes, by what was changed, exactly and for all addresses and ports. OLD and NEW are files, ' +
        'directories, or the word cluster; several joined by + are applied one after the other. With -f alone the cluster is compared with ' +
        'itself after `kubectl apply -f`. A change that no connection feels is no difference.\n\nExit code 0: no difference; 1: different; 2: no answer.',
    )
    .usage('(<old> <new> | -f <path>... | --git <revisions> [-f <path>...]) [--with <source>...] [options]')
    .argument('[old]', 'what there is: a file, a directory, cluster')
    .argument('[new]', 'what there will be')
    .addOption(
      new Option(
        '--with <source>',
        'what is there on both sides, such as the workloads: a file, a directory, cluster; may be repeated',
      ).argParser(collect),
    )
    .option(
      '--git <revisions>',
      'compare files as they were: main..HEAD, main...HEAD (since it left main), or one revision with the working tree',
    )
    .addOption(workloadOption())
    .addOption(protocolOption())
    .addOption(portOption())
    .option('--exposure', 'also for pods that do not exist, but that a rule would select');
  addInputOptions(command);
  addClusterOptions(command);
  addOutputOption(command, Object.keys(writers));
  examples(command, [
    'sallyport diff before/ after/',
    'sallyport diff before/policies/ after/policies/ --with workloads/',
    'sallyport diff --git main...HEAD -f manifests/ -o md >> $GITHUB_STEP_SUMMARY',
    'sallyport diff --git HEAD -f manifests/',
    'sallyport diff -f policies/ --context staging',
    'sallyport diff cluster rendered/ -n shop',
  ]);
  command.action(answering(diff));
}

const writers = {
  text: (difference, style) => differenceText(difference, style),
  json: ({ everyone: _, ...difference }) => renderJson(difference),
  md: (difference, _, compared) => differenceMarkdown(difference, compared),
} satisfies Record<string, (difference: FullDifference, style: Style, compared: Compared) => Iterable<string>>;

async function diff(old: string | undefined, now: string | undefined, options: Options): Promise<ExitCode> {
  checkPodCidr(options);
  const { namespace, ...others } = options;
  const { before, after } = await readSides({ ...others, ...defaultNamespaceIn(namespace) }, old, now);
  const choices = choicesOf(others);
  const [was, is] = [await analysed({ objects: before.objects, choices }), await analysed({ objects: after.objects, choices })];
  const arePods = [was, is].some(({ cluster }) => !podsOf(cluster).next().done);
  const { exposure = !arePods } = options;
  if (!arePods) await note('there are no pods on either side, so this is about those that could exist; --with adds what there is');
  await noteMadeUp(was, is);
  const limits = limitsOf([was, is], options);
  const difference = await withProgress('comparing', async (report) => {
    report('comparing', isMuch(before.objects));
    return differenceBetween(was, is, { ...limits, exposure, onSource: counting(report, 'comparing', 'endpoints') });
  });
  if (!arePods && !isDifferent(difference)) checkNamedPorts(difference, was, is);
  await stdout.print(writers[options.output](difference, stdout.style, { before: before.name, after: after.name }));
  return isDifferent(difference) ? 1 : 0;
}

/** What a named port means is up to each pod, so without pods nobody can tell what an edit of one changes. */
function checkNamedPorts({ objects }: FullDifference, was: Analysis, is: Analysis): void {
  const [name] = namedPortsEdited(policyChanges(objects, was.cluster, is.cluster));
  if (name !== undefined)
    throw new CannotAnswer(
      `${name} says something else with a named port, and without pods nobody can tell what that changes`,
      '--with adds the workloads that declare it',
    );
}

function limitsOf(analyses: readonly Analysis[], options: Options): DifferenceOptions {
  const traffic = trafficAsked(options);
  const namespaces = namespacesOf(options);
  checkNamespaces(
    analyses.map(({ cluster }) => cluster),
    namespaces,
  );
  const workloads = options.workload?.map((text) => filterAmong(analyses, text));
  const isShown = ({ namespace }: MatrixEndpoint): boolean => namespace !== undefined && namespaces.includes(namespace);
  const filters: Filter[] = [
    ...(namespaces.length > 0 ? [isShown] : []),
    ...(workloads === undefined ? [] : [(endpoint: MatrixEndpoint) => workloads.some((isMeant) => isMeant(endpoint))]),
  ];
  return {
    ...(filters.length > 0 && { isShown: (endpoint) => filters.every((isMeant) => isMeant(endpoint)) }),
    ...(!isAllTraffic(traffic) && { traffic }),
  };
}

/** Whether an endpoint is what the text names on either side. */
function filterAmong(analyses: readonly Analysis[], text: string): Filter {
  const found = analyses.map((analysis) => filterFor(analysis, text));
  const filters = found.filter((each): each is Filter => typeof each === 'function');
  if (filters.length === 0) throw new CannotAnswer((found.at(-1) as { readonly error: string }).error);
  return (endpoint) => filters.some((isMeant) => isMeant(endpoint));
}
