import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { kindAndName } from '#core/api/types.ts';
import type { ClusterStatus } from '#core/enforcement/cluster-status.ts';
import { policyKey, type WantedPolicy } from '#core/enforcement/wanted.ts';
import { gapText, renderPolicyStatus, renderWaited } from '#core/render/enforcement.ts';
import { renderJson } from '#core/render/json.ts';
import { count } from '#core/render/text.ts';
import { parseTimeout } from '#kube/duration.ts';
import { answering, CannotAnswer, type ExitCode } from './exit.ts';
import { examples } from './options.ts';
import { type Report, withProgress } from './progress.ts';
import { Rollout } from './rollout.ts';
import { addRolloutOptions, chosen, type RolloutOptions } from './status.ts';
import { stdout } from './terminal.ts';

interface Options extends RolloutOptions {
  readonly all?: true;
  /** Milliseconds. */
  readonly timeout: number;
}

/** Milliseconds between two rounds of questions. */
const roundInterval = 300;
/** Milliseconds between two looks at where pods are; more in a large cluster, of which the API server should not be made to tell all the time. */
const leastLookInterval = 5000;
const lookShare = 10;

/** `sallyport wait`. */
export function define(command: Command): void {
  command
    .argument('[policy...]', 'NAMESPACE/NAME, or the name of a cluster-wide policy')
    .description(
      'Waits until policies are enforced: in the version that the API server has when the command begins, or a later one, on every node that runs pods which they select.\n\n' +
        'Exit code 0: enforced; 1: not within the time, or an agent can not read the policy; 2: no answer.',
    )
    .option('--all', 'wait for all policies of the cluster')
    .addOption(new Option('--timeout <time>', 'how long: 30s, 2m; 0 looks once').argParser(timeoutOf).default(30_000, '30s'));
  addRolloutOptions(command);
  examples(command, [
    'sallyport wait shop/default-deny',
    'sallyport wait --all --timeout 2m',
    'kubectl apply -f policies/ && sallyport wait --all',
  ]);
  command.action(answering(runWait));
}

function timeoutOf(text: string): number {
  const timeout = parseTimeout(text);
  if (timeout === undefined) throw new InvalidArgumentError('It must be a number of seconds or have a unit: 30s, 2m.');
  return timeout;
}

async function runWait(names: readonly string[], options: Options): Promise<ExitCode> {
  if ((names.length === 0) === (options.all === undefined))
    throw new CannotAnswer('say which policies to wait for: NAMESPACE/NAME, or --all');
  process.once('SIGINT', () => process.exit(130));
  const status = await withProgress('asking the agents', (report) => untilEnforced(names, options, report));
  const { policies } = status;
  const enforced = policies.every((policy) => policy.enforced);
  if (options.output === 'json') await stdout.print(renderJson({ ...status, enforced }));
  else if (enforced) await stdout.print([renderWaited(policies)]);
  else
    await stdout.print(
      renderPolicyStatus(
        policies.filter((policy) => !policy.enforced),
        stdout.style,
      ),
    );
  return enforced ? 0 : 1;
}

/** Asks until all is enforced, the time is over, or it is known that waiting is in vain. */
async function untilEnforced(names: readonly string[], options: Options, report: Report): Promise<ClusterStatus> {
  const begun = performance.now();
  const deadline = begun + options.timeout;
  let rollout = await Rollout.ofCluster(options, options.agent);
  const lookInterval = Math.max(leastLookInterval, lookShare * (performance.now() - begun));
  const first = names.length === 0 ? rollout.wanted! : chosen(rollout.wanted!, names, options.namespace);
  for (let looked = performance.now(); ; ) {
    const status = await rollout.status(whereTheyAre(first, rollout.wanted!));
    const waiting = status.policies.filter((policy) => !policy.enforced);
    const gaps = waiting.flatMap((policy) => policy.gaps);
    const isVain = gaps.some(({ state }) => state === 'unreadable');
    if (waiting.length === 0 || isVain || performance.now() + roundInterval > deadline) return status;
    report(`waiting for ${count(waiting.length, 'policy', 'policies')}: ${gapText(gaps[0]!)}`);
    await sleep(roundInterval);
    if (performance.now() - looked < lookInterval) continue;
    rollout = await Rollout.ofCluster(options, options.agent);
    looked = performance.now();
  }
}

/** The versions that are waited for, on the nodes where their pods are now. A policy that was made anew takes the place of the old one. */
function whereTheyAre(first: readonly WantedPolicy[], now: readonly WantedPolicy[]): WantedPolicy[] {
  const present = new Map(now.map((policy) => [policyKey(policy), policy]));
  return first.map((policy) => {
    const found = present.get(policyKey(policy));
    if (found === undefined) throw new CannotAnswer(`${kindAndName(policy)} was deleted while it was waited for`);
    return found.uid === policy.uid ? { ...policy, nodes: found.nodes } : found;
  });
}
