import type { Command } from 'commander';
import { count } from '#core/render/text.ts';
import { askLab, type Handlers, logPath, serveControl, socketPath } from '#lab/control.ts';
import type { Inside } from '#lab/enter.ts';
import { Lab } from '#lab/lab.ts';
import { Session } from '#lab/session.ts';
import { answering, type ExitCode } from './exit.ts';
import { readFlows } from './flows.ts';
import { checkStandardInput, filesOf, readEnforceable } from './input.ts';
import { HeldConnections } from './lab-connections.ts';
import { Follower, Messages, type View } from './lab-follow.ts';
import { LiveView } from './lab-live.ts';
import {
  addLabOptions,
  addNameOption,
  checkSize,
  eventText,
  inOwnNamespaces,
  type LabOptions,
  labDirectory,
  orCannotAnswer,
  tellProblems,
} from './lab-session.ts';
import { addInputOptions, addOutputOption, examples } from './options.ts';
import { stdout } from './terminal.ts';
import { Watch } from './watch.ts';

interface Options extends LabOptions {
  readonly name: string;
  readonly detach?: true;
  readonly output: 'text' | 'json';
}

/** `sallyport lab up`. */
export function define(command: Command): void {
  command
    .description(
      'Brings the cluster up on this machine and keeps it up: the table shows who gets through to whom with real packets, and follows when you save ' +
        'a file. Other terminals talk to it with `lab probe` and `lab exec`. `q` or `lab down` ends it, and nothing is left.',
    )
    .usage('-f <path>... [options]');
  addNameOption(command).option('--detach', 'go to the background once it is up');
  addLabOptions(command);
  addInputOptions(command);
  addOutputOption(command, ['text', 'json']);
  examples(command, [
    'sallyport lab up -f manifests/',
    'sallyport lab up -f manifests/ --detach && sallyport lab probe --from shop/client --to shop/web --port 8080',
    'sallyport lab up -f manifests/ --flows flows.yaml --name second',
  ]);
  command.action(answering(labUp));
}

async function labUp(options: Options): Promise<ExitCode> {
  const { name, detach, output } = options;
  checkStandardInput(options);
  filesOf(options);
  const directory = labDirectory();
  const socket = await orCannotAnswer(() => socketPath(directory, name));
  const background = detach ? { background: logPath(directory, name) } : {};
  const code = await inOwnNamespaces((inside) => stayUp(options, inside, socket), background);
  if (detach && code === 0 && !process.connected) {
    const about = await orCannotAnswer(() => askLab(directory, name, { request: 'about' }));
    await stdout.print(output === 'json' ? [JSON.stringify(about)] : [`lab ${name} is up: lab probe, lab exec and lab down talk to it`]);
  }
  return code;
}

async function stayUp(options: Options, inside: Inside, socket: string): Promise<ExitCode> {
  const { flows: file, filename = [], set = [], external = [], name } = options;
  const listed = file === undefined ? undefined : await readFlows(file);
  // First watch, then read: what is saved from here on is not missed.
  const watch = new Watch(filename);
  const { objects, choices } = await readEnforceable(options);
  if (listed === undefined) checkSize(objects);
  const ended = Promise.withResolvers<ExitCode>();
  const messages = new Messages();
  const lab = await Lab.create(objects, { choices: set, externals: external, onEvent: (event) => messages.add(eventText(event)) });
  const held = new HeldConnections(lab);
  const session = new Session(lab, { choices, ...(listed && { flows: listed.flows }) });
  try {
    const enforced = Promise.withResolvers<void>();
    const control = await serveControl(socket, {
      ...handlersOf(name, inside, lab, () => ended.resolve(0)),
      probe: ({ flow }) => enforced.promise.then(() => session.probe(flow)),
    });
    const title = (): string => `lab ${name}: ${count(lab.topology.pods.size, 'pod')} on ${count(lab.topology.nodes.size, 'node')}`;
    const view = options.output === 'json' ? jsonView : new LiveView(stdout, title, listed !== undefined);
    const follower = new Follower({ ...options, ...(listed && { listed }) }, session, view, held, messages);
    await tellProblems(lab.topology);
    watch.listen(() => follower.touch());
    await follower.begin();
    enforced.resolve();
    const keys = listenToKeys(filename.includes('-'), ended.resolve);
    if (options.detach) inside.detach();
    const code = await ended.promise;
    for (const open of [keys, watch, control]) open.close();
    return code;
  } finally {
    held.close();
    await lab.close();
  }
}

/** What others may ask besides probes. */
function handlersOf(name: string, { pid }: Inside, lab: Lab, end: () => void): Omit<Handlers, 'probe'> {
  const knownPid = (): number => {
    if (pid === undefined) throw new Error('this system does not tell which process the lab is (CONFIG_PROC_CHILDREN)');
    return pid;
  };
  return {
    about: () => ({ name, pid: knownPid() }),
    enter: ({ place }) => ({ pid: knownPid(), descriptor: lab.namespaceOf(place) }),
    down: () => {
      // The answer goes first.
      setImmediate(end);
      return { pid: knownPid() };
    },
  };
}

const jsonView: View = { show: ({ report }) => stdout.print([JSON.stringify(report)]) };

/** On a terminal: `q` ends the lab, and so does Ctrl-C, which comes as a key here. Not where standard input holds manifests. */
function listenToKeys(isInputTaken: boolean, end: (code: ExitCode) => void): { close(): void } {
  const { stdin } = process;
  if (!stdin.isTTY || !stdout.isTerminal || isInputTaken) return { close: () => {} };
  stdin.setRawMode(true).on('data', (keys: Buffer) => {
    if (keys.includes('q')) end(0);
    else if (keys.includes(ctrlC)) end(130);
  });
  return { close: () => void stdin.setRawMode(false).pause() };
}

const ctrlC = 3;
