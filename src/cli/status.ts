import type { Command } from 'commander';
import { closest } from '#core/api/spelling.ts';
import { qualifiedName } from '#core/api/types.ts';
import type { WantedPolicy } from '#core/enforcement/wanted.ts';
import { renderClusterStatus, renderPolicyStatus } from '#core/render/enforcement.ts';
import { renderJson } from '#core/render/json.ts';
import type { KubeOptions } from '#kube/target.ts';
import { addClusterOptions } from './cluster-options.ts';
import { answering, CannotAnswer, type ExitCode } from './exit.ts';
import { addOutputOption, collect, examples } from './options.ts';
import { withProgress } from './progress.ts';
import { Rollout } from './rollout.ts';
import { stdout } from './terminal.ts';

/** The options that say whose agents are asked. */
export interface RolloutOptions extends KubeOptions {
  readonly namespace?: string;
  readonly agent?: readonly string[];
  readonly output: 'text' | 'json';
}

/** `sallyport status`. */
export function define(command: Command): void {
  command
    .argument('[policy...]', 'NAMESPACE/NAME, or the name of a cluster-wide policy; unless given, how all agents are')
    .description(
      'Asks the agents of all nodes whether policies are enforced: each in the version that the API server has now, on every node that runs pods which it selects. ' +
        'Agents are asked through the API server; with --agent they are asked directly, and no cluster is read.\n\n' +
        'Exit code 0: enforced on every node that matters; 1: not, or an agent is missing or does not answer; 2: no answer.',
    );
  addRolloutOptions(command);
  examples(command, [
    'sallyport status',
    'sallyport status shop/default-deny',
    'sallyport status -n shop default-deny allow-dns -o json',
    'sallyport status --agent http://192.0.2.11:9470 --agent http://192.0.2.12:9470',
  ]);
  command.action(answering(runStatus));
}

/** Adds what `status` and `wait` take. */
export function addRolloutOptions(command: Command): void {
  command
    .option('-n, --namespace <name>', 'the namespace of policies that are named without one')
    .option('--agent <address>', 'the URL of an agent, or a file with what it has answered; may be repeated', collect);
  addClusterOptions(command, 'Cluster options:');
  addOutputOption(command, ['text', 'json']);
}

async function runStatus(names: readonly string[], options: RolloutOptions): Promise<ExitCode> {
  const { agent, output } = options;
  const status = await withProgress('asking the agents', async () => {
    const rollout = agent === undefined ? await Rollout.ofCluster(options) : Rollout.ofAgents(agent);
    return rollout.status();
  });
  const policies = names.length === 0 ? status.policies : chosen(status.policies, names, options.namespace);
  const enforced = names.length === 0 ? status.enforced : policies.every((policy) => policy.enforced);
  const answer = { ...status, enforced, policies };
  if (output === 'json') await stdout.print(renderJson(answer));
  else await stdout.print(names.length === 0 ? renderClusterStatus(answer, stdout.style) : renderPolicyStatus(policies, stdout.style));
  return enforced ? 0 : 1;
}

/** The policies that are named, in the order of the names. */
export function chosen<T extends Pick<WantedPolicy, 'namespace' | 'name'>>(
  policies: readonly T[],
  names: readonly string[],
  namespace: string | undefined,
): T[] {
  const byName = new Map(policies.map((policy) => [qualifiedName(policy), policy]));
  return names.map((name) => {
    const found = byName.get(namespace === undefined || name.includes('/') ? name : `${namespace}/${name}`) ?? byName.get(name);
    if (found !== undefined) return found;
    const nearest = closest(name, [...byName.keys()]);
    throw new CannotAnswer(`there is no policy ${name}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`);
  });
}
