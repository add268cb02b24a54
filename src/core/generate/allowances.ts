import { callName, isNamedByRules } from '../advise/allowing.ts';
import { kinOf, labelsOf, peersOf, selectorOf } from '../advise/peer.ts';
import type { Direction, Pod } from '../api/types.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { workloadId } from '../connectivity/located-pods.ts';
import type { Labels } from '../label/selector.ts';
import { formatPorts, noTraffic, type Traffic, trafficOf, uniteTraffic } from '../net/port-set.ts';
import { type Protocol, protocols } from '../net/protocol.ts';
import { type Endpoint, podId } from '../verdict/endpoint.ts';
import type { Party } from '../verdict/party.ts';
import { type Draft, listed } from './generated-policy.ts';

/** What a pod must be allowed: talk with the remote on a port. */
export interface Need {
  readonly direction: Direction;
  readonly subject: Pod;
  readonly remote: Party;
  /** The endpoint that the remote was named by. */
  readonly asked: Endpoint;
  readonly protocol: string;
  readonly port: number;
}

/** Who may talk with a subject on what: peers as rules write them, by their text. */
interface Allowed {
  readonly peer: object;
  readonly name: string;
  /** Undefined: everything, for protocols that rules can't name. */
  ports: Traffic | undefined;
}

/** One policy in the making: a workload, or those that labels do not tell apart, and one direction. */
interface Gate {
  readonly subject: Pod;
  readonly labels: Labels;
  readonly names: Set<string>;
  readonly direction: Direction;
  readonly peers: Map<string, Allowed>;
}

/** Gathers what is needed, and writes it as few rules of one policy for each workload and direction. */
export class Allowances {
  readonly #cluster: Cluster;
  readonly #gates = new Map<string, Gate>();
  readonly #labels = new Map<string, Labels>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Adds what is needed; whether it was missing. */
  add(need: Need): boolean {
    const gate = this.#gateOf(need);
    const { protocol, port } = need;
    const ports = isNamedByRules(protocol) ? trafficOf(protocol as Protocol, [[port, port]]) : undefined;
    let isNew = false;
    for (const peer of peersOf(this.#cluster, need.remote, need.asked, need.subject.namespace)) {
      const key = JSON.stringify(peer);
      const there = gate.peers.get(key);
      const before = there && textOf(there.ports);
      const allowed: Allowed = there ?? { peer, name: nameOf(need), ports: noTraffic };
      allowed.ports = allowed.ports && ports && uniteTraffic(allowed.ports, ports);
      gate.peers.set(key, allowed);
      isNew ||= before !== textOf(allowed.ports);
    }
    return isNew;
  }

  #gateOf({ subject, direction }: Need): Gate {
    const labels = this.#labelsOf(subject);
    const key = `${direction} ${subject.namespace} ${JSON.stringify(labels)}`;
    const gate = this.#gates.get(key) ?? { subject, labels, direction, names: new Set(), peers: new Map() };
    this.#gates.set(key, gate);
    gate.names.add(shortName(subject, subject.namespace));
    return gate;
  }

  #labelsOf(pod: Pod): Labels {
    const name = subjectId(pod);
    const labels = this.#labels.get(name) ?? labelsOf(this.#cluster, kinOf(this.#cluster, pod));
    this.#labels.set(name, labels);
    return labels;
  }

  /** A policy for each workload and direction, in the order of their namespaces and names. */
  drafts(): Draft[] {
    const gates = [...this.#gates.values()].sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
    return gates.map((gate) => ({
      name: `allow-${gate.direction === 'ingress' ? 'to' : 'from'}-${callName(gate.subject)}`,
      namespace: gate.subject.namespace,
      description: descriptionOf(gate),
      podSelector: selectorOf(gate.labels),
      [gate.direction]: rulesOf(gate),
    }));
  }

  /** Workloads without labels of their own, so that their policies are for every pod of the namespace. */
  unlabelled(): string[] {
    const gates = [...this.#gates.values()].filter(({ labels }) => Object.keys(labels).length === 0);
    return [...new Set(gates.map(({ subject }) => subjectId(subject)))].sort();
  }
}

const placeOf = ({ subject, direction, names }: Gate): string => `${subject.namespace} ${[...names].sort()[0]} ${direction}`;

/** The id of the pod's workload, or of the pod that belongs to none. */
export const subjectId = (pod: Pod): string => pod.potential ?? workloadId(pod) ?? podId(pod);

/** The pod's workload, without the namespace that is clear. */
function shortName(pod: Pod, namespace: string): string {
  const id = subjectId(pod);
  return id.startsWith(`${namespace}/`) ? id.slice(namespace.length + 1) : id;
}

function nameOf({ remote: { owner, address }, asked, subject }: Need): string {
  if (owner.kind === 'Pod') return shortName(owner.pod, subject.namespace);
  return owner.kind === 'Node' ? `node:${owner.node.name}` : asked.members.kind === 'space' ? asked.identity.id : address;
}

const textOf = (ports: Traffic | undefined): string => JSON.stringify(ports ?? 'all');

/** Pods of other namespaces, pods of the own one, blocks: by the field that tells them. */
const placesOfPeers: readonly string[] = ['namespaceSelector', 'podSelector', 'ipBlock'];

/** Peers that may do the same are in one rule. */
function alikeIn({ peers }: Gate): Allowed[][] {
  const sorted = [...peers.entries()]
    .map(([key, allowed]) => ({ allowed, place: `${placesOfPeers.findIndex((field) => field in allowed.peer)} ${key}` }))
    .sort((a, b) => (a.place < b.place ? -1 : 1))
    .map(({ allowed }) => allowed);
  return [...Map.groupBy(sorted, ({ ports }) => textOf(ports)).values()];
}

function rulesOf(gate: Gate): object[] {
  const field = gate.direction === 'ingress' ? 'from' : 'to';
  return alikeIn(gate).map((alike) => {
    const { ports } = alike[0]!;
    return { [field]: alike.map(({ peer }) => peer), ...(ports && { ports: portsWritten(ports) }) };
  });
}

const portsWritten = (traffic: Traffic): object[] =>
  protocols.flatMap((protocol) =>
    traffic[protocol].map(([first, last]) => ({ protocol, port: first, ...(last > first && { endPort: last }) })),
  );

/** `Deployment/web may be reached by Deployment/client on TCP/8080`. */
function descriptionOf(gate: Gate): string {
  const rules = alikeIn(gate).map((alike) => {
    const names = [...new Set(alike.map(({ name }) => name))];
    const { ports } = alike[0]!;
    return `${listed(names)}${ports === undefined ? '' : ` on ${portsText(ports)}`}`;
  });
  const verb = gate.direction === 'ingress' ? 'may be reached by' : 'may reach';
  return `${[...gate.names].sort().join(' and ')} ${verb} ${rules.join('; ')}.`;
}

const portsText = (traffic: Traffic): string =>
  protocols
    .flatMap((protocol) => (traffic[protocol].length === 0 ? [] : [`${protocol}/${formatPorts(traffic[protocol]).join(',')}`]))
    .join(' ');
