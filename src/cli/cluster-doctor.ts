import { agentAccount } from '#core/enforcement/agent-account.ts';
import { agentPresence } from '#core/enforcement/agent-presence.ts';
import { clusterStatusOf } from '#core/enforcement/cluster-status.ts';
import { otherEngines } from '#core/enforcement/engines.ts';
import { type Examined, examined, type Opinion, skipped } from '#core/enforcement/examination.ts';
import { nodeFitness } from '#core/enforcement/node-fitness.ts';
import { foreignPolicies } from '#core/enforcement/policy-kinds.ts';
import { proxyMode } from '#core/enforcement/proxy-mode.ts';
import { serverVersion } from '#core/enforcement/server-version.ts';
import type { NodeFacts, Workload } from '#core/enforcement/surroundings.ts';
import { lacksOf } from '#kube/agent-account.ts';
import { type AgentPod, readAgents } from '#kube/agents.ts';
import { connectionOf } from '#kube/connect.ts';
import type { Connection } from '#kube/connection.ts';
import { groupsOf } from '#kube/discovery.ts';
import { KubeFault } from '#kube/fault.ts';
import { Forbidden, grantsOf, permissionFault, reader, reviewer } from '#kube/permission.ts';
import { readForeignPolicies, readNodeFacts, readProxyConfigs, readVersion, readWorkloads } from '#kube/read-surroundings.ts';
import type { KubeOptions } from '#kube/target.ts';
import { agentAt, agentOf, answersOf } from './agent-answers.ts';
import { asAnswer } from './cluster-fault.ts';

/** All of it may take this many milliseconds. */
const patience = 60_000;

/** Looks at a cluster as the machine's doctor looks at a node: one thing after the other, each by what the API server and the agents say. */
export class ClusterDoctor {
  readonly #connection: Connection;
  readonly #addresses: readonly string[];
  readonly #signal = AbortSignal.timeout(patience);
  readonly #refused: Forbidden[] = [];
  readonly #once = new Map<string, Promise<unknown>>();
  #isComplete = true;

  private constructor(connection: Connection, addresses: readonly string[]) {
    this.#connection = connection;
    this.#addresses = addresses;
  }

  /** Of the cluster of the options; `addresses` are those of agents that are no pods. */
  static async ofCluster(options: KubeOptions, addresses: readonly string[] = []): Promise<ClusterDoctor> {
    try {
      return new ClusterDoctor(await connectionOf(options), addresses);
    } catch (error) {
      throw asAnswer(error);
    }
  }

  /** Whether nothing kept it from looking. What it could not look at it has said. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** The commands that grant what it was not allowed; none where it was allowed everything. */
  get grants(): string[] {
    const user = this.#refused.find((each) => each.user !== undefined)?.user;
    const byRole = Map.groupBy(
      this.#refused.map(({ permission }) => permission),
      ({ verb }) => (verb === 'create' ? reviewer : reader),
    );
    return [...byRole].flatMap(([role, permissions]) => grantsOf(permissions, user, role));
  }

