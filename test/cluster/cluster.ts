import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inNamespace, run, succeeds, until } from './commands.ts';
import { ControlPlaneSetup } from './control-plane-setup.ts';
import { Daemons } from './daemons.ts';
import { writeProgramImage } from './image.ts';
import { type ClusterOptions, control, images, nodes, type RunningCluster, state } from './layout.ts';
import { makeNetwork, removeNetwork } from './network.ts';
import { RunningNode } from './node.ts';
import { type NodeFiles, writeNodeFiles } from './node-files.ts';
import { clone, programs } from './programs.ts';

const planeDirectory = join(state, 'control-plane');
const record = join(state, 'cluster.json');
const controllers = ['kube-controller-manager', 'kube-scheduler'];

/** The real cluster of this machine: etcd, API server, controllers and two nodes, each a process that is written down. */
export class Cluster {
  readonly daemons = new Daemons(state);
  readonly nodes = nodes.map((node) => new RunningNode(node, this.daemons));
  readonly kubeconfig = join(planeDirectory, 'admin.kubeconfig');
  /** Signs what the API server shows. */
  readonly authority = join(planeDirectory, 'pki/authority.crt');

  /** What runs here; undefined where no cluster does, or not a whole one. */
  running(): RunningCluster | undefined {
    const names = [
      'etcd',
      'kube-apiserver',
      ...controllers,
      ...nodes.flatMap(({ name }) => [name, `${name}-kubelet`, `${name}-kube-proxy`]),
    ];
    if (!existsSync(record) || names.some((name) => this.daemons.pid(name) === undefined)) return undefined;
    return JSON.parse(readFileSync(record, 'utf8')) as RunningCluster;
  }

  /** The words that run a program where it reaches the API server. */
  words(...words: readonly string[]): string[] {
    return inNamespace(control.namespace, ['env', `KUBECONFIG=${this.kubeconfig}`, ...words]);
  }

  /** Runs kubectl as the administrator. */
  kubectl(words: readonly string[], input?: string): string {
    return run(this.words(join(programs, 'kubectl'), ...words), input);
  }

  /** Starts a whole cluster where there is none. */
  async start(options: ClusterOptions): Promise<void> {
    mkdirSync(state, { recursive: true });
    makeNetwork(options);
    const archives = images.map(({ program, ...image }) =>
      writeProgramImage(join(state, 'images', program), { ...image, program: join(programs, program) }),
    );
    await this.#startControlPlane();
    const files = nodes.map((node) => writeNodeFiles(node, options, this.authority, this.kubeconfig));
    await Promise.all(this.nodes.map((node, index) => this.#startNode(node, files[index]!, archives)));
    this.kubectl(['wait', 'nodes', '--all', '--for=condition=Ready', '--timeout=90s']);
    await until('the default account', () => succeeds(this.words(join(programs, 'kubectl'), 'get', 'serviceaccount', 'default')));
    const running: RunningCluster = { ...options, clone };
    writeFileSync(record, JSON.stringify(running));
  }

  /** Ends every process of the cluster and removes all that it made, of whatever is there. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    // By force, for nothing is kept; the API server before etcd, which it would wait for.
    for (const name of [...this.daemons.names().filter((each) => each !== 'etcd'), 'etcd']) await this.daemons.stop(name, 'SIGKILL');
    removeNetwork();
    rmSync(state, { recursive: true, force: true });
  }

  /** Ends the API server on the spot; gives what starts it again, as it was. */
  async killApiServer(): Promise<() => Promise<void>> {
    const words = readFileSync(`/proc/${this.daemons.pid('kube-apiserver')}/cmdline`, 'utf8')
      .split('\0')
      .slice(0, -1);
    await this.daemons.stop('kube-apiserver', 'SIGKILL');
    return async () => {
      this.daemons.start('kube-apiserver', inNamespace(control.namespace, words));
      await this.#apiServerAnswers();
    };
  }

  async #apiServerAnswers(): Promise<void> {
    await until('the API server', () => succeeds(this.words(join(programs, 'kubectl'), 'get', '--raw=/readyz')), 120);
  }

  async #startControlPlane(): Promise<void> {
    const ports = { server: control.port, etcd: 2379, peer: 2380 };
    const setup = new ControlPlaneSetup(planeDirectory, { address: control.address, ports });
    setup.kubeconfig('admin');
    const { certificate, key } = setup.admin;
    const toNodes = [`--kubelet-client-certificate=${certificate}`, `--kubelet-client-key=${key}`];
    const busy = ['--max-requests-inflight=2000', '--max-mutating-requests-inflight=1000'];
    this.#run('etcd', setup.etcdWords());
    this.#run('kube-apiserver', setup.serverWords([...toNodes, '--kubelet-preferred-address-types=InternalIP', ...busy]));
    await this.#apiServerAnswers();
    const client = ['--leader-elect=false', '--bind-address=127.0.0.1', '--kube-api-qps=200', '--kube-api-burst=400'];
    const identity = ['', 'authentication-', 'authorization-'].map((prefix) => `--${prefix}kubeconfig=${this.kubeconfig}`);
    this.#run('kube-controller-manager', [
      ...identity,
      ...client,
      '--use-service-account-credentials=true',
      `--service-account-private-key-file=${setup.accountsKey}`,
      `--root-ca-file=${this.authority}`,
      '--concurrent-namespace-syncs=20',
    ]);
    this.#run('kube-scheduler', [...identity, ...client]);
  }

  async #startNode(node: RunningNode, files: NodeFiles, archives: readonly string[]): Promise<void> {
    const { name, pods } = node.node;
    // Its range of pods stands in the plugin's file; kubelet completes the object.
    this.kubectl(
      ['create', '-f', '-'],
      JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: { podCIDR: pods, podCIDRs: [pods] } }),
    );
    await node.start();
    await node.startRuntime(files, archives);
    node.startKubernetes(files, this.kubeconfig);
  }

  #run(program: string, words: readonly string[]): void {
    this.daemons.start(program, inNamespace(control.namespace, [join(programs, program), ...words]));
  }
}
