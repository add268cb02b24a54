import type { Command } from 'commander';
import { renderIndentedJson } from '#core/render/json.ts';
import { renderTriedFlows } from '#core/render/lab.ts';
import { askLab, runningLabs } from '#lab/control.ts';
import { endLab, execInLab } from '#lab/exec.ts';
import { addConnectionOptions, type ConnectionOptions, connectionOf } from './connection-options.ts';
import { answering, CannotAnswer, type ExitCode, messageOf } from './exit.ts';
import { addNameOption, labDirectory } from './lab-session.ts';
import { addOutputOption, examples } from './options.ts';
import { stdout } from './terminal.ts';

interface NameOption {
  readonly name: string;
}

/** `sallyport lab probe`. */
export function defineProbe(command: Command): void {
  command
    .description(
      'Tries one connection with real packets in a lab that is up, and compares with the verdict.\n\n' +
        'Exit code 0: it was let through; 1: it was denied; 2: neither could be seen.',
    )
    .usage('--from <endpoint> --to <endpoint> --port <port> [options]');
  addConnectionOptions(command);
  addNameOption(command);
  addOutputOption(command, ['text', 'json']);
  examples(command, [
    'sallyport lab probe --from shop/client --to shop/web --port 8080',
    'sallyport lab probe --from 203.0.113.10 --to shop/service/web --port UDP/53 -o json',
  ]);
  command.action(answering(probe));
}

async function probe(options: ConnectionOptions & NameOption & { readonly output: 'text' | 'json' }): Promise<ExitCode> {
  const flow = connectionOf(options);
  const result = await ask(askLab(labDirectory(), options.name, { request: 'probe', flow }));
  await stdout.print(options.output === 'json' ? renderIndentedJson(result) : renderTriedFlows([result], stdout.style));
  return ({ allow: 0, deny: 1, error: 2, skipped: 2 } as const)[result.observed];
}

/** `sallyport lab exec`. */
export function defineExec(command: Command): void {
  command
    .description(
      'Runs a command in the network of a pod, with the files of this machine. Exit code: that of the command; 2 where it could not be run.',
    )
    .usage('[options] <place> -- <command> [word...]')
    .argument('<place>', 'namespace/pod, node:NAME, or outside')
    .argument('<command...>', 'the command and its words, after --');
  addNameOption(command);
  examples(command, [
    'sallyport lab exec shop/web-0 -- ip address',
    'sallyport lab exec shop/client -- nc -vz 10.244.0.7 8080',
    'sallyport lab exec node:node-1 -- nft list table inet sallyport',
  ]);
  command.action(
    answering((place: string, words: readonly string[], { name }: NameOption) => ask(execInLab(labDirectory(), name, place, words))),
  );
}

/** `sallyport lab down`. */
export function defineDown(command: Command): void {
  command.description('Ends a lab that is up; nothing of it is left.').option('--all', 'end all your labs');
  addNameOption(command);
  examples(command, ['sallyport lab down', 'sallyport lab down --name second', 'sallyport lab down --all']);
  command.action(
    answering(async ({ name, all }: NameOption & { readonly all?: true }) => {
      const directory = labDirectory();
      for (const each of all ? await runningLabs(directory) : [name]) await ask(endLab(directory, each));
      return 0;
    }),
  );
}

/** What the lab says against a request is why there is no answer. */
function ask<T>(answer: Promise<T>): Promise<T> {
  return answer.catch((error: unknown) => {
    throw new CannotAnswer(messageOf(error));
  });
}
