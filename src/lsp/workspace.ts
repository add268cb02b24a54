import { basename, dirname, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { configurationFile, configurationOf, type RuleSeverities } from '#core/lint/configuration.ts';
import type { Finding } from '#core/lint/finding.ts';
import { readerFindings } from '#core/lint/lint.ts';
import { extensions, findFiles, readText } from '#manifest/files.ts';
import { parseDocuments } from '#manifest/parse.ts';
import { type Plugin, Project } from './project.ts';

/** Nobody writes manifests that are larger, in bytes; what a program wrote is not read while one types. */
const largestFile = 16 * 1024 * 1024;

/** What others wrote, and what no manifest is. */
const isForeign = (path: string): boolean => path.includes('/node_modules/') || !extensions.test(path);

const isConfiguration = (path: string): boolean => basename(path) === configurationFile;

/**
 * The folders that an editor has open. The manifests below a folder are one cluster; a folder in it that has a configuration of its own is
 * another. A file outside of them stands for itself.
 */
export class Workspace {
  readonly #plugin: Plugin;
  readonly #folders = new Set<string>();
  readonly #projects = new Map<string, Project>();
  /** The configurations by their folders, each with its text. */
  readonly #configurations = new Map<
    string,
    { readonly severities: RuleSeverities; readonly faults: readonly Finding[]; readonly text: string }
  >();
  /** Files that are being edited: what they hold on the disk does not count. */
  readonly #open = new Set<string>();

  constructor(plugin: Plugin) {
    this.#plugin = plugin;
  }

  get projects(): Iterable<Project> {
    return this.#projects.values();
  }

  /** What is wrong with the configurations, by their files. */
  *configurations(): Iterable<{ readonly path: string; readonly faults: readonly Finding[] }> {
    for (const [folder, { faults }] of this.#configurations) yield { path: join(folder, configurationFile), faults };
  }

  /** What a file says, as far as it is known. */
  textOf(path: string): string | undefined {
    return isConfiguration(path) ? this.#configurations.get(dirname(path))?.text : this.projectOf(path).files.get(path)?.text;
  }

  /** The cluster that a file belongs to. */
  projectOf(path: string): Project {
    const root = this.#rootOf(path);
    let project = this.#projects.get(root);
    if (project === undefined) {
      project = new Project(this.#plugin, this.#configurations.get(root)?.severities);
      this.#projects.set(root, project);
    }
    return project;
  }

  async addFolder(folder: string): Promise<void> {
    this.#folders.add(folder);
    const { files } = findFiles([folder]);
    // Which folders are clusters of their own is to be known before their files are.
    const paths = files.map(({ path }) => path).sort((a, b) => Number(isConfiguration(b)) - Number(isConfiguration(a)));
    for (const path of paths) {
      await this.refresh(path);
      // Files are read at once: requests have their turn between two.
      await turn();
    }
    await this.#moveFiles();
  }

  async removeFolder(folder: string): Promise<void> {
    this.#folders.delete(folder);
    const isOf = (path: string): boolean => path.startsWith(`${folder}/`) && !this.#open.has(path);
    for (const { files } of this.#projects.values()) for (const path of files.keys()) if (isOf(path)) this.projectOf(path).delete(path);
    await this.#moveFiles();
  }

  /** Takes in what a file that is being edited says now. */
  async edit(path: string, text: string): Promise<void> {
    this.#open.add(path);
    await this.#take(path, text);
  }

  /** Takes in what a file that is no longer being edited has on the disk. */
  async close(path: string): Promise<void> {
    this.#open.delete(path);
    await this.refresh(path);
  }

  /** Takes in what became of a file on the disk. */
  async refresh(path: string): Promise<void> {
    if (this.#open.has(path)) return;
    const isWanted = this.#rootOf(path) !== path && !isForeign(path);
    const text = isWanted ? await readText({ path, named: false }, undefined, largestFile) : undefined;
    if (typeof text === 'string') await this.#take(path, text);
    else if (isConfiguration(path)) await this.#configure(path, undefined);
    else this.projectOf(path).delete(path);
  }

  #take(path: string, text: string): Promise<void> {
    return isConfiguration(path) ? this.#configure(path, text) : this.projectOf(path).put(path, text);
  }

  async #configure(path: string, text: string | undefined): Promise<void> {
    const folder = dirname(path);
    if (text === undefined) this.#configurations.delete(folder);
    else this.#configurations.set(folder, { ...(await configured(path, text)), text });
    this.#projects.get(folder)?.configure(this.#configurations.get(folder)?.severities);
    await this.#moveFiles();
  }

  /** Files go to the clusters that they belong to now. */
  async #moveFiles(): Promise<void> {
    for (const project of [...this.#projects.values()])
      for (const [path, { text }] of [...project.files]) {
        if (this.projectOf(path) === project) continue;
        project.delete(path);
        await this.projectOf(path).put(path, text);
      }
    for (const [root, { files }] of this.#projects) if (files.size === 0) this.#projects.delete(root);
  }

  /** The folder that is the cluster of a file; the file itself where it is in no folder. */
  #rootOf(path: string): string {
    const folder = [...this.#folders].filter((each) => path.startsWith(`${each}/`)).sort((a, b) => b.length - a.length)[0];
    if (folder === undefined) return path;
    let at = dirname(path);
    while (at !== folder && !this.#configurations.has(at)) at = dirname(at);
    return at;
  }
}

/** What a configuration says; of a faulty one nothing but the fault. */
async function configured(path: string, text: string): Promise<{ severities: RuleSeverities; faults: readonly Finding[] }> {
  const [document] = await Array.fromAsync(parseDocuments(text, path));
  const faults = readerFindings(document?.diagnostics ?? []);
  if (faults.length > 0) return { severities: new Map(), faults };
  const severities = configurationOf(document?.value);
  if (severities instanceof Map) return { severities, faults };
  const { error: message } = severities as { readonly error: string };
  const source = { file: path, line: 1, column: 1 };
  return { severities: new Map(), faults: [{ code: 'unreadable-input', severity: 'error', message, source }] };
}
