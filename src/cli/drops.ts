import { type Command, InvalidArgumentError, Option } from 'commander';
import { agentSocket } from '#agent/agent-socket.ts';
import { type Direction, directions } from '#core/api/types.ts';
import { agentSelector } from '#core/enforcement/well-known.ts';
import { renderDrop } from '#core/render/drops.ts';
import { isMissed } from '#core/verdict/drop.ts';
import { type DropFilter, isWanted } from '#core/verdict/drop-filter.ts';
import { parseTimeout } from '#kube/duration.ts';
import type { KubeOptions } from '#kube/target.ts';
import { addClusterOptions, clusterFlagIn } from './cluster-options.ts';
import { inCluster, isHeard, linesOf, onSocket, type Source } from './drop-lines.ts';
import { answering, CannotAnswer, type ExitCode, messageOf } from './exit.ts';
import { note } from './input.ts';
import { addOutputOption, examples } from './options.ts';
import { stdout } from './terminal.ts';

interface Options extends KubeOptions {
  readonly node?: string;
  readonly socket: string;
  readonly namespace?: string;
  readonly workload?: string;
  readonly direction?: Direction;
  readonly policy?: string;
  readonly audit?: boolean;
  /** Milliseconds. */
  readonly since?: number;
  readonly for?: number;
  readonly once?: true;
  readonly output: 'text' | 'json';
}

/** `sallyport drops`. */
export function define(command: Command): void {
  command
    .description(
      'Shows which connections are denied, as it happens: by which policies, and which rule nearly let them through. On a node it asks the agent there, ' +
        "elsewhere all agents of the cluster through the API server's proxy, for which you need `get` on `pods/proxy`. Of like connections the first is " +
        'shown at once, and then how many packets there were more. The kernel logs a sample: the counters have all.\n\n' +
        'With --audit it shows what policies in audit would deny: docs/rollout.md says how to begin with them.',
    )
    .option('--node <name>', 'only the agent of this node, asked through the API server')
    .option('--socket <path>', 'where the agent of this machine answers', agentSocket)
    .option('-n, --namespace <names>', 'only where one end is in it; several are joined by commas')
    .option('--workload <id>', 'only where one end is it: shop/web, shop/deployment/web')
    .addOption(new Option('--direction <way>', 'only what this gate denied').choices(directions))
    .option('--policy <name>', 'only what this policy denied: shop/deny-all, or its name alone')
    .option('--audit', 'what policies in audit would deny, and passes')
    .option('--no-audit', 'only what is denied, and nothing that passes')
    .option('--since <time>', 'begin with what was told in this time before: 10s, 5m; agents keep the last thousand lines', timeOf)
    .option('--for <time>', 'end after this time', timeOf)
    .option('--once', 'show what agents have kept, and end');
  addOutputOption(command, ['text', 'json']);
  addClusterOptions(command);
  examples(command, [
    'sallyport drops',
    'sallyport drops -n shop --direction ingress --since 10m',
    'sallyport drops --audit --once -o json > audited.jsonl && sallyport generate from-flows audited.jsonl',
    'sallyport drops --node worker-a --policy shop/deny-all --for 30s',
  ]);
  command.action(answering(drops));
}

function timeOf(text: string): number {
  const milliseconds = parseTimeout(text);
  if (milliseconds === undefined) throw new InvalidArgumentError('It must be a time, as in 30s, 5m or 1h30m.');
  return milliseconds;
}

async function drops(options: Options): Promise<ExitCode> {
  const end = new AbortController();
  const timer = options.for === undefined ? undefined : setTimeout(() => end.abort(), options.for);
  const sources = await sourcesOf(options, end.signal);
  const answers = await Promise.all(sources.map((source) => follow(source, options, end)));
  clearTimeout(timer);
  if (!answers.includes(true)) throw new CannotAnswer('no agent answers');
  return 0;
}

/** Shows the lines of an agent until they end, or until it is time. Says whether it answered. */
async function follow(source: Source, options: Options, end: AbortController): Promise<boolean> {
  const filter = filterOf(options);
  try {
    for await (const line of linesOf(source, queryOf(options))) {
      if (isMissed(line) || isWanted(line, filter))
        await stdout.print(options.output === 'json' ? [JSON.stringify(line)] : renderDrop(line, stdout.style));
      if (stdout.isClosed) end.abort();
    }
  } catch (error) {
    if (end.signal.aborted) return true;
    await note(`${source.name}: ${messageOf(error)}`);
    return false;
  }
  return true;
}

/** The agent of this machine where there is one and no cluster is named; else those of the cluster. */
async function sourcesOf(options: Options, signal: AbortSignal): Promise<Source[]> {
  const { node, socket } = options;
  const isHere = node === undefined && clusterFlagIn(options) === undefined && (socket !== agentSocket || (await isHeard(socket)));
  if (isHere) return [onSocket(socket, signal)];
  const sources = await inCluster(options, node, signal).catch((error: unknown) => {
    throw error instanceof CannotAnswer ? error : new CannotAnswer(messageOf(error));
  });
  if (sources.length > 0) return sources;
  throw new CannotAnswer(
    node === undefined ? 'the cluster has no agent of Sallyport' : `there is no agent of Sallyport on node ${node}`,
    `agents are found by their labels ${agentSelector}`,
  );
}

const filterOf = ({ namespace, workload, direction, policy, audit }: Options): DropFilter => ({
  ...(namespace !== undefined && { namespaces: namespace.split(',') }),
  ...(workload !== undefined && { workload }),
  ...(direction !== undefined && { direction }),
  ...(policy !== undefined && { policy }),
  ...(audit !== undefined && { audit }),
});

/** What is kept is shown where it is asked for: live, one wants to see what happens now. */
function queryOf({ since, once }: Options): string {
  const follow = once ? [] : ['follow'];
  const from = since === undefined ? (once ? [] : ['since=0']) : [`since=${since / 1000}`];
  return [...follow, ...from].join('&');
}
