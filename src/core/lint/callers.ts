import type { Direction, PortMatch } from '../api/types.ts';
import type { CompiledRule, PodClass } from '../policy/model.ts';
import { portsMeant } from '../verdict/rule-match.ts';
import { podsBehind } from '../verdict/service-backends.ts';
import { type LintContext, titleOfClass } from './context.ts';
import { leadsTo } from './expose.ts';
import type { Remark } from './finding.ts';
import type { LintedPolicy } from './linted-policy.ts';

// Who connects to a pod, or whom it connects to, is often not among what was read: the API server, the controller of an Ingress. What can be told
// even then is that nobody of that sort is let through.

/** A port of a pod that somebody is to reach. */
export interface Reached {
  readonly podClass: PodClass;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly port: number;
}

/** The policy to tell that it closes a gate of a class: the first by name of those asked about, where that is the first of all. */
export function closing(context: LintContext, podClass: PodClass, direction: Direction): LintedPolicy | undefined {
  const policies = context.analysis.model.policiesOf(podClass, direction);
  // What cluster-wide policies decide is theirs to tell.
  if (policies.length === 0 || policies.some(({ tier }) => tier !== 'NetworkPolicy')) return undefined;
  return context.asked.find(({ compiled }) => compiled === policies[0]);
}

/** The rules of the policies of a class that speak of a port. */
function rulesFor(context: LintContext, { podClass, protocol, port }: Reached, direction: Direction): CompiledRule[] {
  const holds = (match: PortMatch): boolean =>
    match.protocol === protocol && portsMeant(match, podClass.ports).some(([first, last]) => first <= port && port <= last);
  const rules = context.analysis.model.policiesOf(podClass, direction).flatMap((policy) => policy[direction] ?? []);
  return rules.filter(({ ports }) => ports === undefined || ports.some(holds));
}

/** Whether a rule lets somebody through who is no pod: some block, or anybody. Which addresses are meant, nobody asks. */
export const meansAddresses = ({ peers }: CompiledRule): boolean => peers === undefined || peers.some(({ kind }) => kind === 'addresses');

/** Whether connections from some address outside of the pods may come to the port. */
export const isOpenToAddresses = (context: LintContext, reached: Reached): boolean =>
  rulesFor(context, reached, 'ingress').some(meansAddresses);

/**
 * Whether somebody may come to the port who is not known, and could be anywhere: by an address, from another namespace, or among the pods of the
 * same namespace that a rule is for, where they may be of that sort or are still to come. `unlikely`: only pods are let in that run beside it.
 */
export function isOpenToSomebody(context: LintContext, reached: Reached, isOfSort: (podClass: PodClass) => boolean): boolean | 'unlikely' {
  const home = reached.podClass.namespace;
  const rules = rulesFor(context, reached, 'ingress');
  const isLikely = rules.some(
    (rule) =>
      meansAddresses(rule) ||
      rule.peers!.some((peer) => {
        if (peer.kind !== 'pods') return true;
        const classes = [...peer.set.classes];
        return classes.length === 0 || !peer.set.key.startsWith(`${home}: `) || classes.some(isOfSort);
      }),
  );
  return isLikely || (rules.length > 0 && 'unlikely');
}

/** What is told of somebody who may be let in, but hardly is. */
export const lessSure = (isOpen: boolean | 'unlikely'): Partial<Remark> => (isOpen === 'unlikely' ? { severity: 'note' } : {});

/** The classes of pods behind a port of a Service, each with the port that it is reached at. */
export function reachedBy(context: LintContext, namespace: string, name: string, port: number | string): Reached[] {
  const { cluster, model } = context.analysis;
  const service = cluster.namespaces.get(namespace)?.services.get(name);
  const own = service?.ports.find((each) => each.port === port || each.name === port);
  if (service === undefined || own === undefined) return [];
  const reached = podsBehind(cluster, service, own).flatMap(([pod, target]) => {
    const podClass = model.classOf(pod);
    return podClass === undefined ? [] : [{ podClass, protocol: own.protocol, port: target }];
  });
  return [...new Map(reached.map((each) => [`${each.podClass.key} ${each.port}`, each])).values()];
}

/** Whether a Service leads from outside of the cluster to pods of the class, or they stand in the network of their nodes. */
export const isReachedFromOutside = (context: LintContext, podClass: PodClass): boolean =>
  podClass.hostNetwork || leadsTo(context, podClass).some(({ service }) => service.type === 'LoadBalancer' || service.type === 'NodePort');

/** `Deployment shop/web, port TCP/8080`. */
export const reachedText = ({ podClass, protocol, port }: Reached): string => `${titleOfClass(podClass)} at ${protocol}/${port}`;
