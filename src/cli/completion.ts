import { Argument, type Command } from 'commander';
import { completionScript, type Shell, shells } from '#core/render/completion.ts';
import { answering } from './exit.ts';
import { examples } from './options.ts';
import { stdout } from './terminal.ts';

/** `sallyport completion SHELL`. */
export function define(command: Command): void {
  command
    .description('Prints the completion script of a shell. For `kubectl sallyport`, put kubectl_complete-sallyport into your PATH as well.')
    .addArgument(new Argument('<shell>', 'your shell').choices(shells));
  examples(command, ['source <(sallyport completion bash)', 'source <(sallyport completion zsh)', 'sallyport completion fish | source']);
  command.action(
    answering(async (shell: Shell) => {
      await stdout.write(completionScript(shell, 'sallyport'));
      return 0;
    }),
  );
}