  /** Everything it looks at, in the order of its report. */
  async *examine(): AsyncGenerator<Examined> {
    // A server that does not answer has no findings.
    await this.#version().catch((error: unknown) => {
      throw asAnswer(error);
    });
    yield await this.#examined('api-server', async () => serverVersion(await this.#version()));
    yield await this.#examined('nodes', async () => nodeFitness(await this.#nodes()));
    yield await this.#examined('agents', () => this.#agentPresence());
    yield await this.#account();
    yield await this.#examined('engines', async () => {
      const [workloads, groups, nodes] = await together([this.#workloads(), this.#groups(), this.#nodes()] as const);
      return otherEngines(workloads, groups, nodes);
    });
    yield await this.#examined('kube-proxy', async () => {
      const configs = readProxyConfigs(this.#connection, this.#signal);
      const [workloads, files] = await together([this.#workloads(), together(configs)] as const);
      return proxyMode(workloads, files.flat(), await this.#version());
    });
    yield await this.#examined('policies', async () => {
      const kinds = this.#groups().then((groups) => together(readForeignPolicies(this.#connection, groups, this.#signal)));
      const [workloads, found] = await together([this.#workloads(), kinds] as const);
      return foreignPolicies(found.flat(), workloads);
    });
  }

  async #agentPresence(): Promise<Opinion> {
    const [nodes, pods] = await together([this.#nodes(), this.#agents()] as const);
    const agents = this.#addresses.length > 0 ? this.#addresses.map(agentAt) : pods.map((pod) => agentOf(this.#connection, pod));
    const { answers, refused } = await answersOf(agents);
    if (refused.length > 0) throw new AllRefused(refused);
    const status = clusterStatusOf([], new Map(nodes.map((node) => [node.name, node])), answers);
    return agentPresence(nodes, status.nodes);
  }

  /** Agents that are no pods have no account that is known. */
  async #account(): Promise<Examined> {
    return this.#examined('account', async () => {
      const accounts = [...new Set((await this.#agents()).map(({ account }) => account))];
      if (accounts.length === 0) return 'no agent runs as a pod, whose account could be asked about';
      const lacks = await together(accounts.map((account) => lacksOf(this.#connection, account, this.#signal)));
      return agentAccount(accounts, lacks.flat());
    });
  }

  /** What a look has come to. A text says why there was nothing to look at. */
  async #examined(check: string, look: () => Promise<Opinion | string>): Promise<Examined> {
    try {
      const found = await look();
      return typeof found === 'string' ? skipped(check, found) : examined(check, found);
    } catch (error) {
      const refused = error instanceof AllRefused ? error.refused : error instanceof Forbidden ? [error] : [];
      if (refused.length === 0 && !(error instanceof KubeFault) && !this.#signal.aborted) throw error;
      this.#isComplete = false;
      this.#refused.push(...refused);
      if (refused.length > 0) return skipped(check, permissionFault(refused).message);
      return skipped(check, error instanceof KubeFault ? error.message : `the API server did not answer within ${patience / 1000} s`);
    }
  }

  readonly #version = (): Promise<string> => this.#first('version', () => readVersion(this.#connection, this.#signal));
  readonly #nodes = (): Promise<NodeFacts[]> => this.#first('nodes', () => readNodeFacts(this.#connection, this.#signal));
  readonly #agents = (): Promise<AgentPod[]> => this.#first('agents', () => readAgents(this.#connection, { signal: this.#signal }));
  readonly #groups = (): Promise<string[]> => this.#first('groups', () => groupsOf(this.#connection, this.#signal));
  readonly #workloads = (): Promise<Workload[]> =>
    this.#first('workloads', async () => (await together(readWorkloads(this.#connection, this.#signal))).flat());

  /** Nothing is read twice. */
  #first<T>(what: string, read: () => Promise<T>): Promise<T> {
    const found = this.#once.get(what) ?? read();
    this.#once.set(what, found);
    return found as Promise<T>;
  }
}

/** Several requests that were refused. */
class AllRefused extends Error {
  readonly refused: readonly Forbidden[];

  constructor(refused: readonly Forbidden[]) {
    super('forbidden');
    this.refused = refused;
  }
}

/** Waits for all, so that all that is refused is said at once. */
async function together<T extends readonly unknown[]>(works: { readonly [Index in keyof T]: Promise<T[Index]> }): Promise<T> {
  const settled = await Promise.allSettled(works as readonly Promise<unknown>[]);
  const reasons = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
  const other = reasons.find((reason) => !(reason instanceof Forbidden || reason instanceof AllRefused));
  if (other !== undefined) throw other;
  const refused = reasons.flatMap((reason) => (reason instanceof AllRefused ? reason.refused : [reason as Forbidden]));
  if (refused.length > 0) throw new AllRefused(refused);
  return settled.map((each) => (each as PromiseFulfilledResult<unknown>).value) as unknown as T;
}
