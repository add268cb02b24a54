import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { ControlPlaneSetup, type TokenUser } from './control-plane-setup.ts';
import { home, programs } from './programs.ts';

/** What a control plane is started with. */
export interface ControlPlaneOptions {
  readonly users?: readonly TokenUser[];
  /** More flags of kube-apiserver. */
  readonly flags?: readonly string[];
}

/** The server's answer to a request of a test. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** An object, or the text that is no JSON. */
  readonly body: unknown;
}

/** An object to create. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly status?: object;
  readonly [field: string]: unknown;
}

/** An entry of the audit log. Source: Event in audit.k8s.io/v1. */
export interface AuditEvent {
  readonly verb: string;
  readonly requestURI: string;
  readonly userAgent: string;
  readonly user: { readonly username: string };
}

/**
 * etcd and kube-apiserver on loopback, with a state of their own. No controllers run: an object is what was created, and has the
 * status that it was given.
 */
export class ControlPlane extends ControlPlaneSetup implements AsyncDisposable {
  readonly #agent: Agent;
  readonly #processes: ChildProcess[] = [];

  private constructor(...place: ConstructorParameters<typeof ControlPlaneSetup>) {
    super(...place);
    const { certificate, key } = this.admin;
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 20,
      ca: readFileSync(this.authority.certificate),
      cert: readFileSync(certificate),
      key: readFileSync(key),
    });
  }

  static async start({ users = [], flags = [] }: ControlPlaneOptions = {}): Promise<ControlPlane> {
    mkdirSync(home, { recursive: true });
    const [server = 0, etcd = 0, peer = 0] = await freePorts(3);
    const place = { address: '127.0.0.1', ports: { server, etcd, peer } };
    const plane = new ControlPlane(mkdtempSync(join(home, 'control-plane-')), place);
    try {
      plane.#run('etcd', plane.etcdWords());
      plane.#run('kube-apiserver', plane.serverWords([...plane.#lonelyFlags(), plane.tokenFlag(users), ...flags]));
      await plane.#ready();
    } catch (error) {
      await plane[Symbol.asyncDispose]();
      throw error;
    }
    return plane;
  }

  /** The audit log's entries. */
  audit(): readonly AuditEvent[] {
    return readFileSync(this.auditLog, 'utf8')
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as AuditEvent);
  }

  /** Asks the server as its administrator. */
  async send(method: string, path: string, body?: object | string, type = 'application/json'): Promise<Reply> {
    const payload = typeof body === 'object' ? JSON.stringify(body) : body;
    const sent = request(this.server + path, {
      method,
      agent: this.#agent,
      headers: { ...(payload !== undefined && { 'Content-Type': type, 'Content-Length': Buffer.byteLength(payload) }) },
    });
    const response = new Promise<Reply>((resolve, reject) => {
      sent.on('error', reject);
      sent.on('response', (received) => {
        text(received).then(
          (answer) => resolve({ status: received.statusCode ?? 0, headers: received.headers, body: jsonOf(answer) }),
          reject,
        );
      });
    });
    sent.end(payload);
    return response;
  }

  /** Creates objects as they stand, status included, many at once. */
  async create(objects: readonly Manifest[]): Promise<void> {
    const order = ['CustomResourceDefinition', 'Namespace'];
    const rank = ({ kind }: Manifest): number => (order.indexOf(kind) + order.length) % (order.length + 1);
    for (const [, group] of [...Map.groupBy(objects, rank)].sort(([a], [b]) => a - b))
      await inParallel(group, 20, (object) => this.#create(object));
  }

  async #create(object: Manifest): Promise<void> {
    const path = pathOf(object);
    const created = await this.send('POST', path, object);
    // Of some namespaces the server has made the object itself.
    const isThere = created.status === 409 && object.kind === 'Namespace';
    if (created.status !== 201 && !isThere) throw new Error(`${object.kind} ${object.metadata.name}: ${JSON.stringify(created.body)}`);
    if (object.status === undefined) return;
    const { status } = object;
    const patched = await this.send('PATCH', `${path}/${object.metadata.name}/status`, { status }, 'application/merge-patch+json');
    if (patched.status !== 200) throw new Error(`status of ${object.kind} ${object.metadata.name}: ${JSON.stringify(patched.body)}`);
  }

  /** Puts an object into the store behind the server's back, as an older server may have left it. */
  async store(key: string, object: object): Promise<void> {
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    const response = await fetch(`${this.etcd}/v3/kv/put`, {
      method: 'POST',
      body: JSON.stringify({ key: base64(key), value: base64(JSON.stringify(object)) }),
    });
    if (!response.ok) throw new Error(await response.text());
  }

  /** Waits until something has become so. */
  async until(isSo: () => Promise<boolean>): Promise<void> {
    for (const deadline = Date.now() + 20_000; !(await isSo()); await sleep(100))
      if (Date.now() > deadline) throw new Error('waited in vain');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    // The server first: without etcd it would wait for it.
    for (const child of this.#processes.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.directory, { recursive: true });
  }

  /** Of a server without the controllers that would make the accounts and the nodes' readiness that these plugins wait for. */
  #lonelyFlags(): string[] {
    const plugins = '--disable-admission-plugins=ServiceAccount,TaintNodesByCondition,Priority';
    return [plugins, '--endpoint-reconciler-type=none', ...this.auditFlags()];
  }

  #run(program: string, words: readonly string[]): void {
    const log = openSync(join(this.directory, `${program}.log`), 'a');
    this.#processes.push(spawn(join(programs, program), words, { stdio: ['ignore', log, log] }));
  }

  /** Kills etcd or the API server as a crash does. Returns what starts it again, with what it had stored, and waits until it answers. */
  async crash(program: 'etcd' | 'kube-apiserver'): Promise<() => Promise<void>> {
    const index = this.#processes.findIndex(({ spawnfile }) => spawnfile === join(programs, program));
    const [child] = this.#processes.splice(index, 1);
    const ended = new Promise((resolve) => child!.once('exit', resolve));
    child!.kill('SIGKILL');
    await ended;
    return async () => {
      this.#run(program, child!.spawnargs.slice(1));
      // The server is to be ended before etcd.
      if (program === 'etcd') this.#processes.unshift(this.#processes.pop()!);
      await this.#ready();
    };
  }

  async #ready(): Promise<void> {
    const deadline = Date.now() + 100_000;
    for (;;) {
      const ended = this.#processes.find(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null);
      const reply = await this.send('GET', '/readyz').catch(() => undefined);
      if (reply?.status === 200) return;
      if (ended !== undefined || Date.now() > deadline) throw new Error(`the control plane did not start:\n${this.#lastWords()}`);
      await sleep(100);
    }
  }

  #lastWords(): string {
    return ['etcd', 'kube-apiserver']
      .map((program) =>
        readFileSync(join(this.directory, `${program}.log`), 'utf8')
          .split('\n')
          .slice(-15)
          .join('\n'),
      )
      .join('\n');
  }
}

const plurals: Readonly<Record<string, string>> = {
  NetworkPolicy: 'networkpolicies',
  ClusterNetworkPolicy: 'clusternetworkpolicies',
};
const clusterScoped: readonly string[] = [
  'Namespace',
  'Node',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'ClusterNetworkPolicy',
];

/** Where objects of the kind of this one are created. */
function pathOf({ apiVersion, kind, metadata }: Manifest): string {
  const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  const plural = plurals[kind] ?? `${kind.toLowerCase()}s`;
  return clusterScoped.includes(kind) ? `${root}/${plural}` : `${root}/namespaces/${metadata.namespace}/${plural}`;
}

function jsonOf(answer: string): unknown {
  try {
    return JSON.parse(answer);
  } catch {
    return answer;
  }
}

async function inParallel<T>(items: readonly T[], limit: number, work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  await Promise.all(
    Array.from({ length: limit }, async () => {
      for (const item of rest) await work(item);
    }),
  );
}

/** Ports of loopback that nobody listens on. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
