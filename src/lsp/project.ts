import type { ChoiceName, Choices } from '#core/api/choices.ts';
import type { Diagnostic } from '#core/api/diagnostic.ts';
import { type KubernetesObject, kindAndName, type ObjectId, type PolicyId, qualifiedName } from '#core/api/types.ts';
import { assignAddresses } from '#core/cluster/assign-addresses.ts';
import { applyChanges, type ClusterChange, clusterOf, findObject, idOf } from '#core/cluster/cluster.ts';
import type { RuleSeverities } from '#core/lint/configuration.ts';
import { LintContext } from '#core/lint/context.ts';
import type { Finding } from '#core/lint/finding.ts';
import { type LintStep, lint, lintInSteps, readerFindings } from '#core/lint/lint.ts';
import { Originals } from '#core/lint/originals.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { ManifestCollection } from '#manifest/collect.ts';
import { partsOf, readFile, type WorkspaceFile } from './file.ts';

/** What the network plugin is known to do. */
export interface Plugin {
  readonly choices: Choices;
  readonly settled: ReadonlySet<ChoiceName>;
}

/** What all files say together. */
interface Whole {
  readonly analysis: Analysis;
  readonly originals: Originals;
  /** What is wrong with them beside what is wrong with each: objects that are there twice. */
  readonly diagnostics: readonly Diagnostic[];
}

/** The files of one cluster. */
export class Project {
  readonly #plugin: Plugin;
  readonly #files = new Map<string, WorkspaceFile>();
  #severities: RuleSeverities = new Map();
  #whole: Whole | undefined;

  constructor(plugin: Plugin, severities?: RuleSeverities) {
    this.#plugin = plugin;
    this.configure(severities);
  }

  get files(): ReadonlyMap<string, WorkspaceFile> {
    return this.#files;
  }

  /** Says how bad findings are. */
  configure(severities: RuleSeverities = new Map()): void {
    this.#severities = severities;
  }

  /** Takes in a file, or what it says now. */
  async put(path: string, text: string): Promise<void> {
    const before = this.#files.get(path);
    if (before?.text === text) return;
    const file = await readFile(path, text, this.#plugin.choices, before);
    this.#files.set(path, file);
    this.#whole &&= this.#changed(this.#whole, path, before, file);
  }

  delete(path: string): void {
    if (this.#files.delete(path)) this.#whole = undefined;
  }

  /** The cluster as it is now. */
  get analysis(): Analysis {
    return this.#now().analysis;
  }

  /** What is wrong with the text of a file, and with its policies; what else there is to find is found with everything. */
  findingsIn(path: string): readonly Finding[] {
    const { policies } = this.#files.get(path)!;
    const found = policies.size === 0 ? [] : lint(this.#context(policies), { severities: this.#severities });
    return [...this.#readerFindings(path), ...found.filter(({ policy, source }) => source?.file === path && isOf(policies, policy))];
  }

  /** Everything that there is to find, with pauses: by file. */
  *findings(): Generator<LintStep, ReadonlyMap<string, readonly Finding[]>> {
    const found = yield* lintInSteps(this.#context(), { severities: this.#severities });
    const byFile = new Map<string, Finding[]>();
    for (const path of this.#files.keys()) byFile.set(path, this.#readerFindings(path));
    for (const finding of found) {
      const { source, policy } = finding;
      const file = source && this.#files.get(source.file);
      // Of what was there before the text was broken nobody knows where it stands.
      const isStale = file !== undefined && file.kept.length > 0 && !isOf(file.policies, policy);
      if (file !== undefined && !isStale) byFile.get(source!.file)!.push(finding);
    }
    return byFile;
  }

  #readerFindings(path: string): Finding[] {
    const ofAll = this.#now().diagnostics.filter(({ source }) => source?.file === path);
    return readerFindings([...this.#files.get(path)!.diagnostics, ...ofAll], { severities: this.#severities });
  }

  #context(about?: ReadonlySet<string>): LintContext {
    const { analysis, originals } = this.#now();
    return new LintContext(analysis, originals, about && { about });
  }

  #now(): Whole {
    this.#whole ??= this.#read();
    return this.#whole;
  }

  #read(): Whole {
    const { choices, settled } = this.#plugin;
    const collection = new ManifestCollection({ choices });
    for (const file of this.#files.values())
      for (const { document } of partsOf(file)) collection.addDocument({ ...document, diagnostics: [] }, 'skip');
    const { objects, diagnostics } = collection.finish();
    return { analysis: new Analysis(clusterOf(assignAddresses(objects)), choices, settled), originals: this.#originals(), diagnostics };
  }

  #originals(): Originals {
    const parts = [...this.#files.values()].flatMap(partsOf);
    return Originals.joined(parts.map(({ originals }) => originals));
  }

  /**
   * The whole with another file in the place of one, where that is quickly said: not where pods come or go, which have addresses of one another
   * and of nodes, and not where an object is there twice.
   */
  #changed(whole: Whole, path: string, old: WorkspaceFile | undefined, now: WorkspaceFile): Whole | undefined {
    const { cluster, model, settled } = whole.analysis;
    const [before, after] = [simpleObjectsIn(old), simpleObjectsIn(now)];
    if (before === undefined || after === undefined || whole.diagnostics.length > 0) return undefined;
    const titles = new Set(after.map(kindAndName));
    const isOfOther = (id: ObjectId): boolean => (findObject(cluster, id)?.source?.file ?? path) !== path;
    if (titles.size < after.length || after.some((object) => isOfOther(idOf(object)))) return undefined;
    const gone = before.filter((object) => !titles.has(kindAndName(object)));
    const changes: ClusterChange[] = [
      ...gone.map((object) => ({ type: 'delete' as const, id: idOf(object) })),
      ...after.map((object) => ({ type: 'put' as const, object })),
    ];
    model.update(changes);
    const analysis = new Analysis(applyChanges(cluster, changes), model.choices, settled, model);
    return { analysis, originals: this.#originals(), diagnostics: [] };
  }
}

const isOf = (policies: ReadonlySet<string>, policy: PolicyId | undefined): boolean =>
  policy !== undefined && policies.has(qualifiedName(policy));

/** The objects of a file of which none has a say in what others are. */
function simpleObjectsIn(file: WorkspaceFile | undefined): readonly KubernetesObject[] | undefined {
  const documents = partsOf(file).map(({ document }) => document);
  const objects = documents.flatMap((document) => document.objects);
  const isSimple =
    documents.every(({ workloads }) => workloads.length === 0) && objects.every(({ kind }) => kind !== 'Pod' && kind !== 'Node');
  return isSimple ? objects : undefined;
}
