import type { Command } from 'commander';
import { renderJson } from '#core/render/json.ts';
import { renderTally, renderTriedCrowd, renderTriedFlows } from '#core/render/lab.ts';
import { Lab } from '#lab/lab.ts';
import { Session } from '#lab/session.ts';
import { answering, type ExitCode } from './exit.ts';
import { readFlows } from './flows.ts';
import { checkStandardInput, filesOf, readEnforceable } from './input.ts';
import {
  addLabOptions,
  checkSize,
  eventText,
  failuresOf,
  inOwnNamespaces,
  type LabOptions,
  tellProblems,
  unanswered,
} from './lab-session.ts';
import { addInputOptions, addOutputOption, examples } from './options.ts';
import { stderr, stdout } from './terminal.ts';

interface Options extends LabOptions {
  readonly output: 'text' | 'json';
}

/** `sallyport lab run`. */
export function define(command: Command): void {
  command
    .description(
      'Brings the cluster up on this machine, tries connections with real packets, compares what they did with the verdicts, and goes. Tried is ' +
        'every ordered pair of pods, nodes and hosts outside on every port that the destination declares, or exactly the flows of --flows.\n\n' +
        'Each path is proved before any policy is there; a deny is one that a node has recorded.\n\n' +
        'Exit code 0: packets did what the verdicts say; 1: they did not; 2: no answer.',
    )
    .usage('-f <path>... [options]');
  addLabOptions(command);
  addInputOptions(command);
  addOutputOption(command, ['text', 'json']);
  examples(command, [
    'sallyport lab run -f manifests/',
    'sallyport lab run -f manifests/ --flows flows.yaml',
    'sallyport lab run -f manifests/ --external 198.51.100.7 -o json',
  ]);
  command.action(
    answering((options: Options) => {
      checkStandardInput(options);
      filesOf(options);
      return inOwnNamespaces(() => runLab(options));
    }),
  );
}

async function runLab(options: Options): Promise<ExitCode> {
  const { flows: file, output } = options;
  const listed = file === undefined ? undefined : await readFlows(file);
  const { objects, choices } = await readEnforceable(options);
  if (listed === undefined) checkSize(objects);
  const lab = await Lab.create(objects, {
    choices: options.set ?? [],
    externals: options.external ?? [],
    onEvent: (event) => void stderr.print([eventText(event)].filter((text) => text !== undefined)),
  });
  try {
    await tellProblems(lab.topology);
    const session = new Session(lab, { choices, ...(listed && { flows: listed.flows }) });
    const applied = await session.begin();
    if ('error' in applied) throw unanswered(listed, applied);
    await stderr.print(failuresOf(applied));
    const report = await session.report();
    if ('error' in report) throw unanswered(listed, report);
    const render = listed === undefined ? renderTriedCrowd : renderTriedFlows;
    if (output === 'json') await stdout.print(renderJson(report));
    else await stdout.print([...render(report.flows, stdout.style), renderTally(report.flows, stdout.style)]);
    return report.mismatches === 0 ? 0 : 1;
  } finally {
    await lab.close();
  }
}
