import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { agentRole, boundTo, NodeAgent } from '../../test/apiserver/node-agent.ts';
import { ControlPlane, type Manifest } from '../../test/cluster/control-plane.ts';
import { cannotRunControlPlane } from '../../test/cluster/programs.ts';
import { type ClusterSize, clusterObjects, clusterSizes, podObject, policyObject } from '../cluster.ts';
import { estimateQuantile } from '../compare.ts';
import { type Result, type Section, Skipped } from '../report.ts';
import { memoryOf } from './memory.ts';

const size = clusterSizes.medium;
const token = 'token-of-agent';
const events = 500;
const idleSeconds = 20;

/** A cluster in a real API server, and agents of one of its nodes. */
class Cluster implements AsyncDisposable {
  readonly plane: ControlPlane;
  readonly program = fileURLToPath(new URL('../../build/sallyport.js', import.meta.url));
  readonly folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));

  private constructor(plane: ControlPlane) {
    this.plane = plane;
  }

  static async create(size: ClusterSize): Promise<Cluster> {
    if (process.getuid?.() !== 0) throw new Skipped('needs root');
    const missing = cannotRunControlPlane();
    if (missing !== undefined) throw new Skipped(missing);
    const cluster = new Cluster(await ControlPlane.start({ users: [{ token, name: 'agent' }] }));
    await cluster.plane.create([...(clusterObjects(size) as Iterable<Manifest>), agentRole, boundTo('agent')]);
    return cluster;
  }

  /** Starts an agent and waits until it has programmed its node; `patience` in milliseconds. */
  async start(patience?: number): Promise<NodeAgent> {
    const agent = new NodeAgent(this, token).start('--node', 'node-3');
    await agent.line('programmed', () => true, 0, patience);
    return agent;
  }

  /** Changes an object as its administrator. */
  async patch(path: string, change: object): Promise<void> {
    const { status, body } = await this.plane.send('PATCH', path, change, 'application/merge-patch+json');
    if (status !== 200) throw new Error(JSON.stringify(body));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.plane[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true });
  }
}

const now = (): number => performance.now();
const pathOf = (plural: string, { metadata }: { readonly metadata: object }): string => {
  const { namespace, name } = metadata as { namespace: string; name: string };
  return `${plural === 'pods' ? '/api/v1' : '/apis/networking.k8s.io/v1'}/namespaces/${namespace}/${plural}/${name}`;
};

/** Makes changes that this node must follow, one after the other. Gives how long each took, from the request and from when the agent heard of it. */
async function follow(
  agent: NodeAgent,
  change: (turn: number) => Promise<void>,
): Promise<{ fromRequest: number[]; fromArrival: number[] }> {
  const fromRequest: number[] = [];
  const fromArrival: number[] = [];
  for (let turn = 0; turn < events; turn++) {
    const seen = agent.lines.length;
    const applied = agent.line('applied', () => true, seen).then(({ latency }) => ({ latency: Number(latency), at: now() }));
    const sent = now();
    await change(turn);
    const { latency, at } = await applied;
    fromRequest.push(at - sent);
    fromArrival.push(latency);
  }
  return { fromRequest, fromArrival };
}

/** Starts agents one after the other, with the bars of memory and time that they should keep where there are any. */
async function measureStarts(
  cluster: Cluster,
  { starts, mebibytes, milliseconds }: { readonly starts: number; readonly mebibytes: number; readonly milliseconds?: number },
  report: (result: Result) => void,
): Promise<void> {
  const times: number[] = [];
  const resident: number[] = [];
  const most: number[] = [];
  for (let run = 0; run < starts; run++) {
    const begun = now();
    await using agent = await cluster.start(120_000);
    times.push(now() - begun);
    await sleep(2000);
    resident.push(memoryOf(agent.pid, 'VmRSS'));
    most.push(memoryOf(agent.pid, 'VmHWM'));
  }
  report({
    name: 'from the start of the process to the first complete ruleset',
    unit: 'ms',
    estimate: estimateQuantile(times),
    ...(milliseconds !== undefined && { bar: { atMost: milliseconds } }),
  });
  report({ name: 'resident', unit: 'MiB', estimate: estimateQuantile(resident), bar: { atMost: mebibytes } });
  report({ name: 'resident at most', unit: 'MiB', estimate: estimateQuantile(most), bar: { atMost: mebibytes } });
}

async function measureEvents(cluster: Cluster, report: (result: Result) => void): Promise<void> {
  await using agent = await cluster.start();
  const changes = {
    // One of this node comes back with another address: the dearest kind of event.
    'a pod of the node readdressed': (turn: number) => {
      const ip = `10.250.${(turn >> 8) & 255}.${turn & 255}`;
      const path = pathOf('pods', podObject(size, (turn * 100 + 3) % size.pods));
      return cluster.patch(`${path}/status`, { status: { podIP: ip, podIPs: [{ ip }] } });
    },
    'a policy of the node edited': (turn: number) =>
      cluster.patch(pathOf('networkpolicies', policyObject(size, 0)), { spec: { ingress: [{ ports: [{ port: 10_000 + turn }] }] } }),
  };
  for (const [name, change] of Object.entries(changes)) {
    const { fromRequest, fromArrival } = await follow(agent, change);
    for (const [from, times] of Object.entries({ 'from the request': fromRequest, 'from its arrival': fromArrival })) {
      report({ name: `${name}, ${from} to the kernel, p50`, unit: 'ms', estimate: estimateQuantile(times), bar: { atMost: 15 } });
      report({ name: `${name}, ${from} to the kernel, p99`, unit: 'ms', estimate: estimateQuantile(times, 0.99), bar: { atMost: 50 } });
    }
  }
  report({
    name: 'resident after these changes',
    unit: 'MiB',
    estimate: estimateQuantile([memoryOf(agent.pid, 'VmRSS')]),
    bar: { atMost: 120 },
  });
  const before = agent.processorTime();
  await sleep(idleSeconds * 1000);
  const idle = ((agent.processorTime() - before) * 1000) / idleSeconds;
  report({ name: 'processor time in a second when nothing happens', unit: 'ms', estimate: estimateQuantile([idle]) });
}

/** An agent of a node of 100 pods, as it ships, on a real API server. */
export const clusterAgent: Section = {
  title: 'an agent on a real API server, 10,000 pods and 1,000 policies, a node of 100 pods (needs root and make apiserver)',
  measure: async (report) => {
    await using cluster = await Cluster.create(size);
    await measureStarts(cluster, { starts: 15, mebibytes: 120, milliseconds: 2000 }, report);
    await measureEvents(cluster, report);
  },
};

/** The same where the cluster is ten times as large. */
export const largeClusterAgent: Section = {
  title: 'an agent on a real API server, 100,000 pods and 10,000 policies, which take minutes to make (needs root and make apiserver)',
  measure: async (report) => {
    await using cluster = await Cluster.create(clusterSizes.large);
    await measureStarts(cluster, { starts: 4, mebibytes: 300 }, report);
  },
};
