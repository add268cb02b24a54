import type { Command } from 'commander';
import type { Connectivity } from '#core/connectivity/connectivity.ts';
import { Descriptions } from '#core/document/descriptions.ts';
import { documentationOf } from '#core/document/document.ts';
import type { Documentation } from '#core/document/documentation.ts';
import { documentationAnswer } from '#core/render/documentation-json.ts';
import { documentationMarkdown } from '#core/render/documentation-markdown.ts';
import { renderJson } from '#core/render/json.ts';
import { analysed } from './analysed.ts';
import { addClusterOptions } from './cluster-options.ts';
import { commentFinder } from './docs-comments.ts';
import { checkPages, writePages } from './docs-files.ts';
import { testedBy } from './docs-tests.ts';
import { answering, CannotAnswer, type ExitCode } from './exit.ts';
import { followed } from './followed.ts';
import { fileTexts, note, readInput } from './input.ts';
import { checkNamespaces, defaultNamespaceIn, type FilterOptions, namespacesOf } from './matrix-filter.ts';
import { addInputOptions, addOutputOption, collect, examples, type InputOptions } from './options.ts';
import { counting, isMuch, withProgress } from './progress.ts';
import { stdout } from './terminal.ts';

interface Options extends Omit<InputOptions, 'namespace' | 'allNamespaces'>, Pick<FilterOptions, 'namespace' | 'allNamespaces'> {
  readonly tests?: readonly string[];
  readonly out?: string;
  readonly check?: true;
  readonly output: 'text' | 'md' | 'json';
}

/** `sallyport docs`. */
export function define(command: Command): void {
  command
    .description(
      'Writes down in Markdown what policies mean: for every workload who may talk to it, whom it may talk to, on what and why, in plain ' +
        'sentences with a picture; what is not protected, and what no test asks about. Reasons are what objects say of themselves in annotations such as ' +
        'kubernetes.io/description, or in a comment above them (docs/docs.md).\n\n' +
        'Exit code 0: written; 1: with --check something is not as it would be written; 2: no answer.',
    )
    .usage('[-f <path>...] [options]')
    .option('--tests <path>', 'connectivity tests, to say what they leave untested; may be repeated', collect)
    .option('--out <path>', 'write a page for each namespace with an index into this directory, or all into this file if it ends in .md')
    .option('--check', 'write nothing, and fail if what is at --out is not what would be written');
  addInputOptions(command);
  addClusterOptions(command);
  addOutputOption(command, ['text', 'md', 'json']);
  examples(command, [
    'sallyport docs -f manifests/ > network-policy.md',
    'sallyport docs -f manifests/ --tests tests/ --out docs/network/',
    'sallyport docs -f manifests/ --tests tests/ --out docs/network/ --check',
    'sallyport docs -f manifests/ -n shop | less',
    'sallyport docs --context staging -n shop,blog --out staging.md',
  ]);
  command.action(answering(docs));
}

async function docs(options: Options): Promise<ExitCode> {
  const { out, check, output } = options;
  if (check && out === undefined) throw new CannotAnswer('--check compares with what is written: say with --out where');
  if (out !== undefined && output === 'json') throw new CannotAnswer('--out is for pages: -o json goes to standard output');
  if (options.tests?.includes('-') && options.filename?.includes('-'))
    throw new CannotAnswer('standard input can be read once: for --tests - or for -f -, not both');
  const documentation = await documentationAsked(options);
  if (out === undefined) {
    await stdout.print(output === 'json' ? renderJson(documentationAnswer(documentation)) : documentationMarkdown(documentation));
    return 0;
  }
  if (!check) {
    for (const text of writePages(documentation, out)) await note(text);
    return 0;
  }
  const stale = checkPages(documentation, out);
  await stdout.print(stale);
  return stale.length > 0 ? 1 : 0;
}

async function documentationAsked(options: Options): Promise<Documentation> {
  const { namespace, tests = [], ...others } = options;
  const descriptions = new Descriptions(commentFinder(fileTexts()));
  const reading = { ...others, ...defaultNamespaceIn(namespace) };
  const { objects, choices, settled } = await readInput(reading, undefined, { onObject: descriptions.onObject });
  const analysis = await analysed({ objects, choices, settled });
  const namespaces = namespacesOf(options);
  checkNamespaces([analysis.cluster], namespaces);
  const tested = tests.length === 0 ? undefined : await testedBy(tests, analysis, reading);
  return withProgress('working out who can reach whom', async (report) => {
    report('working out who can reach whom', isMuch(objects));
    const onSource = counting(report, 'working out who can reach whom', 'endpoints');
    const onNamespace = counting(report, 'writing', 'namespaces');
    const follow = (connectivity: Connectivity): Connectivity => followed(connectivity, onSource);
    return documentationOf(analysis, { descriptions, namespaces, onNamespace, follow, ...(tested && { tested }) });
  });
}
