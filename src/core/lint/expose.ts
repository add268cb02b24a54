import type { ContainerPort, PortMatch, Service, ServicePort } from '../api/types.ts';
import { equalLabels, matches } from '../label/selector.ts';
import type { PodClass } from '../policy/model.ts';
import type { LintContext } from './context.ts';
import { type Item, type LintedRule, podPeersIn, portsIn } from './linted-policy.ts';

/** A class of pods with all ports that its members declare: those without a name, too, which a class does not tell apart. */
type Destination = Pick<PodClass, 'key' | 'namespace' | 'labels' | 'ports'>;

/** A port item of a rule with the pods whose ports it means: those of the policy, or of the peers. */
export interface PortUse {
  readonly of: LintedRule;
  readonly item: Item<PortMatch>;
  readonly destinations: readonly Destination[];
  /** The rule lets to other destinations, too, that are no pods that are known: blocks, anybody. */
  readonly isOpenEnded: boolean;
}

/** Every port item of every rule, where it means pods that are known. */
export function portUses(context: LintContext): readonly PortUse[] {
  return context.keep('port-uses', () => context.rules().flatMap((rule) => usesOf(context, rule)));
}

function usesOf(context: LintContext, of: LintedRule): PortUse[] {
  if (of.rule.ports === undefined) return [];
  const classes = of.direction === 'ingress' ? of.policy.subjects : peersOf(of);
  if (classes.length === 0) return [];
  const destinations = classes.map((each) => context.keep(`destination ${each.key}`, () => destinationOf(each)));
  const isOpenEnded = of.direction === 'egress' && (of.rule.peers ?? []).some(({ kind }) => kind === 'block');
  return portsIn(of).map((item) => ({ of, item, destinations, isOpenEnded }));
}

function peersOf(of: LintedRule): PodClass[] {
  if (of.rule.peers === undefined) return [];
  return [...new Set(podPeersIn(of).flatMap(({ compiled }) => [...compiled.set.classes]))];
}

function destinationOf({ key, namespace, labels, members }: PodClass): Destination {
  const lists = new Set(Array.from(members.values(), ({ ports }) => ports));
  return { key, namespace, labels, ports: [...lists].flat() };
}

/** Whether a class of pods declares the port. */
export const declares = ({ ports }: Destination, protocol: string, number: number): boolean =>
  ports.some((port: ContainerPort) => port.protocol === protocol && port.port === number);

/** A port of a Service that leads to a class of pods, and to which of their ports. */
export interface Lead {
  readonly service: Service;
  readonly port: ServicePort;
  readonly target: number | undefined;
}

/** The ports of the Services that select a class. */
export function leadsTo(context: LintContext, destination: Destination): readonly Lead[] {
  return context.keep(`leads ${destination.key}`, () => {
    const services = [...(context.analysis.cluster.namespaces.get(destination.namespace)?.services.values() ?? [])];
    const selecting = services.filter(({ selector: labels }) => labels !== undefined && matches(equalLabels(labels), destination.labels));
    return selecting.flatMap((service) => service.ports.map((port) => ({ service, port, target: targetOf(port, destination) })));
  });
}

function targetOf({ targetPort, protocol }: ServicePort, { ports }: Destination): number | undefined {
  if (typeof targetPort === 'number') return targetPort;
  return ports.find((port) => port.name === targetPort && port.protocol === protocol)?.port;
}
