import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { buildOf } from './build.ts';
import { addPluginOptions, choicesOf, examples, type InputOptions, settledBy } from './options.ts';

/** `sallyport lsp`. */
export function define(command: Command): void {
  command
    .description(
      'A language server for editors, over standard input and output: what lint finds while you type, quick fixes, completion of the labels, ' +
        'namespaces and ports that there are, and which pods a selector selects. docs/editors.md has the settings of editors.\n\n' +
        'The manifests below a folder that the editor has open are one cluster; a folder in it with a .sallyport.yaml is another.',
    )
    .usage('[options]')
    // What many editors add by themselves. There is no other way.
    .addOption(new Option('--stdio', 'over standard input and output, as always').hideHelp());
  addPluginOptions(command);
  examples(command, ['sallyport lsp', 'sallyport lsp --profile cilium']);
  command.action(async (options: InputOptions) => {
    // The protocol is as large as all commands together: help and completion do without.
    const { serve } = await import('#lsp/server.ts');
    const plugin = { choices: choicesOf(options), settled: settledBy(options) };
    serve(process.stdin, process.stdout, { version: buildOf().version, plugin, pageOf: pagesIn(docs) });
  });
}

/** Where the pages of the rules are: beside the program that was built, or beside its sources. */
const docs = ['../docs/lint/', '../../docs/lint/'].map((path) => new URL(path, import.meta.url)).find((url) => existsSync(url));

const pagesIn =
  (folder: URL | undefined) =>
  (code: string): string | undefined =>
    folder && new URL(`${code}.md`, folder).href;
