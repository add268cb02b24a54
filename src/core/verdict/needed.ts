import { checkLabel } from '../api/names.ts';
import { type Pod, qualifiedName } from '../api/types.ts';
import type { Analysis } from './analysis.ts';
import type { Flow } from './check.ts';
import { type Endpoint, podsMeant } from './endpoint.ts';
import { parseEndpoint } from './endpoint-name.ts';
import { findEndpoint } from './find-endpoint.ts';
import { isUnanswerable } from './unanswerable.ts';

/** What of a cluster must be known to answer: everything, or what stands in some namespaces. Cluster-wide policies always count. */
export type Needed = 'everything' | { readonly namespaces: readonly string[]; readonly services: boolean };

/**
 * What flows need, told by the names of their ends alone. A verdict between pods, workloads and Services depends on
 * - the pods of both namespaces: they are the ends, and the members of workloads and Services;
 * - the policies of both namespaces, which alone select the ends, and cluster-wide policies;
 * - both Namespace objects, whose labels peers speak of; the peers themselves need not be known, only whether the other end is one;
 * - the Services of the namespace in which one is asked for, with their EndpointSlices;
 * - the nodes and whoever else may have an end's address, unless both ends are settled: see `unsettledIn`.
 * An address, a range, `internet`, `apiserver` and a node can be anybody, so they need everything.
 */
export function neededBy(flows: readonly Pick<Flow, 'from' | 'to'>[]): Needed {
  const ends = flows.flatMap(({ from, to }) => [parseEndpoint(from), parseEndpoint(to)]);
  const namespaces = new Set<string>();
  let services = false;
  for (const end of ends) {
    // What is no endpoint, or is in a namespace that can't be, needs nothing to be refused.
    if (end === undefined) continue;
    if (end.kind !== 'object') return 'everything';
    if (checkLabel(end.namespace).length > 0) continue;
    namespaces.add(end.namespace);
    services ||= end.objectKind === 'service';
  }
  return { namespaces: [...namespaces].sort(), services };
}

/**
 * Why flows that were answered from what `neededBy` says could be answered otherwise from everything: a pod among the ends that is not settled.
 * Undefined: they could not. An end that is not there is not there either way.
 */
export function unsettledIn({ cluster, model }: Analysis, flows: readonly Flow[]): string | undefined {
  for (const { from, to, protocol = 'TCP', port } of flows)
    for (const end of [findEndpoint(cluster, model, from), findEndpoint(cluster, model, to, { protocol, port })]) {
      if (isUnanswerable(end)) continue;
      const address = addressBehind(end);
      if (address !== undefined) return `${end.identity.id} leads to the address ${address}, which anybody may have`;
      const pods = podsMeant(end);
      const pod = pods.find((each) => unsettledReason(each) !== undefined);
      if (pod !== undefined) return `pod ${qualifiedName(pod)} ${unsettledReason(pod)}`;
    }
  return undefined;
}

/** An address that a Service without a selector leads to. */
function addressBehind({ members }: Endpoint): string | undefined {
  return members.kind === 'backends' ? [...members.backends.targets.keys()].find((backend) => typeof backend === 'string') : undefined;
}

/**
 * Why the pod's addresses may not be its own, as the rest of the cluster may be. A running pod's are. One without an address is given one
 * that no other pod has; one that ends may have lost its address to another; one in its node's network shares the node's.
 */
function unsettledReason({ addresses, assumedAddress, hostNetwork, phase, terminating }: Pod): string | undefined {
  if (hostNetwork) return 'is in the network of its node';
  if (addresses.length === 0 || assumedAddress) return 'has no address yet';
  if (phase === 'Running' && !terminating) return undefined;
  if (phase === 'Succeeded' || phase === 'Failed') return 'has ended';
  return terminating ? 'is about to end' : `is ${phase.toLowerCase()}`;
}
