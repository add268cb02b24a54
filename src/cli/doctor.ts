import { type Command, Option } from 'commander';
import { examine } from '#agent/doctor/check.ts';
import { checks } from '#agent/doctor/checks.ts';
import { Machine } from '#agent/doctor/machine.ts';
import { type Diagnosis, diagnosisOf, type Examined } from '#core/enforcement/examination.ts';
import { renderDiagnosisTotal, renderExamined } from '#core/render/doctor.ts';
import { renderJson } from '#core/render/json.ts';
import type { KubeOptions } from '#kube/target.ts';
import { addClusterOptions, clusterFlagIn } from './cluster-options.ts';
import { answering, CannotAnswer, type ExitCode } from './exit.ts';
import { addOutputOption, collect, examples } from './options.ts';
import { stderr, stdout } from './terminal.ts';

interface Options extends KubeOptions {
  readonly live?: true;
  readonly agent?: readonly string[];
  readonly selfTest: boolean;
  readonly failOn: 'warning' | 'problem';
  readonly output: 'text' | 'json';
}

/** `sallyport doctor`. */
export function define(command: Command): void {
  command
    .description(
      'What could hinder enforcement, and what to do about it. It changes nothing.\n\n' +
        'Of this node: what the kernel lacks, what others do to it (engines, firewalls, flow tables, marks), how the node is set up. At last it tries a ' +
        'policy between network namespaces of its own, with packets. Run it as root in the network namespace of the node, before an agent is there or ' +
        'beside it.\n\n' +
        'With --live, of a cluster: other engines, nodes without a ready agent or that can not have one, permissions of the agents, kube-proxy, policies ' +
        'of kinds that nobody enforces. It asks the API server, and the agents through it. What it may not look at it says, with the commands that grant it.\n\n' +
        'Exit code 0: nothing found; 1: something hinders; 2: it could not look, at something or at all, and found nothing.',
    )
    .option('--live', 'the cluster of the kubeconfig in place of this node; every cluster option means that, too')
    .option(
      '--agent <address>',
      'with --live: the URL of an agent that is no pod, or a file with what it has answered; may be repeated',
      collect,
    )
    .option('--no-self-test', 'leave out the test with packets, which needs the right to make network namespaces')
    .addOption(new Option('--fail-on <severity>', 'what counts as found').choices(['problem', 'warning']).default('warning'));
  addOutputOption(command, ['text', 'json']);
  addClusterOptions(command, 'Cluster options (with --live):');
  examples(command, [
    'sallyport doctor',
    'sallyport doctor --live',
    'sallyport doctor --context staging -o json --fail-on problem',
    'kubectl -n kube-system exec ds/sallyport-agent -- sallyport doctor --no-self-test',
  ]);
  command.action(answering(runDoctor));
}

async function runDoctor(options: Options): Promise<ExitCode> {
  if (options.live || options.agent !== undefined || clusterFlagIn(options) !== undefined) return ofCluster(options);
  if (process.platform !== 'linux') throw new CannotAnswer(`a node runs Linux, this is ${process.platform}`, '--live looks at a cluster');
  return exitCodeOf(await told(examinations(new Machine(), options.selfTest), options), options);
}

async function ofCluster(options: Options): Promise<ExitCode> {
  const { ClusterDoctor } = await import('./cluster-doctor.ts');
  const doctor = await ClusterDoctor.ofCluster(options, options.agent);
  const found = exitCodeOf(await told(doctor.examine(), options), options);
  if (doctor.grants.length > 0) await stderr.print(['permission can be granted with', ...doctor.grants.map((line) => `  ${line}`)]);
  return found === 0 && !doctor.isComplete ? 2 : found;
}

/** Tells of each as soon as it is there, and of all together. */
async function told(examinations: AsyncIterable<Examined>, { output }: Options): Promise<Diagnosis> {
  const found: Examined[] = [];
  for await (const each of examinations) {
    found.push(each);
    if (output === 'text') await stdout.print(renderExamined(each, stdout.style));
  }
  const diagnosis = diagnosisOf(found);
  await stdout.print(output === 'json' ? renderJson(diagnosis) : ['', renderDiagnosisTotal(diagnosis)]);
  return diagnosis;
}

/** What a node's doctor looks at, one thing after the other. */
async function* examinations(machine: Machine, withSelfTest: boolean): AsyncGenerator<Examined> {
  for (const check of checks) yield await examine(check, machine);
  if (withSelfTest) yield await (await import('./doctor-self-test.ts')).selfTest();
}

const exitCodeOf = ({ problems, warnings }: Diagnosis, { failOn }: Options): ExitCode =>
  problems + (failOn === 'warning' ? warnings : 0) > 0 ? 1 : 0;
