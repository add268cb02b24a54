import { type Command, Option } from 'commander';
import { type Direction, directions, isPolicyKind } from '#core/api/types.ts';
import { applyChanges, type Cluster, clusterOf } from '#core/cluster/cluster.ts';
import { type Concluded, concludedFrom } from '#core/generate/concluded.ts';
import { defaultDeny, isolation, type Scope, usualNamespaces } from '#core/generate/default-deny.ts';
import type { Generated } from '#core/generate/generated-policy.ts';
import { type LeastPrivilege, leastPrivilege } from '#core/generate/least-privilege.ts';
import { Mentions } from '#core/generate/mentions.ts';
import { type Observed, observedFlows } from '#core/generate/observed.ts';
import { flowText } from '#core/generate/wanted.ts';
import { renderJson } from '#core/render/json.ts';
import { count } from '#core/render/text.ts';
import { trafficText } from '#core/render/traffic.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { checkFlow, type Flow } from '#core/verdict/check.ts';
import { writeYaml } from '#manifest/write-yaml.ts';
import { analysed } from './analysed.ts';
import { addClusterOptions } from './cluster-options.ts';
import { answering, CannotAnswer, type ExitCode } from './exit.ts';
import { flowFileName, flowsIn, readFlows, readFlowText } from './flows.ts';
import { checkStandardInput, note, readInput, readObjects } from './input.ts';
import { checkNamespaces, defaultNamespaceIn, type FilterOptions, namespacesOf } from './matrix-filter.ts';
import { addInputOptions, addOutputOption, collect, examples, type InputOptions } from './options.ts';
import { stderr, stdout } from './terminal.ts';

interface Options extends Omit<InputOptions, 'namespace' | 'allNamespaces'>, Pick<FilterOptions, 'namespace' | 'allNamespaces'> {
  readonly direction?: Direction;
  readonly output: 'text' | 'json';
}

/** `sallyport generate`. */
export function define(command: Command): void {
  command.description(
    'Writes policies to begin with, as YAML that kubectl applies. What is there already is not written again, and nothing is changed here.',
  );
  const subcommand = (name: string, summary: string): Command =>
    command.command(name).summary(summary).helpOption('-h, --help', 'this help');
  defineScoped(subcommand('default-deny', 'deny everything in the namespaces, but for asking the DNS'), defaultDeny, [
    'Writes a default deny for each namespace, in both directions unless --direction names one. Pods that may open no connections still have ' +
      "to ask for names: they may ask the cluster's DNS where it really runs, over UDP and TCP.",
    'sallyport generate default-deny -f manifests/',
    'sallyport generate default-deny -n shop,blog --direction ingress | kubectl apply -f -',
  ]);
  defineScoped(subcommand('isolate', 'let the pods of a namespace talk to each other and to nobody else'), isolation, [
    "Writes a policy for each namespace that lets its pods talk to each other and to nobody else, but for asking the cluster's DNS.",
    'sallyport generate isolate -f manifests/ -n shop',
    'sallyport generate isolate --context staging -n shop --direction ingress',
  ]);
  defineFromFlows(subcommand('from-flows', 'least privilege for a list of wanted connections'));
  defineFromServices(subcommand('from-services', 'least privilege for what Services and workloads say of each other'));
  examples(command, ['sallyport generate default-deny -f manifests/', 'sallyport generate from-flows flows.yaml -f manifests/']);
}

interface FlowOptions extends Options {
  readonly onto?: readonly string[];
}

function defineFromFlows(command: Command): void {
  command
    .description(
      'Writes policies under which the connections of a list pass and, as far as selectors can say it, nothing else: a default deny for each ' +
        'namespace that they name, and one policy for each workload and direction. It is tried on the cluster as it would be: what stays denied, ' +
        'and what passes that nobody wanted, is said on standard error.\n\nThe list is what check --flows reads, {from, to, protocol, port, family}, or connections that were observed: the output of ' +
        '`hubble observe -o json`, of `conntrack -L`, or of `sallyport drops -o json`, which tells of what was denied or would be.',
    )
    .usage('<flows> [-f <path>...] [options]')
    .argument('<flows>', 'a list of flows as JSON, JSON lines, YAML or CSV, or observed ones; - for standard input')
    .addOption(
      new Option('--onto <path>', 'write only what the policies there, and those of the input, leave missing; may be repeated').argParser(
        collect,
      ),
    );
  addInputOptions(command);
  addClusterOptions(command);
  addOutputOption(command, ['text', 'json']);
  examples(command, [
    'sallyport generate from-flows flows.yaml -f manifests/',
    'sallyport generate from-flows flows.yaml -f manifests/ --onto policies/ > policies/more.yaml',
  ]);
  command.action(answering(fromFlows));
}

