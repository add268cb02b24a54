import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import type { Applied } from '#agent/reconciler.ts';
import { type KubernetesObject, type Pod, qualifiedName } from '#core/api/types.ts';
import type { Protocol } from '#core/net/protocol.ts';
import { isOfFamily } from '#core/verdict/endpoint.ts';
import { serviceAt } from '#core/verdict/service-backends.ts';
import { SystemCallError } from '#dataplane/libc.ts';
import { withNamespace } from '#dataplane/namespace.ts';
import { Reactor } from '#dataplane/reactor.ts';
import { unusableReason } from './addresses.ts';
import { Agents } from './agents.ts';
import { type FloodOptions, type FloodResult, flood } from './flood.ts';
import { isUnmoved, nodePlace } from './links.ts';
import { Listeners, type Site } from './listener.ts';
import { type ConnectionEnds, type ConnectionTools, LiveConnection } from './live-connection.ts';
import { Network } from './network.ts';
import { type Observation, Observer, type Trial } from './observer.ts';
import { type Place, placesOf } from './places.ts';
import { Prober } from './prober.ts';
import { Proxies } from './proxies.ts';
import { routesOf } from './services.ts';
import { SourcePorts } from './source-ports.ts';
import { type Topology, type TopologyOptions, topologyOf } from './topology.ts';

/** Something that happened in a lab without being asked for. */
export type LabEvent =
  | { readonly type: 'applied'; readonly node: string; readonly applied: Applied }
  /** An agent has ended; it is started again, and enforcement goes on meanwhile. */
  | { readonly type: 'agent-ended'; readonly node: string; readonly how: string }
  /** A declared port has no listener. */
  | { readonly type: 'no-listener'; readonly pod: string; readonly message: string };

export interface LabOptions extends TopologyOptions {
  /** Choices of semantics.md section 10, `name=value`, for the agents. */
  readonly choices?: readonly string[];
  readonly onEvent?: (event: LabEvent) => void;
}

/** What came of a change: what each node's agent said, undefined for one that was not in time. */
export type AppliedByNode = ReadonlyMap<string, Applied | undefined>;

/**
 * A cluster of network namespaces. It begins without policy, so that paths can be proved; `enforce` starts what it is for. Needs root (or
 * a user namespace), ip, nft and koffi, and leaves nothing behind: its namespaces have no names and end with this process at the latest.
 */
