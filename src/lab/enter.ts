import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { accessSync, closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { loadKoffi } from '#dataplane/libc.ts';
import { MissingNeed } from '#dataplane/need.ts';
import { sameProgram } from './own-program.ts';

/** This process lives in namespaces of its own, with all its children; it is the first of its process namespace, so they end with it. */
export interface Inside {
  readonly inside: true;
  /** Its process id as those outside see it; undefined where the system does not tell. */
  readonly pid: number | undefined;
  /** Calls `stop` when the user or the system wants the program to end: once for each signal. */
  onStop(stop: (signal: NodeJS.Signals) => void): void;
  /** Lets go of the process outside, which then ends with 0: this one goes on in the background. Only where `background` was asked for. */
  detach(): void;
}

/** The program has run in namespaces of its own, as a child of this process, and has ended (or gone to the background). */
export interface Outside {
  readonly inside: false;
  readonly exitCode: number;
}

export interface EnterOptions {
  /** A file for what the program says: it leaves the terminal, and this process ends when it calls `detach`. */
  readonly background?: string;
}

/** The lab can't be on this machine, or not for this user. The message says what is missing, in words for a user. */
export class LabUnavailable extends Error {
  override readonly name = 'LabUnavailable';
}

/** What the processes outside and inside tell each other. */
type Message = { readonly type: 'begin'; readonly pid: number | undefined } | { readonly type: 'stop'; readonly signal: NodeJS.Signals };
type Reply = { readonly type: 'hello' } | { readonly type: 'detach' } | { readonly type: 'end'; readonly exitCode: number };

const marker = 'SALLYPORT_LAB';
const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
const unprivileged = ['--user', '--map-root-user'];

/**
 * Has this program run in namespaces of its own: of network, mounts and processes, and of users where it is not root. Call it first, with
 * no word read yet. It starts the program again with the same words; there it returns `Inside`, and the program goes on. Here it
 * returns when that process has ended. Throws LabUnavailable.
 */
export function runInOwnNamespaces(options: EnterOptions = {}): Promise<Inside | Outside> {
  if (process.env[marker] === undefined || process.send === undefined) return runOutside(options);
  // Programs that the lab starts are not the lab.
  delete process.env[marker];
  return arrive();
}

async function arrive(): Promise<Inside> {
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  const stops: ((signal: NodeJS.Signals) => void)[] = [];
  // Who is impatient enough to end a program that has not begun shall be heard when it does.
  const early: NodeJS.Signals[] = [];
  const stop = (signal: NodeJS.Signals): void => {
    if (stops.length === 0) early.push(signal);
    for (const visit of stops) visit(signal);
  };
  let isDetached = false;
  process.on('message', (message: Message) => {
    if (message.type === 'begin') resolve(message.pid);
    else stop(message.signal);
  });
  // Nobody is left who would end the lab: it ends itself, and with it all its processes.
  process.on('disconnect', () => {
    if (!isDetached) process.exit(1);
  });
  for (const signal of signals) process.on(signal, stop);
  process.on('exit', (exitCode) => reply({ type: 'end', exitCode }));
  reply({ type: 'hello' });
  const pid = await promise;
  const detach = (): void => {
    isDetached = true;
    reply({ type: 'detach' });
  };
  const onStop = (visit: (signal: NodeJS.Signals) => void): void => {
    stops.push(visit);
    for (const signal of early.splice(0)) visit(signal);
  };
  return { inside: true, pid, detach, onStop };
}

/** Written at once, so that it also works while the process ends; nobody may be left to hear it. */
const reply = (message: Reply): void => void (process.connected && process.send!(message, () => {}));

async function runOutside({ background }: EnterOptions): Promise<Outside> {
  const env = { ...process.env, PATH: systemPath(), [marker]: 'inside' };
  const flags = usableFlags(env);
  const log = background === undefined ? undefined : openSync(background, 'a', 0o600);
  const start = log === undefined ? 0 : fstatSync(log).size;
  const child = spawn('unshare', [...flags, ...sameProgram()], {
    env,
    detached: log !== undefined,
    stdio: log === undefined ? ['inherit', 'inherit', 'inherit', 'ipc'] : ['ignore', log, log, 'ipc'],
  });
  if (log !== undefined) closeSync(log);
  const forward = (signal: NodeJS.Signals): void => tell(child, { type: 'stop', signal });
  for (const signal of signals) process.on(signal, forward);
  try {
    return { inside: false, exitCode: await follow(child) };
  } finally {
    for (const signal of signals) process.off(signal, forward);
    if (background !== undefined && child.exitCode !== null) process.stderr.write(readFileSync(background).subarray(start));
  }
}

/** Answers the process inside until it has ended or wants to be left alone. Returns the exit code. */
function follow(child: ChildProcess): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let exitCode: number | undefined;
  child.on('message', (message: Reply) => {
    if (message.type === 'hello') tell(child, { type: 'begin', pid: onlyChildOf(child.pid!) });
    else if (message.type === 'end') exitCode = message.exitCode;
    else {
      child.disconnect();
      child.unref();
      resolve(0);
    }
  });
  child.on('error', reject);
  // The program's own word counts: `unshare` ends with 1 when it was killed, which would mean an answer.
  child.on('close', (_code, signal) => {
    if (exitCode === undefined) process.stderr.write(`sallyport: the lab was killed${signal === null ? '' : ` (${signal})`}\n`);
    resolve(exitCode ?? 2);
  });
  return promise;
}