async function fromFlows(file: string, { onto, ...options }: FlowOptions): Promise<ExitCode> {
  const { namespace, ...others } = options;
  const reading = { ...others, ...defaultNamespaceIn(namespace) };
  checkStandardInput({ ...reading, flows: file });
  const text = await readFlowText(file);
  const observed = observedFlows(text);
  const listed = observed === undefined ? await flowsIn(text, file) : undefined;
  const analysis = await analysisOnto(reading, onto ?? []);
  const flows = listed?.flows ?? (await answerableIn(analysis, observed!));
  const named = namedIn(analysis.cluster, options);
  const found = leastPrivilege(analysis, flows, { onto: onto !== undefined, ...(named.length > 0 && { namespaces: named }) });
  if ('error' in found) throw new CannotAnswer(`${listed?.placeOf(found.index) ?? flowFileName(file)}: ${found.error}`);
  await printLeastPrivilege(found, options.output);
  return 0;
}

interface ServiceOptions extends Options {
  readonly flows?: string;
  readonly list?: true;
}

function defineFromServices(command: Command): void {
  command
    .description(
      'Writes policies under which those connections pass that Services and workloads speak of, and as from-flows does it: a default deny, the DNS, ' +
        'one policy for each workload and direction, tried on the cluster as it would be. A Service says at which ports its pods are reached, ' +
        'and by its type whether from outside. By whom within the cluster, it does not say: taken are workloads whose containers are told its name, in ' +
        'their environment (ConfigMaps of the input included), command or arguments. What each was concluded from is said on standard error, and ' +
        'which Services nobody is known to call: tell those with --flows.',
    )
    .usage('[-f <path>...] [options]')
    .option('--flows <file>', 'connections that are wanted besides, as from-flows takes them')
    .option('--list', 'print the connections that were concluded, as a list for from-flows, and no policies');
  addInputOptions(command);
  addClusterOptions(command);
  addOutputOption(command, ['text', 'json']);
  examples(command, [
    'sallyport generate from-services -f manifests/ > policies.yaml',
    'sallyport generate from-services -f manifests/ -n shop --flows more.yaml',
    'sallyport generate from-services -f manifests/ --list > flows.yaml',
  ]);
  command.action(answering(fromServices));
}

async function fromServices({ flows: file, list, ...options }: ServiceOptions): Promise<ExitCode> {
  const { namespace, ...others } = options;
  const reading = { ...others, ...defaultNamespaceIn(namespace) };
  checkStandardInput({ ...reading, ...(file !== undefined && { flows: file }) });
  const listed = file === undefined ? undefined : await readFlows(file);
  const more = listed?.flows ?? [];
  const mentions = new Mentions();
  const { objects, choices, settled } = await readInput(reading, undefined, mentions);
  const analysis = await analysed({ objects, choices, settled });
  const namespaces = await namespacesAsked(analysis.cluster, options);
  const { concluded, uncalled } = concludedFrom(analysis.cluster, mentions, new Set(namespaces));
  if (list) {
    await stdout.print(options.output === 'json' ? renderJson(concluded.map(({ flow }) => flow)) : concluded.map(flowLine));
    return 0;
  }
  const found = leastPrivilege(analysis, [...concluded.map(({ flow }) => flow), ...more], { onto: false, namespaces });
  if ('error' in found) throw new CannotAnswer(`${listed!.placeOf(found.index - concluded.length)}: ${found.error}`);
  for (const { flow, because } of concluded) await note(`${flowText(flow)}: ${because}`);
  const missing = uncalled.filter((id) => !more.some(({ to }) => to.toLowerCase() === id.toLowerCase()));
  if (missing.length > 0)
    await note(`nobody is known to connect to ${missing.join(', ')}: whoever does is cut off, unless --flows names them`);
  await printLeastPrivilege(found, options.output);
  return 0;
}

/** A concluded connection as an entry of a list, with what it was concluded from. */
const flowLine = ({ flow: { from, to, protocol, port }, because }: Concluded): string =>
  `- { from: ${from}, to: ${to}, protocol: ${protocol}, port: ${port} } # ${because}`;

