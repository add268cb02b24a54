import { type ChildProcess, spawn } from 'node:child_process';
import type { FromAgent, ToAgent } from '#agent/messages.ts';
import type { Applied } from '#agent/reconciler.ts';
import { type Cluster, type ClusterChange, differenceOf, emptyCluster } from '#core/cluster/cluster.ts';
import { withNamespace } from '#dataplane/namespace.ts';
import { podInterfaces } from './links.ts';
import { agentProgram } from './own-program.ts';

/** Where the agent of a node runs and whom it tells what it does. */
export interface AgentOptions {
  readonly node: string;
  /** The node's namespace, as a descriptor. */
  readonly namespace: number;
  /** Choices of semantics.md section 10, `name=value`. */
  readonly choices: readonly string[];
  readonly onApplied: (applied: Applied) => void;
  /** The process has ended although nobody told it to; it is started again. */
  readonly onCrash: (how: string) => void;
}

/** What the agent is told to make true. */
interface Wanted {
  readonly cluster: Cluster;
  readonly version: number;
}

interface Waiter {
  readonly version: number;
  readonly resolve: (applied: Applied | undefined) => void;
}

const firstPause = 100;
const longestPause = 5000;
/** How long an agent may take to apply what it is told, in milliseconds; a first start on a busy machine is the slowest. */
const patience = 20_000;

/** The agent of one node: a process of its own in the node's namespace, started again whenever it ends. What it enforced stays meanwhile. */
export class AgentProcess {
  readonly #options: AgentOptions;
  #child: ChildProcess | undefined;
  #isReady = false;
  #wanted: Wanted | undefined;
  #waiters: Waiter[] = [];
  #pause = firstPause;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#start();
  }

  /** The process, for whoever wants to see it or to send it signals; undefined between two lives. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * Tells the agent to make the cluster true. Resolves when the node's kernel has it, with what the agent says; with undefined when it has
   * not come to that after a while.
   */
  async offer(cluster: Cluster, version: number): Promise<Applied | undefined> {
    const before = this.#wanted;
    this.#wanted = { cluster, version };
    if (this.#isReady) this.#tell(before?.cluster);
    const { promise, resolve } = Promise.withResolvers<Applied | undefined>();
    this.#waiters.push({ version, resolve });
    const timer = setTimeout(() => resolve(undefined), patience);
    return promise.finally(() => clearTimeout(timer));
  }

  /** Sends the process a signal, as a test or a user's `kill` does. False when there is none at the moment. */
  kill(signal: NodeJS.Signals): boolean {
    return this.#child?.kill(signal) ?? false;
  }

  /** Ends the process for good. The kernel goes on enforcing as long as the namespace lives. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    for (const { resolve } of this.#waiters) resolve(undefined);
    this.#waiters = [];
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  #start(): void {
    const { node, namespace, choices } = this.#options;
    const [program = '', ...before] = agentProgram();
    const words = [
      ...before,
      '--node',
      node,
      '--witness',
      '--pod-interfaces',
      podInterfaces,
      ...choices.flatMap((choice) => ['--set', choice]),
    ];
    const started = performance.now();
    const child = withNamespace(namespace, () =>
      spawn(program, words, { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
    );
    this.#child = child;
    child.on('message', (message: FromAgent) => this.#hear(message));
    // A channel that breaks says no more than the end of the process, which follows.
    child.on('error', () => {});
    child.once('exit', (code, signal) => {
      this.#child = undefined;
      this.#isReady = false;
      if (!this.#isStopped) this.#restart(signal ?? `code ${code}`, performance.now() - started);
    });
  }

  #restart(how: string, lived: number): void {
    this.#options.onCrash(how);
    if (lived > 2 * longestPause) this.#pause = firstPause;
    this.#timer = setTimeout(() => this.#start(), this.#pause);
    this.#pause = Math.min(2 * this.#pause, longestPause);
  }

  #hear(message: FromAgent): void {
    if (message.type === 'ready') {
      this.#isReady = true;
      if (this.#wanted !== undefined) this.#tell(undefined);
    } else if (message.type === 'applied') {
      this.#options.onApplied(message);
      // A fault of the machine is tried again; that of a policy is final, and its pods are closed.
      if (message.failures.some(({ policy }) => policy === undefined)) return;
      const done = this.#waiters.filter(({ version }) => version <= message.version);
      this.#waiters = this.#waiters.filter(({ version }) => version > message.version);
      for (const { resolve } of done) resolve(message);
    }
  }

  /** Says what has to change since `before`; undefined when the agent knows nothing yet. */
  #tell(before: Cluster | undefined): void {
    const { cluster, version } = this.#wanted!;
    const changes: ClusterChange[] = differenceOf(before ?? emptyCluster, cluster);
    this.#send({ type: 'changes', version, changes });
    if (before === undefined) this.#send({ type: 'synced' });
  }

  #send(message: ToAgent): void {
    this.#child?.send(message, () => {});
  }
}
