import { spawn } from 'node:child_process';
import { closeSync, existsSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Family } from '#core/net/ip.ts';
import { createNamespace, withNamespace } from '#dataplane/namespace.ts';
import { changeBetween, nodePlace, type Stage, wire } from './links.ts';
import type { Topology } from './topology.ts';

/** The network of a topology: namespaces, held open by this process alone, and the links between them. Needs root or a user namespace. */
export class Network {
  /** The families that this machine's kernel knows. */
  readonly families: readonly Family[] = existsSync('/proc/sys/net/ipv6') ? [4, 6] : [4];
  readonly #namespaces = new Map<string, number>();
  #topology: Topology | undefined;

  /** Whether the network is not that of the topology. */
  differs(topology: Topology): boolean {
    return changeBetween(this.#topology, topology, this.families).stages.length > 0;
  }

  /** Makes the network that of the topology. Pods and nodes that stay as they are stay undisturbed. */
  async apply(topology: Topology): Promise<void> {
    // Threads of the pool inherit the namespace that this thread is in when the pool starts: it must be the one outside.
    await stat('/');
    const change = changeBetween(this.#topology, topology, this.families);
    const gone = change.gone.map((name) => this.#namespaces.get(name)!);
    for (const name of change.gone) this.#namespaces.delete(name);
    for (const name of change.fresh) this.#namespaces.set(name, makeNamespace(isRouter(name) ? routerSettings : settings));
    for (const stage of change.stages) await this.#run(stage);
    for (const fd of gone) closeSync(fd);
    this.#topology = topology;
  }

  /** The namespace of a pod (`namespace/name`), of a node (`node:NAME`), `outside` or `wire`; undefined when there is none. */
  namespaceOf(place: string): number | undefined {
    return this.#namespaces.get(place);
  }

  /** The names of the nodes that have a namespace. */
  get nodes(): readonly string[] {
    return [...(this.#topology?.nodes.keys() ?? [])];
  }

  /** Lets go of all namespaces. Each is gone as soon as no process or socket is left in it. */
  close(): void {
    for (const fd of this.#namespaces.values()) closeSync(fd);
    this.#namespaces.clear();
    this.#topology = undefined;
  }

  async #run(stage: Stage): Promise<void> {
    await Promise.all(
      Array.from(stage, ([name, commands]) => {
        const lines = commands.map((command) => command.replace(/\{(.+)\}/, (_, other: string) => this.#pathOf(other)));
        return runIp(this.#namespaces.get(name)!, lines);
      }),
    );
  }

  #pathOf(name: string): string {
    return `/proc/${process.pid}/fd/${this.#namespaces.get(name)!}`;
  }
}

const isRouter = (name: string): boolean => name === wire || name.startsWith(nodePlace(''));

/** What sysctls say before any interface exists, under /proc/sys/net. Reverse path filters and redirects of the machine are not inherited. */
const settings: Readonly<Record<string, string>> = {
  'ipv4/conf/all/rp_filter': '0',
  'ipv4/conf/default/rp_filter': '0',
  'ipv4/conf/all/accept_redirects': '0',
  'ipv4/conf/default/accept_redirects': '0',
  'ipv6/conf/all/disable_ipv6': '0',
  'ipv6/conf/default/disable_ipv6': '0',
  'ipv6/conf/default/accept_dad': '0',
  'ipv6/conf/default/accept_ra': '0',
  'ipv6/conf/default/accept_redirects': '0',
  // No link-local addresses, so no multicast reports: nothing is on the wire but what was sent on purpose.
  'ipv6/conf/default/addr_gen_mode': '1',
};

const routerSettings: Readonly<Record<string, string>> = {
  ...settings,
  'ipv4/ip_forward': '1',
  'ipv4/conf/all/send_redirects': '0',
  'ipv4/conf/default/send_redirects': '0',
  'ipv6/conf/all/forwarding': '1',
};

function makeNamespace(values: Readonly<Record<string, string>>): number {
  const fd = createNamespace();
  withNamespace(fd, () => {
    for (const [name, value] of Object.entries(values)) {
      const path = `/proc/sys/net/${name}`;
      if (!name.startsWith('ipv6/') || existsSync('/proc/sys/net/ipv6')) writeFileSync(path, value);
    }
  });
  return fd;
}

/** Runs commands of iproute2 in a namespace; the first that fails ends it. */
function runIp(namespace: number, commands: readonly string[]): Promise<void> {
  const child = withNamespace(namespace, () => spawn('ip', ['-batch', '-'], { stdio: ['pipe', 'ignore', 'pipe'] }));
  let errors = '';
  // A process that could not be started has no streams; its error says why.
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) return resolve();
      // iproute2 names the line that failed: "Command failed -:3".
      const line = Number(/Command failed -:(\d+)/.exec(errors)?.[1]);
      reject(new Error(`ip ${commands[line - 1] ?? '-batch'}: ${errors.split('\n')[0]}`));
    });
    child.stdin?.on('error', () => {}); // It has ended early; its exit code says so.
    child.stdin?.end(`${commands.join('\n')}\n`);
  });
}
