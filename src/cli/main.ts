import { CommanderError } from 'commander';
import { CannotAnswer, messageOf } from './exit.ts';
import { helpWords, programFor } from './program.ts';
import { stderr, stdout } from './terminal.ts';

/** Does what the words of the command line say; the exit code is the process's. */
export async function main(): Promise<void> {
  const given = process.argv.slice(2);
  const words = given[0] === 'help' && given.length > 1 ? helpWords(given.slice(1)) : given;

  // A fault that nobody waits for is a bug, too, and no answer: Node's own exit code for it would mean `no`.
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (thrown: unknown) => {
      void explain(thrown).finally(() => process.exit(2));
    });
  }

  let help: Promise<void> | undefined;
  const writeHelp = (text: string): void => {
    help = stdout.write(text);
  };
  try {
    // A shell asks with words that are not finished: they are not for the parser.
    if (words[0] === '__complete') {
      await (await import('./complete.ts')).complete(words.slice(1));
      // Whatever is still under way was not worth waiting for.
      process.exit();
    }
    await (await programFor(words, writeHelp)).parseAsync(words, { from: 'user' });
  } catch (thrown) {
    // Commander throws for a help that it has shown; one that could not be written was not.
    const fault = await (help ?? Promise.resolve()).then(
      () => thrown,
      (unwritten: unknown) => unwritten,
    );
    process.exitCode = await explain(fault).catch(() => 2);
  }

  // The process of a lab hears from the one that started it, which would keep it alive.
  if (process.connected) process.exit();
}

/** Says why there is no answer. Commander has said its own already. */
async function explain(thrown: unknown): Promise<number> {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
  const { palette } = stderr.style;
  if (thrown instanceof CannotAnswer) {
    await stderr.print([`${palette.deny('error')}: ${thrown.message}`, ...(thrown.hint === undefined ? [] : [thrown.hint])]);
    return 2;
  }
  const trace = thrown instanceof Error ? (thrown.stack ?? thrown.message) : messageOf(thrown);
  await stderr.print([`${palette.deny('error')}: this is a bug in sallyport, please report it:`, trace]);
  return 2;
}
