import type { Labels, Selector } from '../label/selector.ts';
import type { AddressSet } from '../net/address-set.ts';
import type { Protocol } from '../net/protocol.ts';
import type { Source } from './diagnostic.ts';

/** One side of a connection: the gate at its source (egress) or at its destination (ingress). */
export type Direction = 'ingress' | 'egress';
export const directions: readonly Direction[] = ['egress', 'ingress'];

interface Named {
  readonly name: string;
  /** Where the object stands, absent for objects from a cluster. */
  readonly source?: Source;
}

/** A namespace. `labels` always hold `kubernetes.io/metadata.name`. */
export interface Namespace extends Named {
  readonly kind: 'Namespace';
  readonly labels: Labels;
  readonly terminating: boolean;
  /** Its NetworkPolicies are in audit, unless they say otherwise. */
  readonly audit?: boolean;
}

/** A port that a container declares. Source: ContainerPort in core/v1. */
export interface ContainerPort {
  readonly name?: string;
  readonly protocol: Protocol;
  readonly port: number;
  /** Declared by a restartable init container (a native sidecar); see the choice sidecar-named-ports. */
  readonly sidecar?: true;
}

/** The controller that a pod belongs to, as far up as is known: a Deployment, not its ReplicaSet. */
export interface Owner {
  readonly kind: string;
  readonly name: string;
}

/** A pod, real or one that a workload would make. */
export interface Pod extends Named {
  readonly kind: 'Pod';
  readonly namespace: string;
  readonly labels: Labels;
  /** Canonical addresses, at most one of each family; empty when none is known. */
  readonly addresses: readonly string[];
  /** Tells a pod of a cluster from others that had its name; known while it has no address. */
  readonly uid?: string;
  /** The addresses were given by this program, not read. */
  readonly assumedAddress: boolean;
  readonly node?: string;
  readonly hostNetwork: boolean;
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
  readonly terminating: boolean;
  readonly ports: readonly ContainerPort[];
  readonly owner?: Owner;
  /** The pod does not exist: it stands for all that these labels would select, `shop/{app=web}` or `{team=red}/{}`; its id in answers. */
  readonly potential?: string;
}

/** A node with its addresses of type InternalIP and ExternalIP, canonical. */
export interface Node extends Named {
  readonly kind: 'Node';
  readonly labels: Labels;
  readonly addresses: readonly string[];
  /** The pod ranges of the node (`spec.podCIDRs`), canonical. */
  readonly podCidrs: readonly string[];
}

/** A port of a Service with where it leads. */
export interface ServicePort {
  readonly name?: string;
  readonly protocol: Protocol;
  readonly port: number;
  /** A number, or the name of a container port. */
  readonly targetPort: number | string;
  readonly nodePort?: number;
}

/** A Service. */
export interface Service extends Named {
  readonly kind: 'Service';
  readonly namespace: string;
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
  /** Absent for a Service without selector. */
  readonly selector?: Labels;
  /** Canonical; empty for a headless Service, and where none is known. */
  readonly clusterIps: readonly string[];
  /** Its name leads to the addresses of its endpoints, and nothing is translated. */
  readonly headless: boolean;
  /** Canonical addresses of load balancers, and addresses outside that nodes take connections for. */
  readonly loadBalancerIps: readonly string[];
  readonly externalIps: readonly string[];
  /** The host that a Service of type ExternalName is another name of. */
  readonly externalName?: string;
  readonly ports: readonly ServicePort[];
  /** Which endpoints connections from outside, and those from pods, are led to: all, or those of the node they come to. */
  readonly externalTrafficPolicy: 'Cluster' | 'Local';
  readonly internalTrafficPolicy: 'Cluster' | 'Local';
  /** From where the load balancer takes connections (`spec.loadBalancerSourceRanges`); absent: from everywhere. */
  readonly sourceRanges?: AddressSet;
}

/** Addresses behind a Service, as a controller or a person has written them down. */
export interface EndpointSlice extends Named {
  readonly kind: 'EndpointSlice';
  readonly namespace: string;
  /** The name of the Service; empty for a slice of none. */
  readonly service: string;
  /** Canonical, of endpoints that are ready. */
  readonly addresses: readonly string[];
  /** Their ports, by the names that the Service's ports have. */
  readonly ports: readonly { readonly name: string; readonly protocol: Protocol; readonly port: number }[];
}

/** Who a rule speaks of. */
export type Peer =
  | {
      readonly kind: 'pods';
      /** Absent: the policy's own namespace. */
      readonly namespaces?: Selector;
      /** Everything when the peer names only namespaces. */
      readonly pods: Selector;
      readonly source?: Source;
    }
  | {
      readonly kind: 'block';
      readonly cidr: string;
      readonly except: readonly string[];
      /** `cidr` minus `except`. */
      readonly addresses: AddressSet;
      readonly source?: Source;
    };

/** Which destination ports a rule speaks of. */
export type PortMatch =
  | { readonly kind: 'range'; readonly protocol: Protocol; readonly first: number; readonly last: number }
  | { readonly kind: 'every'; readonly protocol: Protocol }
  | { readonly kind: 'named'; readonly protocol: Protocol; readonly name: string };

