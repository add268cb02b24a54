import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import {
  CodeActionRequest,
  CompletionRequest,
  createProtocolConnection,
  DefinitionRequest,
  type Diagnostic,
  DidChangeTextDocumentNotification,
  DidChangeWatchedFilesNotification,
  DidCloseTextDocumentNotification,
  DidOpenTextDocumentNotification,
  ExitNotification,
  FileChangeType,
  HoverRequest,
  InitializedNotification,
  InitializeRequest,
  type InitializeResult,
  type MarkupContent,
  type Position,
  type ProtocolConnection,
  PublishDiagnosticsNotification,
  type Range,
  RegistrationRequest,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver-protocol/node';
import { TextDocument } from 'vscode-languageserver-textdocument';

/** An editor as far as a server sees it: a process is started, documents are opened and edited, questions are asked. */
export class Editor implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #connection: ProtocolConnection;
  readonly #documents = new Map<string, TextDocument>();
  readonly #diagnostics = new Map<string, readonly Diagnostic[]>();
  #told: (() => void)[] = [];
  server!: InitializeResult;

  private constructor(program: readonly [string, ...string[]]) {
    this.#process = spawn(program[0], [...program.slice(1), 'lsp', '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const connection = createProtocolConnection(
      new StreamMessageReader(this.#process.stdout!),
      new StreamMessageWriter(this.#process.stdin!),
    );
    this.#connection = connection;
    connection.onNotification(PublishDiagnosticsNotification.type, ({ uri, diagnostics }) => {
      this.#diagnostics.set(uri, diagnostics);
      for (const tell of this.#told) tell();
      this.#told = [];
    });
    connection.onRequest(RegistrationRequest.type, () => undefined);
    connection.listen();
  }

  /** Starts the server for some folders. */
  static async start(program: readonly [string, ...string[]], folders: readonly string[]): Promise<Editor> {
    const editor = new Editor(program);
    editor.server = await editor.#connection.sendRequest(InitializeRequest.type, {
      processId: process.pid,
      rootUri: null,
      workspaceFolders: folders.map((folder) => ({ uri: pathToFileURL(folder).href, name: folder })),
      capabilities: { workspace: { workspaceFolders: true, didChangeWatchedFiles: { dynamicRegistration: true } } },
    });
    await editor.#connection.sendNotification(InitializedNotification.type, {});
    return editor;
  }

  async open(uri: string, text: string): Promise<void> {
    this.#documents.set(uri, TextDocument.create(uri, 'yaml', 1, text));
    await this.#connection.sendNotification(DidOpenTextDocumentNotification.type, {
      textDocument: { uri, languageId: 'yaml', version: 1, text },
    });
  }

  /** Replaces the only place where `before` stands, as somebody who types does: by a range. */
  async replace(uri: string, before: string, after: string): Promise<void> {
    const document = this.#documents.get(uri)!;
    const at = document.getText().indexOf(before);
    if (at < 0) throw new Error(`${before} is not in ${uri}`);
    const range: Range = { start: document.positionAt(at), end: document.positionAt(at + before.length) };
    const contentChanges = [{ range, text: after }];
    const version = document.version + 1;
    this.#documents.set(uri, TextDocument.update(document, contentChanges, version));
    await this.#connection.sendNotification(DidChangeTextDocumentNotification.type, { textDocument: { uri, version }, contentChanges });
  }

  async close(uri: string): Promise<void> {
    await this.#connection.sendNotification(DidCloseTextDocumentNotification.type, { textDocument: { uri } });
  }

  async changedOnDisk(uri: string, type: FileChangeType = FileChangeType.Changed): Promise<void> {
    await this.#connection.sendNotification(DidChangeWatchedFilesNotification.type, { changes: [{ uri, type }] });
  }

  textOf(uri: string): string {
    return this.#documents.get(uri)!.getText();
  }

  /** What the server says is wrong with a document, once that is as wanted. */
  async diagnostics(uri: string, wanted: (diagnostics: readonly Diagnostic[]) => boolean): Promise<readonly Diagnostic[]> {
    const end = performance.now() + 20_000;
    for (;;) {
      const known = this.#diagnostics.get(uri) ?? [];
      if (wanted(known)) return known;
      if (performance.now() > end) throw new Error(`${uri}: ${known.map(({ message }) => message).join('; ') || 'no diagnostics'}`);
      await Promise.race([new Promise<void>((resolve) => this.#told.push(resolve)), new Promise((resolve) => setTimeout(resolve, 500))]);
    }
  }

  /** Once there is a diagnostic of a code in a document: that one. */
  async diagnostic(uri: string, code: string): Promise<Diagnostic> {
    const all = await this.diagnostics(uri, (diagnostics) => diagnostics.some((each) => each.code === code));
    return all.find((each) => each.code === code)!;
  }

  /** The position of `|` in a context that stands once in the document. */
  at(uri: string, context: string): Position {
    const document = this.#documents.get(uri)!;
    const at = document.getText().indexOf(context.replace('|', ''));
    if (at < 0) throw new Error(`${context} is not in ${uri}`);
    return document.positionAt(at + context.indexOf('|'));
  }

  async hover(uri: string, context: string): Promise<string | undefined> {
    const hover = await this.#connection.sendRequest(HoverRequest.type, this.#place(uri, context));
    return hover === null ? undefined : (hover.contents as MarkupContent).value;
  }

  /** The texts that are offered, each as the document would be with it around the place: with `|` where the cursor was. */
  async complete(uri: string, context: string): Promise<{ label: string; detail: string | undefined; line: string }[]> {
    const answer = await this.#connection.sendRequest(CompletionRequest.type, this.#place(uri, context));
    const items = Array.isArray(answer) ? answer : (answer?.items ?? []);
    const document = this.#documents.get(uri)!;
    return items.map(({ label, detail, textEdit }) => {
      const text = TextDocument.applyEdits(document, [textEdit as { range: Range; newText: string }]);
      return { label, detail, line: text.split(/\r?\n/)[this.at(uri, context).line]!.trim() };
    });
  }

  /** The places that something is defined at: `file:line`. */
  async define(uri: string, context: string): Promise<string[]> {
    const answer = await this.#connection.sendRequest(DefinitionRequest.type, this.#place(uri, context));
    return [answer ?? []]
      .flat()
      .map((each) => `${(each as { uri: string }).uri.split('/').at(-1)}:${(each as { range: Range }).range.start.line + 1}`);
  }

  /** The fixes that are offered at a diagnostic, each with the document that it makes. */
  async fixes(uri: string, diagnostic: Diagnostic): Promise<{ title: string; text: string }[]> {
    const { range } = diagnostic;
    const actions = await this.#connection.sendRequest(CodeActionRequest.type, {
      textDocument: { uri },
      range,
      context: { diagnostics: [diagnostic] },
    });
    return (actions ?? []).flatMap((action) => {
      const edits = 'edit' in action ? action.edit?.changes?.[uri] : undefined;
      return edits === undefined ? [] : [{ title: action.title, text: TextDocument.applyEdits(this.#documents.get(uri)!, edits) }];
    });
  }

  #place(uri: string, context: string) {
    return { textDocument: { uri }, position: this.at(uri, context) };
  }

  /** Says goodbye; the exit code of the server. */
  async quit(): Promise<number> {
    await this.#connection.sendRequest(ShutdownRequest.type);
    const exit = once(this.#process, 'exit');
    await this.#connection.sendNotification(ExitNotification.type);
    return Number((await exit)[0]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null) this.#process.kill();
    this.#connection.dispose();
  }
}
