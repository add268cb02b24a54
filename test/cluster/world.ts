import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from './cluster.ts';
import type { Manifest } from './control-plane.ts';
import { images } from './layout.ts';
import type { RunningNode } from './node.ts';
import { clone } from './programs.ts';

/** A pod that runs. */
export interface RunningPod {
  readonly name: string;
  readonly address: string;
  readonly node: RunningNode;
  /** The path of its network namespace. */
  readonly namespace: string;
}

/** What is read of a pod. */
interface PodObject {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly nodeName: string };
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly containerStatuses?: readonly { readonly ready: boolean; readonly containerID?: string }[];
  };
}

/** Why no test can use the cluster; undefined where one can. */
export function cannotUseCluster(): string | undefined {
  const running = new Cluster().running();
  if (running === undefined) return 'needs a cluster: make cluster';
  return running.clone === clone ? undefined : `the cluster here is of ${running.clone}`;
}

const container = { name: 'agnhost', image: images[1].name };

/** A pod that serves TCP on port 80, on a node where one is given. */
export const serverPod = (name: string, labels: object, nodeName?: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels },
  spec: {
    terminationGracePeriodSeconds: 0,
    ...(nodeName !== undefined && { nodeName }),
    containers: [{ ...container, args: ['netexec', '--http-port=80'] }],
  },
});

/** A pod that tells what it could send in its first two seconds; see nodes/agnhost/start.go. */
export const startingPod = (
  name: string,
  labels: object,
  nodeName: string,
  targets: readonly [denied: string, allowed: string],
): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels },
  spec: {
    terminationGracePeriodSeconds: 0,
    restartPolicy: 'Never',
    nodeName,
    containers: [{ ...container, args: ['start', ...targets] }],
  },
});

export const policy = (name: string, spec: object): Manifest => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name },
  spec,
});

/** A namespace of a test on the real cluster, gone when it is disposed of. */
export class ClusterWorld implements AsyncDisposable {
  readonly cluster = new Cluster();
  readonly namespace: string;

  constructor(name: string) {
    this.namespace = `${name}-${process.pid}`;
    this.cluster.kubectl(['create', 'namespace', this.namespace]);
  }

  /** Runs kubectl in the namespace, with objects as its input where there are any. */
  kubectl(words: readonly string[], objects?: readonly Manifest[]): string {
    const input = objects && JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    return this.cluster.kubectl(['-n', this.namespace, ...words], input);
  }

  /** Applies objects, with the server's own account of which field is whose: kubectl would ask for each first. */
  apply(...objects: readonly Manifest[]): void {
    this.kubectl(['apply', '--server-side', '-f', '-'], objects);
  }

  /** The pods of the namespace as the API server knows them. */
  pods(): readonly PodObject[] {
    return (JSON.parse(this.kubectl(['get', 'pods', '-o', 'json'])) as { items: PodObject[] }).items;
  }

  /** Starts pods and waits until they run. */
  async start(...pods: readonly Manifest[]): Promise<RunningPod[]> {
    this.apply(...pods);
    const names = pods.map(({ metadata }) => metadata.name);
    for (const deadline = Date.now() + 90_000; ; await sleep(200)) {
      const found = this.pods();
      const ready = names.map((name) => found.find((pod) => pod.metadata.name === name && pod.status.containerStatuses?.[0]?.ready));
      if (ready.every((pod) => pod !== undefined)) return ready.map((pod) => this.#running(pod));
      if (Date.now() > deadline) throw new Error(`pods did not start: ${this.kubectl(['get', 'pods', '-o', 'wide'])}`);
    }
  }

  /** A client on one node and a server on the other, which run. */
  async startPair(): Promise<[client: RunningPod, server: RunningPod]> {
    const [client, server] = await this.start(
      serverPod('client', { app: 'client' }, 'node1'),
      serverPod('server', { app: 'server' }, 'node2'),
    );
    return [client!, server!];
  }

  #running({ metadata, spec, status }: PodObject): RunningPod {
    const node = this.cluster.nodes.find((each) => each.node.name === spec.nodeName)!;
    const containerId = status.containerStatuses![0]!.containerID!.replace('containerd://', '');
    return { name: metadata.name, address: status.podIP!, node, namespace: node.containerNamespace(containerId) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cluster.kubectl(['delete', 'namespace', this.namespace, '--timeout=120s']);
  }
}