/** One ingress or egress rule: some peer and some port. */
export interface Rule {
  /** Undefined: any peer. Never an empty list. */
  readonly peers?: readonly Peer[];
  /** Undefined: all traffic of any protocol. Never an empty list. */
  readonly ports?: readonly PortMatch[];
  /** The rule's dash, or its place in a flow list. */
  readonly source?: Source;
}

/** A NetworkPolicy, defaults filled. */
export interface NetworkPolicy extends Named {
  readonly kind: 'NetworkPolicy';
  readonly namespace: string;
  readonly subject: Selector;
  /** The directions that the policy isolates (`policyTypes`), with the rules of each; rules of other directions are inert and not here. */
  readonly ingress?: readonly Rule[];
  readonly egress?: readonly Rule[];
  /** `policyTypes` is not written: the policy isolates for egress only as long as it has an egress rule. Source: semantics.md section 1.2. */
  readonly isEgressImplied?: true;
  readonly generation?: number;
  /** Of a policy that an API server holds: with the generation it tells every version of it from all others. */
  readonly uid?: string;
  /** In audit: not enforced, and what it would drop is told. Undefined: as its namespace says, which a cluster-wide policy has not. */
  readonly audit?: boolean;
}

/** Pods of the namespaces that one selector selects, as far as the other selects them. Never hostNetwork pods. */
export interface PodSelection {
  readonly namespaces: Selector;
  readonly pods: Selector;
}

/** Who a rule of a ClusterNetworkPolicy speaks of. */
export type ClusterPeer =
  | (PodSelection & { readonly kind: 'pods'; readonly source?: Source })
  /** Every address of the blocks, whoever has it. */
  | { readonly kind: 'networks'; readonly cidrs: readonly string[]; readonly addresses: AddressSet; readonly source?: Source }
  /** Every address that a selected node has. */
  | { readonly kind: 'nodes'; readonly nodes: Selector; readonly source?: Source };

/** What a matching rule does: a NetworkPolicy's accepts; of the others the first that matches decides or passes on to the next tier. */
export type Action = 'accept' | 'deny' | 'pass';

/** One ingress or egress rule of a ClusterNetworkPolicy: some peer and some port. */
export interface ClusterRule {
  readonly name?: string;
  readonly action: Action;
  /** Empty: nobody. What was not understood is closed already: see `cluster-rules.ts`. */
  readonly peers: readonly ClusterPeer[];
  /** Undefined: all traffic of any protocol. Never an empty list. */
  readonly ports?: readonly PortMatch[];
  readonly source?: Source;
}

/** A ClusterNetworkPolicy of policy.networking.k8s.io/v1alpha2. A direction without rules is absent: the policy leaves it alone. */
export interface ClusterNetworkPolicy extends Named {
  readonly kind: 'ClusterNetworkPolicy';
  readonly tier: 'Admin' | 'Baseline';
  /** From 0 to 1000; the lower number is asked first within its tier. */
  readonly priority: number;
  readonly subject: PodSelection;
  /** In the order of evaluation. */
  readonly ingress?: readonly ClusterRule[];
  readonly egress?: readonly ClusterRule[];
  readonly generation?: number;
  /** See NetworkPolicy. */
  readonly uid?: string;
  /** In audit: not enforced, and what it would drop is told. Undefined: as its namespace says, which a cluster-wide policy has not. */
  readonly audit?: boolean;
}

/** Any object that this program reads. Workloads are expanded to Pods at the door. */
export type KubernetesObject = Namespace | Pod | Node | Service | EndpointSlice | NetworkPolicy | ClusterNetworkPolicy;

/** Which object, without what it says. */
export interface ObjectId {
  readonly kind: KubernetesObject['kind'];
  readonly namespace?: string;
  readonly name: string;
}

/** A policy's identity in answers: `P` of the JSON contract. */
export interface PolicyId {
  readonly kind: 'NetworkPolicy' | 'ClusterNetworkPolicy';
  readonly namespace?: string;
  readonly name: string;
}

/** Whether objects of the kind are policies. */
export const isPolicyKind = (kind: ObjectId['kind']): kind is PolicyId['kind'] =>
  kind === 'NetworkPolicy' || kind === 'ClusterNetworkPolicy';

/** The workload that a pod belongs to; undefined for a bare pod. The node that runs a static pod is no workload. */
export const workloadOf = ({ owner }: Pod): Owner | undefined => (owner?.kind === 'Node' ? undefined : owner);

/** `shop/deny`, or the bare name of a cluster-scoped object. */
export const qualifiedName = ({ namespace, name }: { readonly namespace?: string; readonly name: string }): string =>
  namespace === undefined ? name : `${namespace}/${name}`;

/** `NetworkPolicy shop/deny`: names an object among all. */
export const kindAndName = (object: { readonly kind: string; readonly namespace?: string; readonly name: string }): string =>
  `${object.kind} ${qualifiedName(object)}`;

/** Whether the pod has ended, so that its address is free for another. */
export const isFinished = ({ phase }: Pod): boolean => phase === 'Succeeded' || phase === 'Failed';
