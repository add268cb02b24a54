import { Command } from 'commander';
import { buildOf } from './build.ts';
import { called } from './called.ts';
import { type Entry, entries } from './commands.ts';

/** The command that the words call, if they do: `check` of `sallyport check …`. */
function calledOf(words: readonly string[]): Entry | undefined {
  const name = words.find((word) => !word.startsWith('-'));
  return entries.find((entry) => entry.name === name);
}

/** The program with its commands; those that `isNeeded` are loaded, the others stand there with name and summary. Help goes to `writeHelp`. */
export async function createProgram(isNeeded: (entry: Entry) => boolean, writeHelp?: (text: string) => void): Promise<Command> {
  const program = new Command(called)
    .configureOutput(writeHelp === undefined ? {} : { writeOut: writeHelp })
    .description('Kubernetes network policy, enforced and explained.')
    .usage('<command> [options]')
    .version(buildOf().version, '--version', 'the version')
    .option('--no-color', 'no colour, even on a terminal')
    .helpOption('-h, --help', `this help; ${called} help <command> shows the options of a command, with examples`)
    .helpCommand('help [command]', 'the options of a command, with examples')
    .exitOverride();
  for (const entry of entries) {
    const command = program
      .command(entry.name, entry.hidden ? { hidden: true } : {})
      .summary(entry.summary)
      .helpOption('-h, --help', 'this help');
    if (!isNeeded(entry)) continue;
    (await entry.load()).define(command);
    refuseRepetitions(command);
  }
  return program;
}

/** What is asked about: of two values the first would be dropped, and the answer would be about something else than was asked. */
const single: ReadonlySet<string> = new Set(['--from', '--to', '--port', '--protocol', '--direction', '--namespace', '--git']);

/** Other options may be said again, as for a shell's alias: the last one counts. */
function refuseRepetitions(command: Command): void {
  for (const option of command.options) {
    let isSaid = false;
    if (option.long !== undefined && single.has(option.long))
      command.on(`option:${option.name()}`, () => {
        if (isSaid) command.error(`error: option '${option.flags}' is there twice; say it once`);
        isSaid = true;
      });
  }
  command.commands.forEach(refuseRepetitions);
}

/** The program for these words. */
export function programFor(words: readonly string[], writeHelp: (text: string) => void): Promise<Command> {
  const called = calledOf(words);
  return createProgram((entry) => entry === called, writeHelp);
}

/** `lab run --help` for `help lab run`. What is no command stays as it is, for the error to say so. */
export function helpWords(words: readonly string[]): string[] {
  return calledOf(words) === undefined ? [...words] : [...words, '--help'];
}
