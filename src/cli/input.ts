import { readFileSync } from 'node:fs';
import { auditedAmong } from '#core/api/audit.ts';
import type { ChoiceName, Choices } from '#core/api/choices.ts';
import type { Diagnostic } from '#core/api/diagnostic.ts';
import { isFinished, type KubernetesObject, kindAndName } from '#core/api/types.ts';
import { podsOf } from '#core/cluster/cluster.ts';
import { workloadId } from '#core/connectivity/located-pods.ts';
import { parseCidr } from '#core/net/cidr.ts';
import { renderDiagnostic } from '#core/render/diagnostics.ts';
import { count } from '#core/render/text.ts';
import { unenforceableChoice } from '#core/ruleset/enforceable.ts';
import type { Analysis } from '#core/verdict/analysis.ts';
import type { Flow } from '#core/verdict/check.ts';
import { podId } from '#core/verdict/endpoint.ts';
import { tiedPairs } from '#core/verdict/ties.ts';
import type { Manifests } from '#manifest/collect.ts';
import { type FileProgress, type ReadOptions, readManifests } from '#manifest/read.ts';
import { addressed } from './addressed.ts';
import { clusterFlagIn } from './cluster-options.ts';
import { CannotAnswer } from './exit.ts';
import { handOverIfLarge } from './hand-over.ts';
import { expectWork } from './long-work.ts';
import { choicesOf, type InputOptions, settledBy } from './options.ts';
import { type Report, withProgress } from './progress.ts';
import { stderr } from './terminal.ts';

/** What a command looks at. */
export interface Input {
  readonly objects: readonly KubernetesObject[];
  readonly choices: Choices;
  /** Choices that the user's network plugin is known to have made. */
  readonly settled: ReadonlySet<ChoiceName>;
}

/** Who is told of objects as they are read, with their manifests. */
export type Watching = Pick<ReadOptions, 'onObject' | 'onForeign'>;

/** Says something beside the answer, line by line. */
export type Say = (lines: Iterable<string>) => void | Promise<void>;

/**
 * Reads the objects that the options name, from files or from a cluster, and says on standard error what is wrong with them; an error among it
 * ends the command. Of a cluster only what the flows need is read, where flows are given. `onObject` is told of every sound object.
 */
export async function readInput(options: InputOptions, flows?: readonly Flow[], watching: Watching = {}): Promise<Input> {
  checkPodCidr(options);
  if (!isLive(options)) {
    const read = await readObjects(options, (lines) => stderr.print(lines), withProgress, watching);
    await noteSkipped(read);
    await noteAudited(read.objects);
    return read;
  }
  const choices = choicesOf(options);
  const { readLiveCluster } = await import('./live-cluster.ts');
  const { objects, diagnostics, notes } = await readLiveCluster(options, choices, { flows, ...watching });
  await sayDiagnostics(diagnostics, (lines) => stderr.print(lines), 'in the cluster');
  for (const text of notes) await note(text);
  await noteAudited(objects);
  return { objects, choices, settled: settledBy(options) };
}

/** What was in files and is not understood. */
export type Skipped = Pick<Manifests, 'skipped' | 'kustomizations'>;

/** Says how much of the input is not understood, if anything. */
export async function noteSkipped({ skipped, kustomizations }: Skipped): Promise<void> {
  if (skipped > 0) await note(`skipped ${count(skipped, 'document')} of kinds that Sallyport does not read`);
  for (const file of new Set(kustomizations))
    await note(`${file} is not applied, so what it adds and changes is missing: read what kubectl kustomize prints`);
}

/** Says that nobody is there to be connected: an answer about nobody could pass for one about pods that were forgotten. */
export async function noteNobody({ cluster }: Pick<Analysis, 'cluster'>): Promise<void> {
  if (podsOf(cluster).next().done)
    await note('there are no pods in what was read, and no workloads: add their manifests, or read a cluster');
}

/** Says whose addresses nobody knows: pods of the host's network have those of their node, and it is not known. */
export async function noteMadeUp(...analyses: readonly Pick<Analysis, 'cluster'>[]): Promise<void> {
  const strays = analyses.flatMap(({ cluster }) =>
    [...podsOf(cluster)].filter((pod) => pod.hostNetwork && pod.assumedAddress && !isFinished(pod)),
  );
  const names = new Set(strays.map((pod) => workloadId(pod) ?? podId(pod)));
  if (names.size > 0)
    await note(`with addresses made up, as those of their nodes are not known (add Nodes, and nodeName to pods): ${firstOf([...names])}`);
}

/** Says which cluster-wide policies are equal and say different things: an answer has them in the order of their names, which nobody may rely on. */
export async function noteTies({ model }: Pick<Analysis, 'model'>): Promise<void> {
  const pairs = Array.from(tiedPairs(model), (pair) =>
    pair
      .map(({ name }) => name)
      .sort()
      .join(' and '),
  );
  if (pairs.length > 0)
    await note(`equal in priority, so that which is asked first is not defined (here the first by name): ${firstOf(pairs)}`);
}

/** Says which policies are in audit: answers are those of what is enforced, as the agent does it. */
async function noteAudited(objects: readonly KubernetesObject[]): Promise<void> {
  const audited = auditedAmong(objects).map(kindAndName);
  if (audited.length > 0) await note(`in audit, and so not enforced: ${firstOf(audited)}`);
}

