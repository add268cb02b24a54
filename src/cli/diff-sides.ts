import { stat } from 'node:fs/promises';
import type { Diagnostic } from '#core/api/diagnostic.ts';
import type { KubernetesObject } from '#core/api/types.ts';
import { duplicateAddresses } from '#core/cluster/address-faults.ts';
import { joinObjects } from '#core/cluster/join-objects.ts';
import type { Manifests } from '#manifest/collect.ts';
import { GitFault, parseRevisions, repositoryOf } from '#manifest/git.ts';
import { type ReadOptions, readManifests } from '#manifest/read.ts';
import { type Revision, readRevision } from '#manifest/read-git.ts';
import { addressed } from './addressed.ts';
import { clusterFlagIn } from './cluster-options.ts';
import { CannotAnswer } from './exit.ts';
import { manifestOptions, note, noteSkipped, type Skipped, sayDiagnostics } from './input.ts';
import { choicesOf, type InputOptions } from './options.ts';
import { withProgress } from './progress.ts';
import { stderr } from './terminal.ts';

/** The options that say what is compared. */
export interface SideOptions extends InputOptions {
  readonly with?: readonly string[];
  readonly git?: string;
}

/** Where objects come from. */
type Source =
  | { readonly kind: 'cluster' }
  | { readonly kind: 'files'; readonly paths: readonly string[]; readonly isWorkingTree?: true }
  | { readonly kind: 'revision'; readonly revision: Revision; readonly paths: readonly string[] };

/** One side: its sources, each applied to those before it, and what it is called. */
interface Side {
  readonly name: string;
  readonly sources: readonly Source[];
}

type Sides = Readonly<Record<'before' | 'after', Side>>;

/** Both sides, read: the pods that both have got the same addresses. */
export type ReadSides = Readonly<Record<'before' | 'after', { readonly name: string; readonly objects: readonly KubernetesObject[] }>>;

/** Reads what is to be compared, each source once, and says what is wrong with it; an error among it ends the command. */
export async function readSides(options: SideOptions, old: string | undefined, now: string | undefined): Promise<ReadSides> {
  const { before, after } = await orCannotAnswer(() => sidesOf(options, old, now));
  checkClusterFlags(options, [...before.sources, ...after.sources]);
  const reader = new SourceReader(options);
  for (const source of [...before.sources, ...after.sources]) await reader.read(source);
  await reader.finish();
  const [olds, nows] = [before, after].map(({ sources }) => joinObjects(sources.map((source) => reader.objectsOf(source)))) as [
    readonly KubernetesObject[],
    readonly KubernetesObject[],
  ];
  refuseShared([
    { side: before, objects: olds },
    { side: after, objects: nows },
  ]);
  const objects = addressed(olds, options.podCidr);
  return {
    before: { name: before.name, objects },
    after: { name: after.name, objects: addressed(nows, options.podCidr, objects) },
  };
}

/** Sources may each be sound, and have pods of one address together. Of a cluster that has such pods for a moment it is said when it is read. */
function refuseShared(sides: readonly { readonly side: Side; readonly objects: readonly KubernetesObject[] }[]): void {
  const files = sides.filter(({ side }) => !side.sources.some(({ kind }) => kind === 'cluster'));
  const [shared] = files.flatMap(({ objects }) => duplicateAddresses(objects));
  if (shared !== undefined) throw new CannotAnswer(shared.message);
}

/** What the words and options mean. */
async function sidesOf(options: SideOptions, old: string | undefined, now: string | undefined): Promise<Sides> {
  const { filename, git } = options;
  const words = [old, now, ...(options.with ?? [])].flatMap((text) => text?.split('+') ?? []);
  if ([...words, ...(filename ?? [])].filter((word) => word === '-').length > 1)
    throw new CannotAnswer('standard input can be read once: only one of what is compared can be -');
  const beside = (options.with ?? []).flatMap(sourcesIn);
  const side = (name: string, sources: readonly Source[]): Side => ({ name, sources: [...beside, ...sources] });
  if (git !== undefined) {
    if (old !== undefined) throw new CannotAnswer(`--git says what is compared: say with -f which files, not ${old}`);
    return revisionSides(git, filename ?? ['.'], side);
  }
  if (old !== undefined) {
    if (now === undefined) throw new CannotAnswer(`compare ${old} with what? say OLD and NEW`, seeHelp);
    if (filename !== undefined)
      throw new CannotAnswer('OLD and NEW say what is compared, and so does -f', 'what stands beside both, such as the pods, is --with');
    return { before: side(old, sourcesIn(old)), after: side(now, sourcesIn(now)) };
  }
  if (filename === undefined) throw new CannotAnswer('nothing to compare: say OLD and NEW, --git or -f', seeHelp);
  const cluster: Source = { kind: 'cluster' };
  const files: Source = { kind: 'files', paths: filename };
  return { before: side('the cluster', [cluster]), after: side(`the cluster with ${filename.join(', ')}`, [cluster, files]) };
}

const seeHelp = 'examples: sallyport diff --help';

