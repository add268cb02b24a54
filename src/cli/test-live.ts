import { isFinished, type Node, type Pod, qualifiedName } from '#core/api/types.ts';
import { clusterOf } from '#core/cluster/cluster.ts';
import type { TestAnswer } from '#core/expect/answer.ts';
import { count } from '#core/render/text.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import type { Flow } from '#core/verdict/check.ts';
import { readAgents } from '#kube/agents.ts';
import { connectionOf } from '#kube/connect.ts';
import type { Connection } from '#kube/connection.ts';
import { Forbidden, permissionFault } from '#kube/permission.ts';
import { everyPair, planFlows } from '#lab/flows.ts';
import { compare } from '#lab/run.ts';
import { asAnswer } from './cluster-fault.ts';
import { CannotAnswer } from './exit.ts';
import { note, readInput } from './input.ts';
import { LiveObserver } from './live-observer.ts';
import type { InputOptions } from './options.ts';
import { withProgress } from './progress.ts';
import type { TestDocument } from './test-files.ts';
import { PacketTests } from './test-packets.ts';

/** How tests are tried in a cluster. */
export interface LiveOptions extends InputOptions {
  /** Of the containers that open the connections. */
  readonly image?: string;
}

/** In more pods nothing is run, and more workloads are not tried with each other: who wants that says which matter. */
const mostPods = 100;

/** Runs the tests of some documents with real packets, in the cluster that the options name, from containers in its pods. */
export async function liveTests(documents: readonly TestDocument[], options: LiveOptions): Promise<readonly TestAnswer[]> {
  const { objects, choices, settled } = await readInput(options);
  const analysis = new Analysis(clusterOf(objects), choices, settled);
  const pods = objects.filter((object) => object.kind === 'Pod');
  const tests = documents.map(({ test }) => test);
  const packets = new PacketTests(analysis, tests, () => pairsOf(pods, analysis.cluster.nodes));
  const flows = planFlows(analysis, packets.flows);
  if ('error' in flows) throw new CannotAnswer(flows.error);
  try {
    const connection = await connectionOf(options);
    const observer = new LiveObserver(connection, pods, await imageFor(connection, options));
    const trials = flows.flatMap((flow) => flow.trials);
    const places = observer.podsFor(trials);
    if (places > mostPods)
      throw new CannotAnswer(
        `the tests need a container in each of ${places} pods, which is too many`,
        'name fewer endpoints: one pod of a workload, say',
      );
    const observed = await withProgress('trying connections', (report) => observer.observe(trials, report));
    if (places > 0)
      await note(`a container has run in each of ${count(places, 'pod')} and has ended; it is listed there until the pod goes`);
    let next = 0;
    return packets.answers(
      flows.map((flow) =>
        compare(
          flow,
          flow.trials.map(() => observed[next++]!),
        ),
      ),
    );
  } catch (error) {
    throw asAnswer(error instanceof Forbidden ? permissionFault([error]) : error);
  }
}

/** The image of the cluster's own agents is on its nodes already. */
async function imageFor(connection: Connection, { image }: LiveOptions): Promise<string> {
  if (image !== undefined) return image;
  const [agent] = await readAgents(connection);
  if (agent !== undefined) return agent.image;
  throw new CannotAnswer(
    'no agent of Sallyport runs in this cluster, whose image could be used',
    '--image names one that its nodes can pull; `make image` builds it',
  );
}

/** With whom it is tried that nothing else passes: one pod of each workload, with those of every other, on the ports that they declare. */
function pairsOf(pods: readonly Pod[], nodes: ReadonlyMap<string, Node>): Flow[] {
  const parties = new Map<string, Pod>();
  for (const pod of pods) {
    const { namespace, owner, name } = pod;
    const workload = owner === undefined ? name : `${owner.kind}/${owner.name}`;
    if (!isFinished(pod) && !pod.hostNetwork && pod.addresses.length > 0) parties.set(`${namespace}/${workload}`, pod);
  }
  if (parties.size > mostPods)
    throw new CannotAnswer(
      `that nothing else passes would have to be tried between ${parties.size} workloads, which is too many`,
      'without nothingElse, say who must not reach whom',
    );
  return everyPair({ pods: new Map([...parties.values()].map((pod) => [qualifiedName(pod), pod])), nodes, externals: [] });
}
