import type { Command } from 'commander';
import { describeToday } from '#core/expect/describe-today.ts';
import { renderTestYaml } from '#core/render/test-yaml.ts';
import { analysed } from './analysed.ts';
import { addClusterOptions } from './cluster-options.ts';
import { answering, CannotAnswer, type ExitCode } from './exit.ts';
import { readInput } from './input.ts';
import { addInputOptions, examples, type InputOptions } from './options.ts';
import { counting, isMuch, withProgress } from './progress.ts';
import { stdout } from './terminal.ts';

interface Options extends InputOptions, Partial<Record<(typeof foreign)[number], true>> {
  readonly name: string;
}

/** `sallyport test init`. */
export function define(command: Command): void {
  command
    .description(
      'Writes tests for what holds today: what may reach each workload and what each may reach, and that nothing else may. They pass now, and ' +
        'fail after any change of policy that lets a pod do more or less. With -n only those of one namespace.',
    )
    .usage('[-f <path>...] [options]')
    .option('--name <name>', 'the name of the document', 'today');
  addInputOptions(command);
  addClusterOptions(command);
  examples(command, ['sallyport test init -f manifests/ > tests.yaml', 'sallyport test init --context staging -n shop > shop.yaml']);
  // The parser gives options that both commands have to the outer one.
  command.action(answering((_: Options, own: Command) => init(own.optsWithGlobals())));
}

/** Options of `test` that say nothing here. */
const foreign = ['coverage', 'mutate', 'lab', 'watch'] as const;

async function init(options: Options): Promise<ExitCode> {
  const stray = foreign.find((name) => options[name]);
  if (stray !== undefined) throw new CannotAnswer(`test init writes tests: --${stray} is for running them`);
  const { namespace, name } = options;
  const { objects, choices } = await readInput(options);
  const isShown = namespace === undefined || options.allNamespaces ? () => true : (id: string) => id.startsWith(`${namespace}/`);
  const analysis = await analysed({ objects, choices });
  const tests = await withProgress('writing tests', async (report) => {
    report('writing tests', isMuch(objects));
    return describeToday(analysis, ({ id }) => isShown(id), counting(report, 'writing tests', 'endpoints'));
  });
  if (tests.length === 0)
    throw new CannotAnswer(`there is no pod${namespace === undefined ? '' : ` in namespace ${namespace}`} to write a test for`);
  await stdout.print(renderTestYaml(name, 'What holds today, written by sallyport test init.', tests));
  return 0;
}