export class Lab {
  readonly #options: LabOptions;
  readonly #reactor = new Reactor();
  readonly #listeners = new Listeners(this.#reactor);
  readonly #ports = new SourcePorts();
  readonly #prober = new Prober(this.#reactor, this.#listeners, this.#ports);
  readonly #network = new Network();
  readonly #proxies = new Proxies(this.#network);
  readonly #observer = new Observer(this.#network, this.#listeners, this.#prober);
  readonly #agents: Agents;
  /** The commands that run in pods, by place. */
  readonly #commands = new Map<ChildProcess, string>();
  #objects: readonly KubernetesObject[] = [];
  #externals: readonly string[];
  #topology: Topology;
  /** The descriptor of the namespace that each listened address was in. */
  #homes = new Map<string, number>();
  #isEnforcing = false;
  /** Resolved when no change of the network is under way. */
  #moving: Promise<void> = Promise.resolve();
  readonly #observations = new Set<Promise<unknown>>();
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(options: LabOptions) {
    this.#options = options;
    this.#externals = options.externals ?? [];
    this.#topology = topologyOf([], {});
    this.#agents = new Agents({
      choices: options.choices ?? [],
      onApplied: (node, applied) => options.onEvent?.({ type: 'applied', node, applied }),
      onCrash: (node, how) => options.onEvent?.({ type: 'agent-ended', node, how }),
    });
  }

  /** Brings a cluster up, without policy. */
  static async create(objects: readonly KubernetesObject[], options: LabOptions = {}): Promise<Lab> {
    const lab = new Lab(options);
    try {
      await lab.apply(objects);
      return lab;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  /** What is in the lab, as placed: judge its `cluster`. */
  get topology(): Topology {
    return this.#topology;
  }

  /** Makes the lab one of these objects. Resolves when the network is there and all agents have applied the policies. */
  apply(objects: readonly KubernetesObject[]): Promise<AppliedByNode> {
    return this.#inTurn(() => this.#move(objects, this.#externals));
  }

  /** Adds hosts outside, unless they are there or the address is somebody's in the cluster. */
  async addExternals(addresses: readonly string[]): Promise<void> {
    const places = placesOf(this.#topology);
    const { cluster } = this.#topology;
    const isNew = (address: string): boolean => !places.has(address) && serviceAt(cluster, address) === undefined;
    const fresh = addresses.filter((address) => isNew(address) && unusableReason(address) === undefined);
    if (fresh.length > 0) await this.#inTurn(() => this.#move(this.#objects, [...new Set([...this.#externals, ...fresh])]));
  }

  /** Starts the agents and has them enforce the policies, from now on. */
  enforce(): Promise<AppliedByNode> {
    return this.#inTurn(async () => {
      this.#isEnforcing = true;
      await this.#followNodes();
      return this.#agents.offer(this.#topology.cluster);
    });
  }

  /** Tries connections. Listeners are opened where they lead. */
  async observe(trials: readonly Trial[]): Promise<Observation[]> {
    await this.#moving;
    const observation = this.#observer.observe(this.#topology, trials, this.#isEnforcing);
    this.#observations.add(observation);
    return observation.finally(() => this.#observations.delete(observation));
  }

  /** Opens a connection between two addresses that stays open until it is closed or cut. Rejects when it is not established. */
  openConnection({ from, to, protocol, port }: Trial & { readonly protocol: 'TCP' | 'UDP' }): Promise<LiveConnection> {
    const ends = this.#endsOf(from, to, protocol, port);
    return LiveConnection.open(this.#tools, { ...ends, protocol });
  }

  /** Sends UDP datagrams from one address to a port of another, and counts those that arrive. */
  flood({ from, to, port, ...options }: Omit<Trial, 'protocol'> & FloodOptions): Promise<FloodResult> {
    return flood(this.#tools, this.#endsOf(from, to, 'UDP', port), options);
  }

  /** Runs a command in the namespace of a pod (`namespace/name`), of a node (`node:NAME`) or of the hosts `outside`. */
  exec(place: string, command: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const [program, ...words] = command;
    if (program === undefined) throw new Error('no command');
    const child = withNamespace(this.namespaceOf(place), () => spawn(program, words, options));
    this.#commands.set(child, place);
    child.once('close', () => this.#commands.delete(child));
    return child;
  }

  /** The namespace of a pod (`namespace/name`), of a node (`node:NAME`) or of the hosts `outside`, as a descriptor that stays the lab's. */
  namespaceOf(place: string): number {
    const pod = this.#topology.pods.get(place);
    const namespace = this.#network.namespaceOf(pod?.hostNetwork ? nodePlace(pod.node!) : place);
    if (namespace === undefined) throw new Error(`there is no ${place} in the lab`);
    return namespace;
  }

  /** Sends a signal to a node's agent. False when it has no process at the moment. */
  killAgent(node: string, signal: NodeJS.Signals): boolean {
    return this.#agents.of(node)?.kill(signal) ?? false;
  }

  /** Ends everything: commands, agents, listeners, namespaces. */
  async close(): Promise<void> {
    for (const child of this.#commands.keys()) child.kill('SIGKILL');
    await this.#agents.stop();
    await Promise.allSettled([this.#queue, ...this.#observations]);
    this.#listeners.close();
    this.#network.close();
    this.#reactor.close();
  }

  async #move(objects: readonly KubernetesObject[], externals: readonly string[]): Promise<AppliedByNode> {
    const before = this.#topology;
    const after = topologyOf(objects, { externals }, before);
    const isUnmovedPod = ([place, pod]: [string, Pod]): boolean => {
      const was = before.pods.get(place);
      return was !== undefined && isUnmoved(was, pod);
    };
    const staying = { ...after, pods: new Map([...after.pods].filter(isUnmovedPod)) };
    // What goes is gone before policies stop speaking of it; what comes is policed before it exists.
    await this.#rewire(staying);
    const applied = this.#isEnforcing ? await this.#agents.offer(after.cluster) : new Map<string, Applied | undefined>();
    await this.#rewire(after);
    this.#objects = objects;
    this.#externals = externals;
    this.#topology = after;
    await this.#proxies.apply(after);
    this.#openListeners();
    return applied;
  }

  /** Changes the network, while nobody makes use of it. */
  async #rewire(topology: Topology): Promise<void> {
    if (!this.#network.differs(topology)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#moving = promise;
    try {
      await Promise.allSettled(this.#observations);
      for (const [child, place] of this.#commands) if (this.#topology.pods.has(place) && !topology.pods.has(place)) child.kill('SIGKILL');
      await this.#network.apply(topology);
      this.#closeListeners(placesOf(topology));
      if (this.#isEnforcing) await this.#followNodes();
    } finally {
      resolve();
    }
  }

  #followNodes(): Promise<void> {
    const names = [...this.#network.nodes];
    return this.#agents.follow(new Map(names.map((name) => [name, this.#network.namespaceOf(nodePlace(name))!])));
  }

  /** Closes what listens at addresses that are no more, or are in another namespace now. */
  #closeListeners(places: ReadonlyMap<string, Place>): void {
    for (const [address, home] of this.#homes) {
      const place = places.get(address);
      if (place === undefined || this.#network.namespaceOf(place.home) !== home) this.#listeners.closeAt(address);
    }
    this.#homes = new Map(Array.from(places, ([address, { home }]) => [address, this.#network.namespaceOf(home)!]));
  }

  /** Opens a listener on every port that a pod declares or a Service leads to. */
  #openListeners(): void {
    const topology = this.#topology;
    for (const [place, pod] of topology.pods) {
      for (const address of pod.addresses) for (const { protocol, port } of pod.ports) this.#listen(place, address, protocol, port);
    }
    for (const { port, endpoints } of routesOf(topology)) {
      for (const end of endpoints) if (end.pod !== undefined) this.#listen(qualifiedName(end.pod), end.address, port.protocol, end.port);
    }
  }

  #listen(place: string, address: string, protocol: Protocol, port: number): void {
    if (!this.#network.families.includes(isOfFamily(address, 6) ? 6 : 4)) return;
    const report = (message: string): void => this.#options.onEvent?.({ type: 'no-listener', pod: place, message });
    try {
      const answers = this.#listeners.open({ namespace: this.namespaceOf(place), address }, protocol, port, place);
      if (answers !== place) report(`${answers} has ${protocol} port ${port} of ${address}`);
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      report(`${protocol} port ${port} of ${address}: ${error.message}`);
    }
  }

  get #tools(): ConnectionTools {
    return { reactor: this.#reactor, listeners: this.#listeners, ports: this.#ports };
  }

  /** The ends of a connection to an address, which listens. */
  #endsOf(from: string, to: string, protocol: Protocol, port: number): Omit<ConnectionEnds, 'protocol'> {
    const places = placesOf(this.#topology);
    const siteOf = (address: string): Site & Place => {
      const place = places.get(address);
      if (place === undefined) throw new Error(`nobody in the lab has the address ${address}`);
      return { ...place, address, namespace: this.#network.namespaceOf(place.home)! };
    };
    const destination = siteOf(to);
    this.#listeners.open(destination, protocol, port, destination.identity);
    return { from: siteOf(from), to: destination, port };
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => {});
    return turn;
  }
}