/** `cluster`, a path, or several of them, joined by `+`. */
const sourcesIn = (text: string): Source[] =>
  text.split('+').map((part) => (part === 'cluster' ? { kind: 'cluster' } : { kind: 'files', paths: [part] }));

async function revisionSides(
  git: string,
  paths: readonly string[],
  side: (name: string, sources: readonly Source[]) => Side,
): Promise<Sides> {
  if (paths.includes('-')) throw new CannotAnswer('standard input is in no revision: say with -f which files');
  if (/^[.\s]*$/.test(git)) throw new CannotAnswer(`--git ${JSON.stringify(git)} names no revision`, seeHelp);
  const repository = await repositoryOf(paths);
  const { before, after, names } = await parseRevisions(repository, git);
  const revision = (commit: string, name: string): Side =>
    side(name, [{ kind: 'revision', revision: { repository, commit, name }, paths }]);
  if (after === undefined)
    return { before: revision(before, names.before), after: side('the working tree', [{ kind: 'files', paths, isWorkingTree: true }]) };
  return { before: revision(before, names.before), after: revision(after, names.after!) };
}

/** Flags that name a cluster that is not looked at are a slip. */
function checkClusterFlags(options: SideOptions, sources: readonly Source[]): void {
  const flag = clusterFlagIn(options);
  if (flag !== undefined && !sources.some(({ kind }) => kind === 'cluster'))
    throw new CannotAnswer(`${flag} names a cluster, and none is compared`, 'say cluster for OLD, NEW or --with');
}

/** What git cannot do is no bug. */
async function orCannotAnswer<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof GitFault) throw new CannotAnswer(error.message, error.hint);
    throw error;
  }
}

/** Reads sources, each once. */
class SourceReader {
  readonly #options: SideOptions;
  readonly #objects = new Map<string, readonly KubernetesObject[]>();
  readonly #diagnostics: Diagnostic[] = [];
  readonly #notes: string[] = [];
  /** How many revisions and working trees were looked into, and for each path that is missing in one of them, in which. */
  #looked = 0;
  readonly #missing = new Map<string, string[]>();
  readonly #skipped: Skipped[] = [];

  constructor(options: SideOptions) {
    this.#options = options;
  }

  objectsOf(source: Source): readonly KubernetesObject[] {
    return this.#objects.get(keyOf(source))!;
  }

  async read(source: Source): Promise<void> {
    if (this.#objects.has(keyOf(source))) return;
    const objects = source.kind === 'cluster' ? await this.#readCluster() : await this.#readFiles(source);
    this.#objects.set(keyOf(source), objects);
  }

  async #readCluster(): Promise<readonly KubernetesObject[]> {
    const { readLiveCluster } = await import('./live-cluster.ts');
    const { objects, diagnostics, notes } = await readLiveCluster(this.#options, choicesOf(this.#options));
    this.#diagnostics.push(...diagnostics);
    this.#notes.push(...notes);
    return objects;
  }

  async #readFiles(source: Exclude<Source, { kind: 'cluster' }>): Promise<readonly KubernetesObject[]> {
    const { objects, diagnostics, ...rest } = await withProgress('reading files', async (report) => {
      const options = manifestOptions(this.#options, report);
      if (source.kind === 'revision') return this.#readRevision(source, options);
      return readManifests(source.isWorkingTree ? await this.#present(source.paths) : source.paths, options);
    });
    this.#diagnostics.push(...diagnostics);
    this.#skipped.push(rest);
    return objects;
  }

  async #readRevision({ revision, paths }: Extract<Source, { kind: 'revision' }>, options: ReadOptions): Promise<Manifests> {
    this.#looked++;
    const { missing, ...manifests } = await orCannotAnswer(() => readRevision(revision, paths, options));
    for (const path of missing) this.#noteMissing(path, revision.name);
    return manifests;
  }

  /** Of a working tree that is compared with a revision, the paths that are there: one may be gone since. */
  async #present(paths: readonly string[]): Promise<readonly string[]> {
    this.#looked++;
    const present: string[] = [];
    for (const path of paths) {
      if (await stat(path).then(Boolean, () => false)) present.push(path);
      else this.#noteMissing(path, 'the working tree');
    }
    return present;
  }

  #noteMissing(path: string, where: string): void {
    this.#missing.set(path, [...(this.#missing.get(path) ?? []), where]);
  }

  /** Says what was wrong with the sources and what of them was left out. */
  async finish(): Promise<void> {
    await sayDiagnostics(this.#diagnostics, (lines) => stderr.print(lines), 'in what is compared');
    for (const [path, places] of this.#missing) {
      // A path that is nowhere is a slip, and no difference.
      if (places.length === this.#looked)
        throw new CannotAnswer(places.length === 1 ? `${places[0]} does not have ${path}` : `neither ${places.join(' nor ')} has ${path}`);
      await note(`${places[0]} does not have ${path}`);
    }
    const skipped = this.#skipped.reduce((sum, side) => sum + side.skipped, 0);
    await noteSkipped({ skipped, kustomizations: this.#skipped.flatMap(({ kustomizations }) => kustomizations) });
    for (const text of this.#notes) await note(text);
  }
}

const keyOf = (source: Source): string => JSON.stringify(source);
