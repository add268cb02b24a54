import { existsSync } from 'node:fs';
import { type Family, families } from '#core/net/ip.ts';
import { type Protocol, protocols } from '#core/net/protocol.ts';
import { isOfFamily } from '#core/verdict/endpoint.ts';
import { SystemCallError } from '#dataplane/libc.ts';
import { withNamespace } from '#dataplane/namespace.ts';
import { type DeniedConnections, readDenied } from './denied.ts';
import { nodePlace, outside } from './links.ts';
import type { Listeners, Site } from './listener.ts';
import type { Network } from './network.ts';
import { type Place, placesOf } from './places.ts';
import type { Outcome, Probe, Prober } from './prober.ts';
import { routesOf } from './services.ts';
import type { SocketAddress } from './system-calls.ts';
import type { Topology } from './topology.ts';

/** A connection to try between two addresses of the lab. */
export interface Trial {
  readonly from: string;
  readonly to: string;
  /** TCP, UDP or SCTP; others are skipped. */
  readonly protocol: string;
  readonly port: number;
}

/** What real packets did. `error` is a connection that neither got the right answer nor was seen to be denied. */
export interface Observation {
  readonly observed: 'allow' | 'deny' | 'error' | 'skipped';
  /** Why, where it is not plain. */
  readonly detail?: string;
  /** Who answered. */
  readonly answeredBy?: string;
}

const isKnownProtocol = (protocol: string): protocol is Protocol => (protocols as readonly string[]).includes(protocol);

/** Tries connections in a network, with a listener wherever they lead. */
export class Observer {
  readonly #network: Network;
  readonly #listeners: Listeners;
  readonly #prober: Prober;

  constructor(network: Network, listeners: Listeners, prober: Prober) {
    this.#network = network;
    this.#listeners = listeners;
    this.#prober = prober;
  }

