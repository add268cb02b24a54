import type { Command } from 'commander';
import { renderJson } from '#core/render/json.ts';
import { buildOf } from './build.ts';
import { answering } from './exit.ts';
import { addOutputOption, examples } from './options.ts';
import { stdout } from './terminal.ts';

/** `sallyport version`. */
export function define(command: Command): void {
  command.description(
    'Prints the version of Sallyport, the commit it was built from, and what runs it: Node, or the Bun of the executable.',
  );
  addOutputOption(command, ['text', 'json']);
  examples(command, ['sallyport version', 'sallyport version -o json']);
  command.action(
    answering(async ({ output }: { output: 'text' | 'json' }) => {
      const { bun } = process.versions;
      const build = { ...buildOf(), node: process.version, ...(bun && { bun }), platform: `${process.platform}-${process.arch}` };
      const commit = build.commit === undefined ? '' : ` (${build.commit})`;
      await stdout.print(
        output === 'json'
          ? renderJson(build)
          : [`sallyport ${build.version}${commit}, ${bun ? `Bun ${bun}` : `Node ${build.node}`}, ${build.platform}`],
      );
      return 0;
    }),
  );
}
