import type { Readable, Writable } from 'node:stream';
import {
  CodeActionKind,
  type Connection,
  createConnection,
  DidChangeWatchedFilesNotification,
  type InitializeParams,
  type InitializeResult,
  type Location,
  PositionEncodingKind,
  type TextDocumentPositionParams,
  TextDocumentSyncKind,
  TextDocuments,
} from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { sourceText } from '#core/api/diagnostic.ts';
import { Checker, type Publish } from './checker.ts';
import { candidatesFor } from './completion.ts';
import { fixesIn } from './diagnostics.ts';
import { type Field, fieldAt, fieldTyped } from './field.ts';
import { hoverText } from './hover.ts';
import { meaningOf, podsOfMeaning } from './meaning.ts';
import { locationOf, pathOf } from './places.ts';
import type { Plugin } from './project.ts';
import { Workspace } from './workspace.ts';

/** What a server is told by whoever starts it. */
export interface ServerOptions {
  readonly version: string;
  readonly plugin: Plugin;
  /** The page of a rule, where there is one. */
  readonly pageOf: (code: string) => string | undefined;
}

/** Serves an editor until it says goodbye, which ends the process. */
export function serve(input: Readable, output: Writable, options: ServerOptions): void {
  new Session(createConnection(input, output), options).listen();
}

/** What may be typed at once without a letter: names and values of labels. */
const triggers = [':', ' ', '-', '"', '/'];

/** One editor that is served. */
class Session {
  readonly #connection: Connection;
  readonly #options: ServerOptions;
  readonly #documents = new TextDocuments(TextDocument);
  readonly #checker: Checker;
  /** Addresses as the editor writes them, which may be other than we would. */
  readonly #uris = new Map<string, string>();
  #folders: readonly string[] = [];
  #canWatch = false;
  #canHearOfFolders = false;

  constructor(connection: Connection, options: ServerOptions) {
    this.#connection = connection;
    this.#options = options;
    const publish: Publish = (uri, diagnostics) =>
      void connection.sendDiagnostics({ uri: this.#uris.get(pathOf(uri)) ?? uri, diagnostics: [...diagnostics] });
    this.#checker = new Checker(new Workspace(options.plugin), publish, options);
  }

  listen(): void {
    const connection = this.#connection;
    connection.onInitialize((params) => this.#initialize(params));
    connection.onInitialized(() => this.#start());
    connection.onDidChangeWatchedFiles(({ changes }) =>
      this.#checker.change(async (workspace) => {
        for (const { uri } of changes) await workspace.refresh(pathOf(uri));
      }),
    );
    connection.onHover((at) => this.#hover(at));
    connection.onCompletion((at) => this.#complete(at));
    connection.onDefinition((at) => this.#define(at));
    connection.onCodeAction(async ({ textDocument: { uri }, range, context }) => {
      await this.#checker.settled();
      const path = pathOf(uri);
      const text = this.#documents.get(uri)?.getText();
      return text === undefined ? [] : fixesIn(uri, this.#checker.findingsIn(path), text, range, context.diagnostics);
    });
    this.#documents.onDidChangeContent(({ document }) => {
      const path = pathOf(document.uri);
      this.#uris.set(path, document.uri);
      this.#checker.edit(path, document.getText());
    });
    this.#documents.onDidClose(({ document }) => {
      void this.#checker.settled();
      void this.#checker.change((workspace) => workspace.close(pathOf(document.uri)));
    });
    this.#documents.listen(connection);
    connection.listen();
  }

  #initialize({ capabilities, workspaceFolders, rootUri }: InitializeParams): InitializeResult {
    const { workspace } = capabilities;
    this.#canWatch = workspace?.didChangeWatchedFiles?.dynamicRegistration ?? false;
    this.#canHearOfFolders = workspace?.workspaceFolders ?? false;
    const folders = workspaceFolders?.map(({ uri }) => uri) ?? (rootUri == null ? [] : [rootUri]);
    this.#folders = folders.map(folderOf);
    return {
      serverInfo: { name: 'sallyport', version: this.#options.version },
      capabilities: {
        positionEncoding: PositionEncodingKind.UTF16,
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: false },
        hoverProvider: true,
        definitionProvider: true,
        completionProvider: { triggerCharacters: triggers },
        codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix, `${CodeActionKind.SourceFixAll}.sallyport`] },
        workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
      },
    };
  }

  async #start(): Promise<void> {
    const folders = this.#folders;
    const read = this.#checker.change(async (workspace) => {
      for (const folder of folders) await workspace.addFolder(folder);
    });
    if (this.#canWatch)
      await this.#connection.client.register(DidChangeWatchedFilesNotification.type, {
        watchers: [{ globPattern: '**/*.{yaml,yml,json}' }],
      });
    if (this.#canHearOfFolders)
      this.#connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) =>
        this.#checker.change(async (workspace) => {
          for (const { uri } of removed) await workspace.removeFolder(folderOf(uri));
          for (const { uri } of added) await workspace.addFolder(folderOf(uri));
        }),
      );
    await read;
  }

  /** The field at a position, by a way of finding it, with the cluster that its file belongs to. */
  async #at<F extends Field>(
    { textDocument: { uri }, position }: TextDocumentPositionParams,
    find: (text: string, offset: number) => F | undefined,
  ) {
    const workspace = await this.#checker.settled();
    const document = this.#documents.get(uri);
    const field = document && find(document.getText(), document.offsetAt(position));
    if (document === undefined || field === undefined) return undefined;
    return { document, field, analysis: workspace.projectOf(pathOf(uri)).analysis, workspace };
  }

  async #hover(at: TextDocumentPositionParams) {
    const found = await this.#at(at, fieldAt);
    const meaning = found && meaningOf(found.analysis, found.field);
    if (meaning === undefined) return null;
    const { document, field, analysis } = found!;
    const range = field.end > field.start && { start: document.positionAt(field.start), end: document.positionAt(field.end) };
    return { contents: { kind: 'markdown' as const, value: hoverText(analysis, meaning) }, ...(range && { range }) };
  }

  async #complete(at: TextDocumentPositionParams) {
    const found = await this.#at(at, fieldTyped);
    if (found === undefined) return [];
    const { document, field, analysis } = found;
    const range = { start: document.positionAt(field.start), end: document.positionAt(field.end) };
    return candidatesFor(analysis, field).map(({ written, ...item }) => ({ ...item, textEdit: { range, newText: written ?? item.label } }));
  }

  async #define(at: TextDocumentPositionParams): Promise<Location[]> {
    const found = await this.#at(at, fieldAt);
    const meaning = found && meaningOf(found.analysis, found.field);
    if (meaning === undefined) return [];
    const sources = podsOfMeaning(meaning).flatMap(({ source }) => source ?? []);
    const places = new Map(sources.map((source) => [sourceText(source), source]));
    return Array.from(places.values(), (source) => locationOf(source, (path) => found!.workspace.textOf(path)));
  }
}

const folderOf = (uri: string): string => pathOf(uri).replace(/(?<=.)\/$/, '');
