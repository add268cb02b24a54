import type { Node } from '../api/types.ts';
import type { Family } from '../net/ip.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import { isOfFamily } from './endpoint.ts';
import { type Party, partyAt } from './party.ts';
import type { Way } from './service-backends.ts';

/**
 * One course that a connection can take to a backend, and what the gates see of it where that is not the true ends: nodes translate
 * addresses on the way.
 */
export interface Passage {
  /** What the gate of the source sees as the destination, when another node translates it. */
  readonly toward?: { readonly party: Party; readonly port: number };
  /** What the gate of the destination sees as the source, when a node before its own has put its own address there. */
  readonly seenFrom?: Party;
}

const direct: Passage = {};

/** What passages depend on. */
export interface PassageQuestion {
  readonly model: PolicyModel;
  /** Nodes through which a connection may come: of those that no rule tells apart two are enough. */
  readonly nodes: readonly Node[];
  readonly way: Way;
  readonly from: Party;
  readonly to: Party;
  readonly family: Family;
}

/**
 * The courses that a connection may take to a backend; none when it is never led there. What kube-proxy does is taken for granted. Source:
 * semantics.md section 4.5, and "Virtual IPs and Service Proxies" in the Kubernetes documentation.
 */
export function passagesOf(question: PassageQuestion): readonly Passage[] {
  const { way, from, to } = question;
  const { service } = way;
  const isInside = from.owner.kind === 'Pod';
  switch (way.kind) {
    case 'name':
      return from.owner.kind === 'External' && isOpenToOutside(way) ? fromOutside(question) : fromInside(question);
    case 'cluster-ip':
      return fromInside(question);
    case 'node-port':
      return throughNode(question, way.entry!);
    case 'load-balancer':
    case 'external-ip': {
      if (from.owner.kind === 'Node') return [direct];
      if (!isInside) return fromOutside(question);
      // The source's own node takes such connections of pods itself, as if it were asked for its port.
      const home = nodeOf(question, from);
      if (service.externalTrafficPolicy === 'Local') return [direct];
      if (home === undefined) return [direct, ...substituted(question, question.nodes)];
      return isOn(to, home) ? [direct] : substituted(question, [home]);
    }
  }
}

/** Whether connections from outside the cluster come to the Service at all. */
export const isOpenToOutside = ({ service }: Way): boolean =>
  service.type === 'NodePort' || service.type === 'LoadBalancer' || service.externalIps.length + service.loadBalancerIps.length > 0;

/** Through the cluster address: translated on the source's node, before its gate. */
function fromInside(question: PassageQuestion): readonly Passage[] {
  const { way, from, to } = question;
  const home = nodeOf(question, from);
  const isElsewhere = home !== undefined && nodeNameOf(to) !== undefined && !isOn(to, home);
  return way.service.internalTrafficPolicy === 'Local' && isElsewhere ? [] : [direct];
}

/** Through any node: that of the backend sees the client, any other puts its own address in the client's place. */
function fromOutside(question: PassageQuestion): readonly Passage[] {
  const { way, to, nodes } = question;
  if (way.service.externalTrafficPolicy === 'Local') return [direct];
  const others = nodes.filter((node) => !isOn(to, node));
  return [direct, ...substituted(question, others)];
}

/** Through the port of a node that is named. */
function throughNode(question: PassageQuestion, entry: Node): readonly Passage[] {
  const { way, from, to } = question;
  const isInside = from.owner.kind === 'Pod';
  const isLocal = way.service.externalTrafficPolicy === 'Local';
  // Connections of pods are led to all endpoints whatever the policy for those from outside, and keep their source.
  if (isLocal && !isInside && nodeNameOf(to) !== undefined && !isOn(to, entry)) return [];
  const seen: readonly Passage[] = isLocal || isOn(to, entry) ? [direct] : substituted(question, [entry]);
  const all = !isLocal && nodeNameOf(to) === undefined ? [direct, ...seen] : seen;
  const home = nodeOf(question, from);
  if (!isInside || home?.name === entry.name) return all;
  const toward = { party: addressOf(question, entry), port: way.port.nodePort! };
  if (toward.party === undefined) return all;
  const translatedThere = all.map((passage): Passage => ({ ...passage, toward: { party: toward.party!, port: toward.port } }));
  // Of a pod without a node nobody knows whether it is this one.
  return home === undefined ? [...all, ...translatedThere] : translatedThere;
}

/** The destination sees the node instead of the client. */
function substituted(question: PassageQuestion, nodes: readonly Node[]): Passage[] {
  return nodes.flatMap((node) => {
    const seenFrom = addressOf(question, node);
    return seenFrom === undefined ? [] : [{ seenFrom }];
  });
}

function addressOf({ model, family }: PassageQuestion, { addresses }: Node): Party | undefined {
  const address = addresses.find((each) => isOfFamily(each, family));
  return address === undefined ? undefined : partyAt(model, address);
}

/** The node that the party is, or runs on, as far as that is known. */
function nodeNameOf({ owner }: Party): string | undefined {
  if (owner.kind === 'Pod') return owner.pod.node;
  return owner.kind === 'Node' ? owner.node.name : undefined;
}

function nodeOf({ model }: PassageQuestion, party: Party): Node | undefined {
  const name = nodeNameOf(party);
  return name === undefined ? undefined : model.nodeOf(name);
}

const isOn = (party: Party, node: Node): boolean => nodeNameOf(party) === node.name;