/** Some repositories have hundreds of them: they are named together. */
const isForeignPolicy = ({ code, severity }: Diagnostic): boolean => code === 'foreign-policy' && severity === 'warning';

/** The first of the names; more of them are counted. */
function firstOf(names: readonly string[]): string {
  const more = names.length - mostNamed;
  return more > 0 ? `${names.slice(0, mostNamed).join(', ')} and ${more} more` : names.join(', ');
}

/** More names than this are counted. */
const mostNamed = 5;

/** Says something that a reader of the answer should know. */
export const note = (text: string): Promise<void> => stderr.print([noteText(text)]);

const noteText = (text: string): string => stderr.style.palette.faint(`note: ${text}`);

/** Reads the input of a command that enforces: choices that can only be answered end it. */
export async function readEnforceable(options: InputOptions): Promise<Input> {
  const reason = unenforceableChoice(choicesOf(options));
  if (reason !== undefined) throw new CannotAnswer(reason);
  return readInput(options);
}

/**
 * Reads the objects of files, with addresses for pods without; also how many documents were skipped. An error of the input is thrown once all
 * are said. How far it is, is shown by `showing`, if at all.
 */
export async function readObjects(
  options: InputOptions,
  say: Say,
  showing: typeof withProgress = (_, work) => work(() => undefined),
  watching: Watching = {},
): Promise<Input & Skipped> {
  const { objects, diagnostics, ...rest } = await showing('reading files', (report) =>
    readManifests(filesOf(options), { ...manifestOptions(options, report), ...watching }),
  );
  await sayDiagnostics(diagnostics, say, 'in the input');
  return { objects: addressed(objects, options.podCidr), choices: choicesOf(options), settled: settledBy(options), ...rest };
}

/** How files are read as the options say, telling how far it is. */
export function manifestOptions(options: InputOptions, report: Report): ReadOptions {
  const { namespace } = options;
  const onFile = ({ path, index, count: all, characters }: FileProgress): void =>
    report(`reading files: ${index + 1} of ${all}, ${path}`, characters > longText);
  const onFound = (bytes: number): void => {
    handOverIfLarge(bytes);
    expectWork(bytes);
  };
  return { choices: choicesOf(options), onFound, onFile, ...(namespace !== undefined && { defaultNamespace: namespace }) };
}

/** A text that takes longer to read than one waits in silence. */
const longText = 4_000_000;

/** A wrong range is said before anything is read. */
export function checkPodCidr({ podCidr }: InputOptions): void {
  const wrong = podCidr?.find((text) => parseCidr(text) === undefined);
  if (wrong !== undefined) throw new CannotAnswer(`--pod-cidr: ${wrong} is no CIDR`);
  const families = podCidr?.map((text) => text.includes(':')) ?? [];
  if (new Set(families).size < families.length)
    throw new CannotAnswer('--pod-cidr: one range for each family can be given', 'give a larger one');
}

/** Says what is wrong with the input; an error ends the command, once all are said. */
export async function sayDiagnostics(diagnostics: readonly Diagnostic[], say: Say, where: string): Promise<void> {
  const textOf = fileTexts();
  const foreign = diagnostics.filter(isForeignPolicy);
  const others = diagnostics.filter((each) => !isForeignPolicy(each));
  for (const diagnostic of others.slice(0, mostShown)) await say(renderDiagnostic(diagnostic, stderr.style, textOf));
  if (others.length > mostShown) await say([`and ${others.length - mostShown} more`]);
  if (foreign.length > 0)
    await say([noteText(`not evaluated, though they decide about traffic: ${firstOf(foreign.map(({ object }) => object!))}`)]);
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  if (errors > 0) throw new CannotAnswer(`${count(errors, 'error')} ${where}; nothing was evaluated`);
}

/** Whether a cluster is to be read: no file is named. Both at once would be two answers. */
export function isLive(options: InputOptions): boolean {
  if (options.filename === undefined) return true;
  const flag = clusterFlagIn(options);
  if (flag !== undefined) throw new CannotAnswer(`-f reads files and ${flag} names a cluster: give one of them`);
  return false;
}

/** The paths that the options name, for commands that read no cluster. */
export function filesOf({ filename = [] }: InputOptions): readonly string[] {
  if (filename.length > 0) return filename;
  throw new CannotAnswer(
    'this command reads files: say with -f where the manifests are',
    'of a cluster: kubectl get namespaces,nodes,pods,services,endpointslices,networkpolicies -A -o yaml > cluster.yaml',
  );
}

/** Refuses to read standard input twice, for manifests and for flows. */
export function checkStandardInput(options: InputOptions & { readonly flows?: string }): void {
  if (options.flows === '-' && options.filename?.includes('-'))
    throw new CannotAnswer('standard input can be read once: -f - or --flows -, not both');
}

/** Of an input that is wrong from end to end, the first faults are enough. */
const mostShown = 100;

/** Finds the texts of files, for excerpts, each read once; standard input is gone. */
export function fileTexts(): (file: string) => string | undefined {
  const texts = new Map<string, string | undefined>();
  return (file) => {
    if (!texts.has(file)) texts.set(file, readIfPossible(file));
    return texts.get(file);
  };
}

function readIfPossible(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
