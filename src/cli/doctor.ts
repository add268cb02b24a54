import { type Command, Option } from 'commander';
import { examine } from '#agent/doctor/check.ts';
import { checks } from '#agent/doctor/checks.ts';
import { Machine } from '#agent/doctor/machine.ts';
import { type Diagnosis, diagnosisOf, type Examined, renderDiagnosisTotal, renderExamined } from '#core/render/doctor.ts';
import { renderJson } from '#core/render/json.ts';
import { answering, CannotAnswer, type ExitCode } from './exit.ts';
import { addOutputOption, examples } from './options.ts';
import { stdout } from './terminal.ts';

interface Options {
  readonly selfTest: boolean;
  readonly failOn: 'warning' | 'problem';
  readonly output: 'text' | 'json';
}

/** `sallyport doctor`. */
export function define(command: Command): void {
  command
    .description(
      'What could hinder enforcement on this node: what the kernel lacks, what others do to it (engines, firewalls, flow tables, marks), how the node is ' +
        'set up; each with what to do about it. It changes nothing. At last it tries a policy between network namespaces of its own, with packets. Run it as ' +
        'root in the network namespace of the node, before an agent is there or beside it.\n\n' +
        'Exit code 0: nothing found; 1: something hinders; 2: it could not look.',
    )
    .option('--no-self-test', 'leave out the test with packets, which needs the right to make network namespaces')
    .addOption(new Option('--fail-on <severity>', 'what counts as found').choices(['problem', 'warning']).default('warning'));
  addOutputOption(command, ['text', 'json']);
  examples(command, [
    'sallyport doctor',
    'kubectl -n kube-system exec ds/sallyport-agent -- sallyport doctor --no-self-test',
    'sallyport doctor -o json',
  ]);
  command.action(answering(runDoctor));
}

async function runDoctor({ selfTest, failOn, output }: Options): Promise<ExitCode> {
  if (process.platform !== 'linux') throw new CannotAnswer(`a node runs Linux, this is ${process.platform}`);
  const machine = new Machine();
  const found: Examined[] = [];
  for await (const each of examinations(machine, selfTest)) {
    found.push(each);
    if (output === 'text') await stdout.print(renderExamined(each, stdout.style));
  }
  const diagnosis = diagnosisOf(found);
  await stdout.print(output === 'json' ? renderJson(diagnosis) : ['', renderDiagnosisTotal(diagnosis)]);
  return exitCodeOf(diagnosis, failOn);
}

/** One after the other: each is shown as soon as it is there. */
async function* examinations(machine: Machine, withSelfTest: boolean): AsyncGenerator<Examined> {
  for (const check of checks) yield await examine(check, machine);
  if (withSelfTest) yield await (await import('./doctor-self-test.ts')).selfTest();
}

const exitCodeOf = ({ problems, warnings }: Diagnosis, failOn: Options['failOn']): ExitCode =>
  problems + (failOn === 'warning' ? warnings : 0) > 0 ? 1 : 0;
