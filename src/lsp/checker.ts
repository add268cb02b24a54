import { setImmediate as turn } from 'node:timers/promises';
import type { Diagnostic } from 'vscode-languageserver/node';
import type { Finding } from '#core/lint/finding.ts';
import { diagnosticsOf, type Showing } from './diagnostics.ts';
import { uriOf } from './places.ts';
import type { Project } from './project.ts';
import type { Workspace } from './workspace.ts';

/** How long nobody may type until a file is looked at, and until everything is, in milliseconds. */
const pauses = { file: 40, all: 300 };

/** Hands the diagnostics of a document to the editor. */
export type Publish = (uri: string, diagnostics: readonly Diagnostic[]) => void;

/**
 * Keeps what an editor is told up to date: soon after an edit what is wrong with that file, and when nobody types what is wrong anywhere.
 * Changes are taken in one after the other; looking for findings makes way for them.
 */
export class Checker {
  readonly #workspace: Workspace;
  readonly #publish: Publish;
  readonly #showing: Showing;
  #queue: Promise<unknown> = Promise.resolve();
  #edits = new Map<string, string>();
  #timers: { file?: NodeJS.Timeout; all?: NodeJS.Timeout } = {};
  /** What the editor knows, by file. */
  readonly #told = new Map<string, string>();
  /** What was found last, by file. */
  readonly #findings = new Map<string, readonly Finding[]>();
  #generation = 0;

  constructor(workspace: Workspace, publish: Publish, showing: Pick<Showing, 'pageOf'>) {
    this.#workspace = workspace;
    this.#publish = publish;
    this.#showing = { ...showing, textOf: (path) => workspace.textOf(path) };
  }

  /** A document says something else. */
  edit(path: string, text: string): void {
    this.#edits.set(path, text);
    this.#generation++;
    clearTimeout(this.#timers.file);
    this.#timers.file = setTimeout(() => void this.settled(), pauses.file);
  }

  /** The workspace is to be changed: folders, files on the disk. */
  change(work: (workspace: Workspace) => Promise<void>): Promise<void> {
    this.#generation++;
    const done = this.#queue.then(() => work(this.#workspace));
    this.#queue = done.catch(() => undefined).then(() => this.#lookAtAllSoon());
    return done;
  }

  /** Once everything that was typed is taken in: the workspace. */
  async settled(): Promise<Workspace> {
    clearTimeout(this.#timers.file);
    this.#queue = this.#queue.then(() => this.#takeEdits());
    await this.#queue;
    return this.#workspace;
  }

  /** What was found in a file. */
  findingsIn(path: string): readonly Finding[] {
    return this.#findings.get(path) ?? [];
  }

  async #takeEdits(): Promise<void> {
    const edits = this.#edits;
    if (edits.size === 0) return;
    this.#edits = new Map();
    for (const [path, text] of edits) await this.#workspace.edit(path, text);
    for (const path of edits.keys()) {
      const project = this.#workspace.projectOf(path);
      if (project.files.has(path)) this.#tell(path, project.findingsIn(path));
    }
    this.#lookAtAllSoon();
  }

  #lookAtAllSoon(): void {
    clearTimeout(this.#timers.all);
    this.#timers.all = setTimeout(() => void this.#lookAtAll(), pauses.all);
  }

  async #lookAtAll(): Promise<void> {
    const found = new Map<string, readonly Finding[]>();
    for (const project of this.#workspace.projects) {
      const ofProject = await this.#findingsOf(project);
      // Whoever types is answered first, and then everything is looked at again.
      if (ofProject === undefined) return;
      for (const [path, findings] of ofProject) found.set(path, findings);
    }
    for (const { path, faults } of this.#workspace.configurations()) found.set(path, faults);
    for (const path of this.#told.keys()) if (!found.has(path)) found.set(path, []);
    for (const [path, findings] of found) this.#tell(path, findings);
  }

  /** Everything that there is to find; undefined when it is no longer what there is. */
  async #findingsOf(project: Project): Promise<ReadonlyMap<string, readonly Finding[]> | undefined> {
    const generation = this.#generation;
    const steps = project.findings();
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done) return step.value;
      await turn();
      if (this.#generation !== generation) return undefined;
    }
  }

  #tell(path: string, findings: readonly Finding[]): void {
    this.#findings.set(path, findings);
    const text = this.#workspace.textOf(path) ?? '';
    const diagnostics = diagnosticsOf(findings, text, this.#showing);
    const told = JSON.stringify(diagnostics);
    if ((this.#told.get(path) ?? '[]') === told) return;
    this.#told.set(path, told);
    this.#publish(uriOf(path), diagnostics);
  }
}
