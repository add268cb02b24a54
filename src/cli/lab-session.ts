import { type Command, InvalidArgumentError } from 'commander';
import type { KubernetesObject } from '#core/api/types.ts';
import { canonicalIp } from '#core/net/ip.ts';
import { MissingNeed } from '#dataplane/need.ts';
import { LabNotReached } from '#lab/control.ts';
import { type EnterOptions, type Inside, LabUnavailable, runInOwnNamespaces } from '#lab/enter.ts';
import type { FlowFault } from '#lab/flows.ts';
import type { AppliedByNode, LabEvent } from '#lab/lab.ts';
import { runtimeDirectory } from '#lab/runtime-directory.ts';
import type { Topology } from '#lab/topology.ts';
import { CannotAnswer, type ExitCode, messageOf } from './exit.ts';
import type { FlowList } from './flows.ts';
import type { InputOptions } from './options.ts';
import { stderr } from './terminal.ts';

/** The options of commands that bring a lab up. */
export interface LabOptions extends InputOptions {
  readonly external?: readonly string[];
  readonly flows?: string;
}

/** Adds `--flows` and `--external`. */
export function addLabOptions(command: Command): Command {
  return command
    .option(
      '--flows <file>',
      'try these: a list of {from, to, protocol, port, family} as JSON, JSON lines, YAML or CSV; - for standard input',
    )
    .option('--external <ip>', 'another host outside the cluster; may be repeated', (text, previous: readonly string[] = []) => {
      const ip = canonicalIp(text);
      if (ip === undefined) throw new InvalidArgumentError('It must be an IP address.');
      return [...previous, ip];
    });
}

/** Adds `--name`. */
export const addNameOption = (command: Command): Command => command.option('--name <name>', 'which lab, where several run', 'lab');

/**
 * Does the work in namespaces of its own: there this program runs once more, with the same words, and here its exit code is handed on. A
 * signal ends it at once: what it made is gone when its process is.
 */
export async function inOwnNamespaces(work: (inside: Inside) => Promise<ExitCode>, options: EnterOptions = {}): Promise<ExitCode> {
  const entered = await orCannotAnswer(() => runInOwnNamespaces(options));
  if (!entered.inside) return entered.exitCode as ExitCode;
  entered.onStop((signal) => process.exit(signal === 'SIGINT' ? 130 : 2));
  return orCannotAnswer(() => work(entered));
}

/** More flows than this are tried only by somebody who listed them. */
export const mostFlows = 200_000;

/** Refuses to try every pair of a cluster that is too large for it. */
export function checkSize(objects: readonly KubernetesObject[]): void {
  const pods = objects.filter((object) => object.kind === 'Pod');
  const ports = pods.reduce((sum, pod) => sum + pod.ports.length, 0);
  if (pods.length * ports > mostFlows)
    throw new CannotAnswer(
      `every pair of ${pods.length} pods on ${ports} ports is too much to try`,
      'say with --flows which connections matter',
    );
}

/** The directory where labs that are up can be reached. */
export function labDirectory(): string {
  if (process.platform !== 'linux') throw new CannotAnswer(`the lab needs Linux, this is ${process.platform}`);
  try {
    return runtimeDirectory();
  } catch (error) {
    throw new CannotAnswer(messageOf(error));
  }
}

/** What the machine or a lab lacks is no bug: the command can't answer. */
export async function orCannotAnswer<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isExpected = [LabUnavailable, LabNotReached, MissingNeed].some((kind) => error instanceof kind);
    throw isExpected ? new CannotAnswer(messageOf(error)) : error;
  }
}

/** Says which of the listed flows has no answer. */
export const unanswered = (listed: FlowList | undefined, { index, error }: FlowFault): CannotAnswer =>
  new CannotAnswer(listed === undefined ? error : `${listed.placeOf(index)}: ${error}`);

/** Says on standard error what of the input has no place in the lab. */
export function tellProblems({ problems }: Topology): Promise<void> {
  return stderr.print(problems.map(({ object, message }) => warning(`${object}: ${message}`)));
}

/** What is not enforced as written. */
export function failuresOf(applied: AppliedByNode): string[] {
  return Array.from(applied, ([node, result]) => {
    if (result === undefined) return [warning(`${node}: its agent has not applied the policies in time`)];
    return result.failures.map(({ policy, message }) => warning(`${node}: ${policy === undefined ? '' : `${policy}: `}${message}`));
  }).flat();
}

/** What happened without being asked for; undefined for what is of no interest to the user. */
export function eventText(event: LabEvent): string | undefined {
  if (event.type === 'agent-ended') return warning(`${event.node}: the agent ended (${event.how}); it is started again`);
  return event.type === 'no-listener' ? warning(`${event.pod}: ${event.message}`) : undefined;
}

const warning = (text: string): string => `${stderr.style.palette.warning('warning')}: ${text}`;