/** The process inside may have ended already; then its exit says so. */
const tell = (child: ChildProcess, message: Message): void => void (child.connected && child.send(message, () => {}));

/** `unshare` has one child: the program. */
function onlyChildOf(pid: number): number | undefined {
  try {
    return Number.parseInt(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'), 10) || undefined;
  } catch {
    return undefined;
  }
}

/** The arguments with which `unshare` works here: as root it needs no namespace of users, unless root is not allowed much. */
function usableFlags(env: NodeJS.ProcessEnv): string[] {
  if (process.platform !== 'linux') throw new LabUnavailable(`the lab needs Linux, this is ${process.platform}`);
  try {
    loadKoffi();
  } catch (error) {
    if (error instanceof MissingNeed) throw new LabUnavailable(`the lab cannot run: ${error.message}`, { cause: error });
    throw error;
  }
  const missing = Object.entries(packages).filter(([program]) => !isInstalled(program, env.PATH!));
  if (missing.length > 0) {
    const names = missing.map(([program]) => `\`${program}\``).join(' and ');
    throw new LabUnavailable(`the lab needs ${names}: apt install ${missing.map(([, name]) => name).join(' ')}`);
  }
  const candidates = process.geteuid?.() === 0 ? [namespaces, [...unprivileged, ...namespaces]] : [[...unprivileged, ...namespaces]];
  const complaints: string[] = [];
  for (const flags of candidates) {
    const { status, stderr } = spawnSync('unshare', [...flags, 'true'], { env, encoding: 'utf8' });
    if (status === 0) return flags;
    complaints.push(stderr.trim());
  }
  throw new LabUnavailable(
    `the lab needs root, or user namespaces that everybody may make, and has neither (${complaints.join('; ')}). ` +
      'Where sysctls forbid them, kernel.unprivileged_userns_clone=1, user.max_user_namespaces=10000 or ' +
      'kernel.apparmor_restrict_unprivileged_userns=0 allow them',
  );
}

const packages: Readonly<Record<string, string>> = { unshare: 'util-linux', ip: 'iproute2', nft: 'nftables' };

/** Users' paths often lack the directories of system programs. */
function systemPath(): string {
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/bin', '/bin']
    .filter((part) => part !== '')
    .join(delimiter);
}

function isInstalled(program: string, path: string): boolean {
  return path.split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
