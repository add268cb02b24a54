import type { Command } from 'commander';
import { define as defineRun } from './lab-run.ts';
import { defineDown, defineExec, defineProbe } from './lab-talk.ts';
import { define as defineUp } from './lab-up.ts';
import { examples } from './options.ts';

/** `sallyport lab`. */
export function define(command: Command): void {
  command.description(
    'Brings a cluster up on this machine: pods, nodes and hosts outside are network namespaces, packets are real, and each node runs the agent. ' +
      'It lives in namespaces of its own: it needs no root where user namespaces are allowed, touches nothing outside, and is gone when it ends.',
  );
  const subcommand = (name: string, summary: string): Command =>
    command.command(name).summary(summary).helpOption('-h, --help', 'this help');
  defineRun(subcommand('run', 'bring it up, try every connection with packets, compare with the verdicts, and go'));
  defineUp(subcommand('up', 'bring it up and stay: the table follows as you edit'));
  defineProbe(subcommand('probe', 'try one connection in a lab that is up'));
  defineExec(subcommand('exec', 'run a command in a pod of a lab that is up'));
  defineDown(subcommand('down', 'end a lab'));
  examples(command, ['sallyport lab run -f manifests/', 'sallyport lab up -f manifests/', 'sallyport lab run --help']);
}