/** Writes the policies, and says what stays denied and what passes that nobody wanted. */
async function printLeastPrivilege(found: LeastPrivilege, output: Options['output']): Promise<void> {
  await printPolicies(found, output);
  const { palette } = stderr.style;
  await stderr.print(found.denied.map((flow) => `${palette.warning('warning')}: stays denied: ${flowText(flow)}`));
  const shown = found.beyond.slice(0, mostBeyond);
  await stderr.print(shown.map(({ from, to, traffic }) => `passes beyond what is wanted: ${from} → ${to} ${trafficText(traffic)}`));
  if (found.beyond.length > mostBeyond) await stderr.print([`and ${found.beyond.length - mostBeyond} more`]);
}

/** More pairs than this are counted. */
const mostBeyond = 40;

/** Of flows that were observed those whose ends are still there, and of a kind that anybody can be asked about; the rest is counted. */
async function answerableIn(analysis: Analysis, { flows, passedOver }: Observed): Promise<readonly Flow[]> {
  const found = flows.filter((flow) => !('error' in checkFlow(analysis, flow)));
  await note(
    `${count(found.length, 'connection')} observed; ${count(passedOver, 'record')} of replies, denials and other protocols passed over`,
  );
  const gone = flows.length - found.length;
  if (gone > 0) await note(`${count(gone, 'observed connection')} left out, of which an end is not in the input`);
  return found;
}

/** The input together with the policies that are to be extended. */
async function analysisOnto(options: InputOptions, onto: readonly string[]): Promise<Analysis> {
  const { objects, choices, settled } = await readInput(options);
  const there = onto.length === 0 ? [] : (await readObjects({ ...options, filename: onto }, (lines) => stderr.print(lines))).objects;
  const policies = there.filter(({ kind }) => isPolicyKind(kind));
  const cluster = applyChanges(
    clusterOf(objects),
    policies.map((object) => ({ type: 'put', object })),
  );
  return new Analysis(cluster, choices, settled);
}

/** A command that makes the same policies for each namespace. */
function defineScoped(
  command: Command,
  make: (cluster: Cluster, scope: Scope) => Generated,
  [description, ...lines]: readonly [string, ...string[]],
): void {
  command
    .description(`${description}\n\nNamespaces of the cluster itself (kube-, openshift-) are left out unless -n names them.`)
    .usage('[-f <path>...] [options]')
    .addOption(new Option('--direction <way>', 'only what comes in (ingress) or goes out (egress)').choices(directions));
  addInputOptions(command);
  addClusterOptions(command);
  addOutputOption(command, ['text', 'json']);
  examples(command, lines);
  command.action(
    answering(async (options: Options): Promise<ExitCode> => {
      const cluster = await clusterAsked(options);
      const namespaces = await namespacesAsked(cluster, options);
      const { direction } = options;
      await printPolicies(make(cluster, { namespaces, directions: direction === undefined ? directions : [direction] }), options.output);
      return 0;
    }),
  );
}

async function clusterAsked({ namespace, ...options }: Options): Promise<Cluster> {
  const { objects } = await readInput({ ...options, ...defaultNamespaceIn(namespace) });
  return clusterOf(objects);
}

/** The namespaces that -n names, if any. */
function namedIn(cluster: Cluster, options: Options): readonly string[] {
  const named = namespacesOf(options);
  checkNamespaces([cluster], named);
  return named;
}

/** Those that -n names; otherwise all but those of the cluster itself, which is said. */
async function namespacesAsked(cluster: Cluster, options: Options): Promise<readonly string[]> {
  const named = namedIn(cluster, options);
  if (named.length > 0) return named;
  const { namespaces, leftOut } = usualNamespaces(cluster);
  if (leftOut.length > 0) await note(`left out: ${leftOut.join(', ')}, unless -n names them`);
  return namespaces;
}

/** Writes the policies as documents of one YAML stream, or as a List in JSON, and says what there is to say about them. */
async function printPolicies({ policies, notes }: Generated, output: Options['output']): Promise<void> {
  const manifests = policies.map(({ manifest }) => manifest);
  if (output === 'json') await stdout.print(renderJson({ apiVersion: 'v1', kind: 'List', items: manifests }));
  else if (manifests.length > 0) await stdout.write(manifests.map(writeYaml).join('---\n'));
  for (const text of notes) await note(text);
}
