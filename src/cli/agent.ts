import { isIP } from 'node:net';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { agentSocket } from '#agent/agent-socket.ts';
import { cniResultsDirectory } from '#agent/cni-results.ts';
import { openKernel } from '#agent/nft-kernel.ts';
import type { ListenAddress } from '#agent/observe/listener.ts';
import { choices as knownChoices } from '#core/api/choices.ts';
import { agentPort } from '#core/enforcement/well-known.ts';
import { unenforceableChoice } from '#core/ruleset/enforceable.ts';
import { defaultDropLog, defaultMarkMask } from '#core/ruleset/frame.ts';
import { MissingNeed } from '#dataplane/need.ts';
import { connectionOfServiceAccount, serviceAccountDirectory } from '#kube/service-account.ts';
import { AgentLog } from './agent-log.ts';
import { buildOf } from './build.ts';
import { type AgentSettings, ClusterAgent } from './cluster-agent.ts';
import { asAnswer } from './cluster-fault.ts';
import { answering, CannotAnswer, type ExitCode } from './exit.ts';
import { choicesOf, collect, examples } from './options.ts';

interface Options extends Omit<AgentSettings, 'node' | 'choices'> {
  readonly node?: string;
  readonly serviceAccount: string;
  readonly set?: readonly string[];
}

/** `sallyport agent`. */
export function define(command: Command): void {
  command
    .description(
      'Enforces the policies of a cluster on this node, until it is told to stop: run it on every node, as root in the network namespace of the node. ' +
        'Nothing is programmed before everything has been read; when it ends, however it ends, the kernel goes on enforcing what it was told last, and ' +
        'the next agent takes over without a gap. `uninstall` takes everything away.\n\n' +
        'The API server is that of KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT. Standard output is a log, one JSON object a line.',
    )
    .option('--node <name>', 'the node that this is (default: $NODE_NAME)')
    .option(
      '--service-account <directory>',
      'where `token` and `ca.crt` are; both are read again when they change',
      serviceAccountDirectory,
    )
    .option('--audit-interval <seconds>', 'how often the kernel is compared with what it should hold; 0 for never', secondsOf, 300)
    .option('--watch-silence <seconds>', 'how long the API server may say nothing before the connection counts as dead', secondsOf, 75)
    .option('--no-hold-back', "let pass what comes from or goes to an address of the node's pod range before its pod is known")
    .option('--cni-results <directory>', 'where the container runtime keeps what network plugins answered', cniResultsDirectory)
    .addOption(
      new Option(
        '--listen <address>',
        'where metrics, health and status are answered: `:PORT` is every address of the node; `none`: nowhere',
      )
        .argParser(listenOf)
        .default({ port: agentPort }, `:${agentPort}`),
    )
    .addOption(dropLogOption())
    .option('--log-drops', 'log every line of drops, too')
    .option('--socket <path>', 'where commands on this node ask, `drops` for one; `none`: nowhere', agentSocket)
    .option('--audit', 'enforce nothing: every policy is in audit, which tells what it would drop')
    .option('--pod-interfaces <pattern>', 'interfaces of pods, `veth*`: what comes from them must have an address of theirs')
    .option('--set <name=value>', `decide what Kubernetes leaves open: ${Object.keys(knownChoices).join(', ')}; may be repeated`, collect);
  addMarkMaskOption(command);
  examples(command, [
    'sallyport agent --node worker-a',
    'sallyport agent --node worker-a --audit --log-drops',
    'sallyport agent --node worker-a --service-account /etc/sallyport --audit-interval 60',
  ]);
  command.action(answering(runAgent));
}

/** The option that says which group of the kernel's packet log is told of drops. */
const dropLogOption = (): Option =>
  new Option(
    '--drop-log <group>',
    "the group of the kernel's packet log that hears of what is denied, for `drops`; `none`: nothing is logged",
  )
    .argParser(groupOf)
    .default(defaultDropLog);

/** False for none. */
function groupOf(text: string): number | false {
  if (text === 'none') return false;
  const group = Number(text);
  if (text.trim() === '' || !Number.isInteger(group) || group < 0 || group > 65535)
    throw new InvalidArgumentError('It must be a number of 16 bits, such as 9470, or `none`.');
  return group;
}

/** Adds the option that says which bits of connections' marks are ours. */
export function addMarkMaskOption(command: Command): void {
  command.addOption(
    new Option('--mark-mask <bits>', 'the bits of the connection mark that are ours; with 0, which is none, every packet is judged')
      .argParser(maskOf)
      .default(defaultMarkMask, `0x${defaultMarkMask.toString(16)}`),
  );
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (text.trim() === '' || !(seconds >= 0)) throw new InvalidArgumentError('It must be a number of seconds.');
  return seconds;
}

/** False for nowhere. */
function listenOf(text: string): ListenAddress | false {
  if (text === 'none') return false;
  const [, host, number] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
  const address = host?.replace(/^\[(.*)\]$/, '$1');
  const port = Number(number);
  if (address === undefined || !(port > 0 && port < 65536) || (address !== '' && isIP(address) === 0))
    throw new InvalidArgumentError('It must be :PORT, an address and a port as in 192.0.2.1:9470 or [2001:db8::1]:9470, or `none`.');
  return { port, ...(address !== '' && { host: address }) };
}

function maskOf(text: string): number {
  const mask = Number(text);
  if (text.trim() === '' || !Number.isInteger(mask) || mask < 0 || mask > 0xffffffff)
    throw new InvalidArgumentError('It must be a number of 32 bits, such as 0xff000000.');
  return mask;
}

async function runAgent(options: Options): Promise<ExitCode> {
  const { node = process.env.NODE_NAME, serviceAccount } = options;
  if (!node) throw new CannotAnswer('which node is this? Say it with --node, or set NODE_NAME');
  const choices = choicesOf(options);
  const unenforceable = unenforceableChoice(choices);
  if (unenforceable !== undefined) throw new CannotAnswer(unenforceable);
  const connection = orCannotAnswer(() => connectionOfServiceAccount(serviceAccount, process.env));
  const kernel = openKernel();
  await kernel.list().catch((error: unknown) => {
    // Of anything else there is another try.
    if (error instanceof MissingNeed) throw new CannotAnswer(`the agent cannot run: ${error.message}`);
  });
  const log = new AgentLog((line) => void process.stdout.write(line));
  const { version, commit } = buildOf();
  log.tell('info', 'started', { version, ...(commit !== undefined && { commit }), node, server: connection.server });
  const agent = new ClusterAgent({ ...options, node, choices }, connection, kernel, log);
  const signal = await told();
  await agent.stop();
  log.tell('info', 'stopped', { signal });
  return 0;
}

/** Waits until the process is told to end; says how. */
function told(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, resolve);
  });
}

function orCannotAnswer<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asAnswer(error);
  }
}
