import type { Command } from 'commander';
import { openKernel } from '#agent/nft-kernel.ts';
import { uninstall } from '#agent/uninstall.ts';
import { renderJson } from '#core/render/json.ts';
import { MissingNeed } from '#dataplane/need.ts';
import { addMarkMaskOption } from './agent.ts';
import { answering, CannotAnswer, type ExitCode } from './exit.ts';
import { addOutputOption, examples } from './options.ts';
import { stdout } from './terminal.ts';

interface Options {
  readonly markMask: number;
  readonly output: 'text' | 'json';
}

/** `sallyport uninstall`. */
export function define(command: Command): void {
  command.description(
    'Takes everything of Sallyport off this node: its table, and its bits in the marks of live connections. From then on nothing is restricted here. ' +
      'Stop the agent first: it would put everything back.',
  );
  addMarkMaskOption(command);
  addOutputOption(command, ['text', 'json']);
  examples(command, ['sallyport uninstall', 'sallyport uninstall -o json']);
  command.action(answering(runUninstall));
}

async function runUninstall({ markMask, output }: Options): Promise<ExitCode> {
  const kernel = openKernel();
  try {
    const removed = await uninstall(kernel, markMask);
    if (output === 'json') await stdout.print(renderJson({ removed }));
    else await stdout.print([removed ? 'removed: nothing is restricted on this node any more' : 'there was nothing to remove']);
    return 0;
  } catch (error) {
    if (error instanceof MissingNeed) throw new CannotAnswer(error.message);
    throw error;
  } finally {
    kernel.close();
  }
}