  /** Tries the connections, in the order given. Without `isPoliced` nothing is known to deny, and silence is an error. */
  async observe(topology: Topology, trials: readonly Trial[], isPoliced: boolean): Promise<Observation[]> {
    const scene = new Scene(topology);
    const planned = trials.map((trial) => this.#plan(scene, trial));
    const probes = planned.flatMap((plan) => ('probe' in plan ? plan.probe : []));
    const usedFamilies = families.filter((family) => probes.some(({ to }) => isOfFamily(to.ip, family)));
    const outcomes = await this.#prober.run(probes, isPoliced ? () => this.#readDenied(topology, usedFamilies) : undefined);
    let next = 0;
    return planned.map((plan) => ('probe' in plan ? observationOf(outcomes[next++]!, plan.answers) : plan));
  }

  /** The probe of a trial with everybody who may answer it, or why it can't be tried. */
  #plan(scene: Scene, trial: Trial): { probe: Probe; answers: ReadonlySet<string> } | Observation {
    const { from, to, protocol, port } = trial;
    if (!isKnownProtocol(protocol)) return { observed: 'skipped', detail: `the lab tries ${protocols.join(', ')}, not ${protocol}` };
    const source = scene.places.get(from);
    if (source === undefined) return { observed: 'error', detail: `nobody in the lab has the address ${from}` };
    const family: Family = isOfFamily(to, 6) ? 6 : 4;
    if (!isOfFamily(from, family)) return { observed: 'error', detail: `${from} and ${to} are addresses of different families` };
    const unsupported = this.#unsupported(scene, protocol, family);
    if (unsupported !== undefined) return { observed: 'skipped', detail: unsupported };
    const ends = scene.endsOf(to, protocol, port);
    if (source.home === outside && !scene.places.has(to) && ends.length > 0)
      return { observed: 'skipped', detail: 'the lab has no load balancer: from outside it leads to ports of nodes only' };
    if (ends.length === 0) return { observed: 'error', detail: `nobody in the lab has the address ${to}` };
    try {
      const answers = new Set(ends.map((end) => this.#listen(scene.places.get(end.ip)!, end, protocol)));
      const isTranslated = ends.some((end) => end.ip !== to);
      const aliases = isTranslated ? scene.nodeAddresses.filter((address) => isOfFamily(address, family)) : [];
      return { probe: { from: this.#siteOf(source, from), to: { ip: to, port }, protocol, ends, aliases }, answers };
    } catch (error) {
      if (error instanceof SystemCallError) return { observed: 'error', detail: `no listener on port ${port}: ${error.message}` };
      throw error;
    }
  }

  #listen(place: Place, { ip, port }: SocketAddress, protocol: Protocol): string {
    return this.#listeners.open(this.#siteOf(place, ip), protocol, port, place.identity);
  }

  #siteOf({ home }: Place, address: string): Site {
    return { namespace: this.#network.namespaceOf(home)!, address };
  }

  /** Why this machine cannot try the protocol, or undefined when it can. */
  #unsupported({ topology }: Scene, protocol: Protocol, family: Family): string | undefined {
    if (!this.#network.families.includes(family)) return `this kernel has no IPv${family}`;
    if (protocol !== 'SCTP') return undefined;
    const [node] = topology.nodes.keys();
    return withNamespace(this.#network.namespaceOf(nodePlace(node!))!, () => {
      const hasConntrack = existsSync('/proc/sys/net/netfilter/nf_conntrack_max');
      const hasSctp = existsSync('/proc/sys/net/netfilter/nf_conntrack_sctp_timeout_established');
      return hasConntrack && !hasSctp ? "this kernel's connection tracking does not know SCTP" : undefined;
    });
  }

  async #readDenied(topology: Topology, wanted: readonly Family[]): Promise<DeniedConnections> {
    const nodes = [...topology.nodes.keys()].map((name) => this.#network.namespaceOf(nodePlace(name))!);
    const lists = await Promise.all(nodes.flatMap((namespace) => wanted.map((family) => readDenied(namespace, family))));
    return new Set(lists.flat());
  }
}

/** Who is where in a topology, and where Services lead. */
class Scene {
  readonly topology: Topology;
  readonly places: ReadonlyMap<string, Place>;
  readonly nodeAddresses: readonly string[];
  /** By `protocol address port` of the Service, and by `protocol port` of node ports. */
  readonly #services = new Map<string, SocketAddress[]>();

  constructor(topology: Topology) {
    this.topology = topology;
    this.places = placesOf(topology);
    this.nodeAddresses = [...topology.nodes.values()].flatMap(({ addresses }) => addresses);
    for (const { port, family, addresses, outside: fromOutside, endpoints } of routesOf(topology)) {
      const ends = endpoints.map((end) => ({ ip: end.address, port: end.port }));
      for (const address of [...addresses, ...fromOutside]) this.#services.set(`${port.protocol} ${address} ${port.port}`, ends);
      if (port.nodePort !== undefined) this.#services.set(`${port.protocol} IPv${family} ${port.nodePort}`, ends);
    }
  }

  /** Where a connection to the address may lead; nowhere when nobody has it. */
  endsOf(address: string, protocol: Protocol, port: number): readonly SocketAddress[] {
    const place = this.places.get(address);
    if (place === undefined) return this.#services.get(`${protocol} ${address} ${port}`) ?? [];
    const isNode = place.home.startsWith(nodePlace(''));
    const throughNode = isNode ? this.#services.get(`${protocol} IPv${isOfFamily(address, 6) ? 6 : 4} ${port}`) : undefined;
    return throughNode ?? [{ ip: address, port }];
  }
}

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused: nobody listens',
  ECONNRESET: 'reset',
  EHOSTUNREACH: 'the host is unreachable',
  ENETUNREACH: 'the network is unreachable',
};

function observationOf(outcome: Outcome, answers: ReadonlySet<string>): Observation {
  if (outcome === 'denied') return { observed: 'deny' };
  if (outcome === 'silent') return { observed: 'error', detail: 'no answer, and no node has recorded a denial' };
  if ('failure' in outcome) return { observed: 'error', detail: words[outcome.failure] ?? outcome.failure };
  const { identity } = outcome;
  if (answers.has(identity)) return { observed: 'allow', answeredBy: identity };
  return { observed: 'error', detail: `${identity} answered instead of ${[...answers].join(' or ')}`, answeredBy: identity };
}
