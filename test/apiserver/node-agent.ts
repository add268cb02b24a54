import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { agentFlags } from '#agent/flags.ts';
import { createNamespace, withNamespace } from '#dataplane/namespace.ts';
import { runNft } from '#dataplane/nft-process.ts';
import type { Manifest } from '../cluster/control-plane.ts';
import { Relay } from './relay.ts';
import type { World } from './world.ts';

/** A line of an agent's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly event: string; readonly level: string };

/** What an agent may do, as the documentation says it. */
export const agentRole: Manifest = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'sallyport-agent' },
  rules: [
    { apiGroups: [''], resources: ['namespaces', 'nodes', 'pods'], verbs: ['list', 'watch'] },
    { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: ['list', 'watch'] },
    { apiGroups: ['policy.networking.k8s.io'], resources: ['*'], verbs: ['list', 'watch'] },
    { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
  ],
};

export const boundTo = (user: string, role = 'sallyport-agent'): Manifest => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: `${role}-${user}` },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  subjects: [{ kind: 'User', name: user, apiGroup: 'rbac.authorization.k8s.io' }],
});

/** A node as far as an agent knows it: a network namespace with a way to the API server, and the agent as it ships. */
export class NodeAgent implements AsyncDisposable {
  readonly namespace: number;
  readonly relay: Relay;
  readonly serviceAccount: string;
  readonly lines: LogLine[] = [];
  stderr = '';
  readonly #program: string;
  readonly #isOwn: boolean;
  readonly #waiting = new Set<() => void>();
  #child: ChildProcess | undefined;

  /** `namespace` is that of the node, and stays its maker's; unless given it is one of our own. */
  constructor(world: Pick<World, 'plane' | 'program' | 'folder'>, token: string, namespace?: number) {
    this.namespace = namespace ?? createNamespace();
    this.#isOwn = namespace === undefined;
    withNamespace(this.namespace, () => execFileSync('ip', ['link', 'set', 'lo', 'up']));
    this.relay = new Relay(this.namespace, Number(new URL(world.plane.server).port));
    this.#program = world.program;
    this.serviceAccount = join(world.folder, `account-${this.namespace}`);
    mkdirSync(this.serviceAccount, { recursive: true });
    writeFileSync(join(this.serviceAccount, 'ca.crt'), readFileSync(world.plane.authority.certificate));
    this.rotate(token);
  }

  /** Writes another token, as kubelet does. */
  rotate(token: string): void {
    writeFileSync(join(this.serviceAccount, 'token'), token);
  }

  start(...words: string[]): this {
    const env = {
      PATH: process.env.PATH,
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: String(this.relay.port),
      NODE_NAME: 'n1',
    };
    const args = [...agentFlags, this.#program, 'agent', '--service-account', this.serviceAccount, '--audit-interval', '0', ...words];
    const child = withNamespace(this.namespace, () => spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] }));
    this.#child = child;
    createInterface(child.stdout).on('line', (line) => {
      this.lines.push(JSON.parse(line) as LogLine);
      for (const wake of this.#waiting) wake();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    return this;
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  /** How many seconds of a processor it has used. Source: proc_pid_stat(5); a tick is a hundredth of a second. */
  processorTime(): number {
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  /** The first line after the first `from` ones that is of the event and holds these fields; waits for it. */
  async line(event: string, isIt: (line: LogLine) => boolean = () => true, from = 0, patience = 30_000): Promise<LogLine> {
    for (const deadline = Date.now() + patience; ; ) {
      const found = this.lines.slice(from).find((line) => line.event === event && isIt(line));
      if (found !== undefined) return found;
      if (Date.now() > deadline) throw new Error(`no ${event}: ${JSON.stringify(this.lines.slice(-5))} ${this.stderr}`);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          clearTimeout(timer);
          resolve();
        };
        const timer = setTimeout(wake, 500);
        this.#waiting.add(wake);
      });
    }
  }

  /** Runs nft in the node. */
  nft(...words: string[]): Promise<string> {
    return runNft({ namespace: this.namespace }, words);
  }

  /** The elements of a set of our table; none when it is not there. */
  async elements(set: string): Promise<string[]> {
    const text = await this.nft('list', 'set', 'inet', 'sallyport', set).catch(() => '');
    return (/elements = \{([^}]*)\}/.exec(text)?.[1] ?? '')
      .split(',')
      .map((word) => word.trim())
      .filter(Boolean);
  }

  /** Sends a signal and waits for the end; gives the exit code. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const child = this.#child!;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill(signal);
      await ended;
    }
    return child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child !== undefined) await this.end('SIGKILL');
    this.relay[Symbol.dispose]();
    if (this.#isOwn) closeSync(this.namespace);
  }
}
