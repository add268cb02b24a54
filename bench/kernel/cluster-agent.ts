import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { agentRole, boundTo, NodeAgent } from '../../test/apiserver/node-agent.ts';
import { ControlPlane, type Manifest } from '../../test/cluster/control-plane.ts';
import { cannotRunControlPlane } from '../../test/cluster/programs.ts';
import { clusterObjects, clusterSizes, podObject, policyObject } from '../cluster.ts';
import { estimateQuantile } from '../compare.ts';
import { type Result, type Section, Skipped } from '../report.ts';
import { memoryOf } from './memory.ts';

const size = clusterSizes.medium;
const token = 'token-of-agent';
const starts = 6;
const events = 500;
const idleSeconds = 20;

/** A cluster of the medium size in a real API server, and agents of one of its nodes. */
class Cluster implements AsyncDisposable {
  readonly plane: ControlPlane;
  readonly program = fileURLToPath(new URL('../../build/sallyport.js', import.meta.url));
  readonly folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));

  private constructor(plane: ControlPlane) {
    this.plane = plane;
  }

  static async create(): Promise<Cluster> {
    const cluster = new Cluster(await ControlPlane.start({ users: [{ token, name: 'agent' }] }));
    await cluster.plane.create([...(clusterObjects(size) as Iterable<Manifest>), agentRole, boundTo('agent')]);
    return cluster;
  }

  start(): NodeAgent {
    return new NodeAgent(this, token).start('--node', 'node-3');
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

/** Milliseconds of processor time that the process has had. */
function processorTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function measureStarts(cluster: Cluster, report: (result: Result) => void): Promise<void> {
  const times: number[] = [];
  const resident: number[] = [];
  const most: number[] = [];
  for (let run = 0; run < starts; run++) {
    const begun = now();
    await using agent = cluster.start();
    await agent.line('programmed');
    times.push(now() - begun);
    await sleep(2000);
    resident.push(memoryOf(agent.pid, 'VmRSS'));
    most.push(memoryOf(agent.pid, 'VmHWM'));
  }
  report({
    name: 'from the start of the process to the first complete ruleset',
    unit: 'ms',
    estimate: estimateQuantile(times),
    bar: { atMost: 2000 },
  });
  report({ name: 'resident', unit: 'MiB', estimate: estimateQuantile(resident), bar: { atMost: 120 } });
  report({ name: 'resident at most', unit: 'MiB', estimate: estimateQuantile(most), bar: { atMost: 120 } });
}

async function measureEvents(cluster: Cluster, report: (result: Result) => void): Promise<void> {
  await using agent = cluster.start();
  await agent.line('programmed');
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
  const before = processorTime(agent.pid);
  await sleep(idleSeconds * 1000);
  const idle = (processorTime(agent.pid) - before) / idleSeconds;
  report({ name: 'processor time in a second when nothing happens', unit: 'ms', estimate: estimateQuantile([idle]) });
}

/** An agent of a node of 100 pods, as it ships, on a real API server. */
export const clusterAgent: Section = {
  title: 'an agent on a real API server, 10,000 pods and 1,000 policies, a node of 100 pods (needs root and make apiserver)',
  measure: async (report) => {
    if (process.getuid?.() !== 0) throw new Skipped('needs root');
    const missing = cannotRunControlPlane();
    if (missing !== undefined) throw new Skipped(missing);
    await using cluster = await Cluster.create();
    await measureStarts(cluster, report);
    await measureEvents(cluster, report);
  },
};
