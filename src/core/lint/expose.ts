import type { ContainerPort, PortMatch, Service, ServicePort } from '../api/types.ts';
import { matches, selector } from '../label/selector.ts';
import type { PodClass } from '../policy/model.ts';
import type { LintContext } from './context.ts';
import { type Item, type LintedRule, podPeersIn, portsIn } from './linted-policy.ts';

/** A port item of a rule with the pods whose ports it means: those of the policy, or of the peers. */
export interface PortUse {
  readonly of: LintedRule;
  readonly item: Item<PortMatch>;
  readonly destinations: readonly PodClass[];
  /** The rule lets to other destinations, too, that are no pods that are known: blocks, anybody. */
  readonly isOpenEnded: boolean;
}

/** Every port item of every rule, where it means pods that are known. */
export function portUses(context: LintContext): readonly PortUse[] {
  return context.keep('port-uses', () => context.policies.flatMap((policy) => policy.rules().flatMap(usesOf)));
}

function usesOf(of: LintedRule): PortUse[] {
  if (of.rule.ports === undefined) return [];
  const destinations = of.direction === 'ingress' ? of.policy.subjects : peersOf(of);
  if (destinations.length === 0) return [];
  const isOpenEnded = of.direction === 'egress' && (of.rule.peers ?? []).some(({ kind }) => kind === 'block');
  return portsIn(of).map((item) => ({ of, item, destinations, isOpenEnded }));
}

function peersOf(of: LintedRule): PodClass[] {
  if (of.rule.peers === undefined) return [];
  return [...new Set(podPeersIn(of).flatMap(({ compiled }) => [...compiled.set.classes]))];
}

/** Whether a class of pods declares the port. */
export const declares = ({ ports }: PodClass, protocol: string, number: number): boolean =>
  ports.some((port: ContainerPort) => port.protocol === protocol && port.port === number);

/** A port of a Service that leads to a class of pods, and to which of their ports. */
export interface Lead {
  readonly service: Service;
  readonly port: ServicePort;
  readonly target: number | undefined;
}

/** The ports of the Services that select a class. */
export function leadsTo(context: LintContext, podClass: PodClass): readonly Lead[] {
  return context.keep(`leads ${podClass.key}`, () => {
    const services = [...(context.analysis.cluster.namespaces.get(podClass.namespace)?.services.values() ?? [])];
    const selecting = services.filter(({ selector: labels }) => labels !== undefined && matches(selectorOf(labels), podClass.labels));
    return selecting.flatMap((service) => service.ports.map((port) => ({ service, port, target: targetOf(port, podClass) })));
  });
}

const selectorOf = (labels: Readonly<Record<string, string>>) =>
  selector(Object.entries(labels).map(([key, value]) => ({ key, operator: 'In', values: [value] })));

function targetOf({ targetPort, protocol }: ServicePort, { ports }: PodClass): number | undefined {
  if (typeof targetPort === 'number') return targetPort;
  return ports.find((port) => port.name === targetPort && port.protocol === protocol)?.port;
}
