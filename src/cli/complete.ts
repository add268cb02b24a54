import type { Command, Option } from 'commander';
import { choices } from '#core/api/choices.ts';
import type { KubernetesObject } from '#core/api/types.ts';
import { endpointNames } from './endpoint-names.ts';
import type { InputOptions } from './options.ts';
import { createProgram } from './program.ts';
import { stdout } from './terminal.ts';

/** What could stand where the last word is: the candidates, or file names of the shell's own finding. */
type Candidates = readonly Candidate[] | 'files';

/** A word with what it means. */
interface Candidate {
  readonly word: string;
  readonly description: string;
}

/**
 * Answers a shell: a line for each candidate, then `:4`, or `:0` where it shall offer file names, or `:6` where a word is only begun and no blank
 * comes after it. Source: cobra's `__complete`.
 */
export async function complete(words: readonly string[]): Promise<void> {
  const candidates = await candidatesOf(await createProgram(() => true), words);
  if (candidates === 'files') return stdout.print([':0']);
  const current = words.at(-1) ?? '';
  const fitting = candidates.filter(({ word }) => word.startsWith(current));
  const isBegun = fitting.length > 0 && fitting.every(({ word }) => /[/:]$/.test(word));
  await stdout.print([...fitting.map(({ word, description }) => `${word}\t${description}`), isBegun ? ':6' : ':4']);
}

/** The candidates for the last of the words that follow the program's name. */
async function candidatesOf(program: Command, words: readonly string[]): Promise<Candidates> {
  let command = program;
  let awaiting: Option | undefined;
  for (const word of words.slice(0, -1)) {
    if (awaiting !== undefined) awaiting = undefined;
    else if (word === '--') return 'files';
    else if (word.startsWith('-')) awaiting = optionAwaitingValue(command, word);
    else command = command.commands.find((candidate) => candidate.name() === word) ?? command;
  }
  const current = words.at(-1) ?? '';
  if (awaiting !== undefined) return valuesOf(command, awaiting, words);
  if (current.startsWith('-')) return [command, program].flatMap(optionsOf);
  if (['diff', 'from-flows'].includes(command.name())) return 'files';
  return [...command.commands.flatMap(commandCandidate), ...command.registeredArguments.flatMap(({ argChoices }) => wordsOf(argChoices))];
}

function optionAwaitingValue(command: Command, word: string): Option | undefined {
  if (word.includes('=')) return undefined;
  return command.options.find((option) => (option.short === word || option.long === word) && (option.required || option.optional));
}

const filesWanted = new Set([
  '--filename',
  '--with',
  '--flows',
  '--onto',
  '--kubeconfig',
  '--certificate-authority',
  '--client-certificate',
  '--client-key',
]);
const endpointsWanted = new Set(['--from', '--to', '--workload']);

async function valuesOf(command: Command, { long = '', argChoices }: Option, words: readonly string[]): Promise<Candidates> {
  if (filesWanted.has(long)) return 'files';
  if (long === '--set') return wordsOf(Object.entries(choices).flatMap(([name, values]) => values.map((value) => `${name}=${value}`)));
  const files = filesNamed(words);
  if (files.length > 0) {
    if (endpointsWanted.has(long)) return wordsOf([...(await namesIn(files, endpointNames)), 'internet', 'apiserver'].sort());
    return wordsOf(long === '--namespace' ? await namesIn(files, namespacesOf) : argChoices);
  }
  const readsClusters = command.options.some((option) => option.long === '--kubeconfig');
  if (!readsClusters || argChoices !== undefined) return wordsOf(argChoices);
  const { namesInCluster } = await import('./complete-cluster.ts');
  const what = endpointsWanted.has(long) ? 'endpoint' : long.slice(2);
  return wordsOf(await namesInCluster(what, words.at(-1) ?? '', optionsIn(command, words)));
}

/** The files that the words name with -f. */
const filesNamed = (words: readonly string[]): string[] =>
  words.filter((_, index) => ['-f', '--filename'].includes(words[index - 1] ?? ''));

/** The options that stand before the one that is being written, as far as they can be understood. */
function optionsIn(command: Command, words: readonly string[]): InputOptions {
  try {
    command.parseOptions(words.slice(words.indexOf(command.name()) + 1, -2));
  } catch {
    // What is at fault is for the command to say.
  }
  return command.opts();
}

/** What objects of the files give names, as far as they can be read; standard input is not the shell's to read. */
async function namesIn(files: readonly string[], namesOf: (object: KubernetesObject) => readonly string[]): Promise<string[]> {
  const { readManifests } = await import('#manifest/read.ts');
  const { objects } = await readManifests(files.filter((file) => file !== '-'));
  return [...new Set(objects.flatMap(namesOf))].sort();
}

const namespacesOf = (object: KubernetesObject): string[] => {
  if (object.kind === 'Namespace') return [object.name];
  return 'namespace' in object ? [object.namespace] : [];
};

const wordsOf = (words: readonly string[] = []): Candidate[] => words.map((word) => ({ word, description: '' }));

function optionsOf(command: Command): Candidate[] {
  return command.options.flatMap(({ long, short, hidden, description }) => (hidden ? [] : [{ word: long ?? short ?? '', description }]));
}

// Commander tells which commands are hidden only through its help.
const commandCandidate = (command: Command): Candidate[] => {
  const isShown = command.parent === null || command.createHelp().visibleCommands(command.parent).includes(command);
  return isShown ? [{ word: command.name(), description: command.summary() || command.description() }] : [];
};
