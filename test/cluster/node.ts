import { globSync, readFileSync, rmdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { inNamespace, run, succeeds, until } from './commands.ts';
import type { Daemons } from './daemons.ts';
import type { ClusterNode } from './layout.ts';
import type { NodeFiles } from './node-files.ts';
import { programs } from './programs.ts';

/**
 * A node that runs. Its first process (`pause`, as in a pod) holds its mounts and reaps its orphans; when that ends the kernel ends all
 * others and unmounts what they had mounted. `/var` and `/run` are the node's own, so that every program has its usual paths there.
 */
export class RunningNode {
  readonly node: ClusterNode;
  readonly #daemons: Daemons;

  constructor(node: ClusterNode, daemons: Daemons) {
    this.node = node;
    this.#daemons = daemons;
  }

  /** Starts the first process. */
  async start(): Promise<void> {
    const { name, namespace, directory } = this.node;
    const becomeNode = [join(import.meta.dirname, 'node.sh'), directory, join(programs, 'pause')];
    const isolate = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', ...becomeNode];
    this.#daemons.start(name, inNamespace(namespace, isolate));
    await until(`the first process of ${name}`, () => {
      const pid = this.#firstProcess();
      return pid !== undefined && readFileSync(`/proc/${pid}/comm`, 'utf8') === 'pause\n';
    });
  }

  /** The first process of the node, by the machine's number. */
  #firstProcess(): number | undefined {
    const outer = this.#daemons.pid(this.node.name);
    if (outer === undefined) return undefined;
    const [child] = readFileSync(`/proc/${outer}/task/${outer}/children`, 'utf8').split(' ');
    return child ? Number(child) : undefined;
  }

  /** The words that run a program of the node, which ends with it. */
  within(...words: readonly string[]): string[] {
    return ['nsenter', `--target=${this.#firstProcess()}`, '--net', '--mount', '--pid', ...words];
  }

  /** Starts containerd and gives it the images. */
  async startRuntime({ containerd }: NodeFiles, archives: readonly string[]): Promise<void> {
    this.#daemons.start(`${this.node.name}-containerd`, this.within('containerd', '-c', containerd, '-l', 'warn'));
    await until(`containerd of ${this.node.name}`, () => succeeds(this.within('ctr', 'version')));
    for (const archive of archives) run(this.within('ctr', '-n', 'k8s.io', 'images', 'import', archive));
  }

  /** Gives containerd one more image, under another name than its own. */
  importImage(archive: string, own: string, name: string): void {
    run(this.within('ctr', '-n', 'k8s.io', 'images', 'import', archive));
    run(this.within('ctr', '-n', 'k8s.io', 'images', 'tag', '--force', own, name));
  }

  /** Starts kubelet and kube-proxy. */
  startKubernetes({ kubelet, proxy }: NodeFiles, kubeconfig: string): void {
    const { name, address } = this.node;
    const identity = [`--hostname-override=${name}`, `--node-ip=${address}`, `--kubeconfig=${kubeconfig}`];
    this.#daemons.start(`${name}-kubelet`, this.within(join(programs, 'kubelet'), `--config=${kubelet}`, ...identity));
    this.#daemons.start(`${name}-kube-proxy`, this.within(join(programs, 'kube-proxy'), `--config=${proxy}`));
  }

  /** The path of the network namespace of a container that runs. */
  containerNamespace(id: string): string {
    const root = `/proc/${this.#firstProcess()}/root`;
    const pid = readFileSync(`${root}/run/containerd/io.containerd.runtime.v2.task/k8s.io/${id}/init.pid`, 'utf8');
    return `${root}/proc/${pid}/ns/net`;
  }

  /** Ends the node and all its processes. */
  async stop(): Promise<void> {
    const { name } = this.node;
    await this.#daemons.stop(name, 'SIGKILL');
    for (const program of ['containerd', 'kubelet', 'kube-proxy']) await this.#daemons.stop(`${name}-${program}`);
    await until(`the control groups of ${name} to be empty`, () => this.#removeControlGroups(), 20);
  }

  /** Removes the control groups of the containers that ran to the end; whether they are gone. */
  #removeControlGroups(): boolean {
    const containers = globSync(join(this.node.directory, 'var/lib/containerd/io.containerd.runtime.v2.task/k8s.io/*'));
    const groups = containers.flatMap((container) => globSync(`/sys/fs/cgroup/*/k8s.io/${basename(container)}`));
    const areGone = groups.every(removeFolder);
    // Their parent stays where somebody else uses it, too.
    for (const parent of globSync('/sys/fs/cgroup/*/k8s.io')) removeFolder(parent);
    return areGone;
  }
}

/** Removes an empty folder; whether that could be done. */
function removeFolder(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch {
    return false;
  }
}
