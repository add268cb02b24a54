import type { Source } from '../api/diagnostic.ts';
import type { Action, ContainerPort, Direction, Node, Pod, PolicyId, PortMatch } from '../api/types.ts';
import type { Labels, Selector } from '../label/selector.ts';
import type { AddressSet } from '../net/address-set.ts';

/**
 * Pods of one namespace that are alike to every policy's selectors and ports: equal labels, equal declared ports. Only their
 * addresses and nodes differ. Finished pods, and hostNetwork pods unless the choice hostnetwork=as-pods says otherwise, belong to none.
 */
export interface PodClass {
  /** Canonical text of what the members share; the same class has the same key after any order of updates. */
  readonly key: string;
  readonly namespace: string;
  readonly labels: Labels;
  /** Declared ports that count for named ports, choices applied. */
  readonly ports: readonly ContainerPort[];
  readonly hostNetwork: boolean;
  /** By pod name. */
  readonly members: ReadonlyMap<string, Pod>;
  /** The sets that hold this class. */
  readonly sets: ReadonlySet<PodSet>;
}

/** The pods that a selector selects in some namespaces, now. Shared by all rules and policies that select alike. */
export interface PodSet {
  /** Canonical text of scope and selector, `shop: app=web` or `{team=red}: app=web`; equal for equal selections. */
  readonly key: string;
  readonly classes: ReadonlySet<PodClass>;
  /** The policies whose subject this set is. */
  readonly subjectOf: ReadonlySet<CompiledPolicy>;
}

/** Which policies a judgment is by: those that are enforced, or all, as if none were in audit. Source: semantics.md section 11. */
export type Judged = 'enforced' | 'all';

/** Policy tiers in the order of evaluation. Source: semantics.md section 6.3. */
export const tiers = ['Admin', 'NetworkPolicy', 'Baseline'] as const;
export type Tier = (typeof tiers)[number];

/** A peer, resolved. */
export type CompiledPeer =
  | { readonly kind: 'pods'; readonly set: PodSet; readonly source?: Source }
  | { readonly kind: 'addresses'; readonly addresses: AddressSet; readonly key: string; readonly source?: Source };

/** A rule, resolved: some peer and some port. */
export interface CompiledRule {
  readonly policy: CompiledPolicy;
  readonly direction: Direction;
  /** Its position in the policy's list, from 0. */
  readonly index: number;
  /** The name that a rule of a cluster-wide policy may have. */
  readonly name?: string;
  readonly action: Action;
  /** Undefined: any peer; in the NetworkPolicy tier only. */
  readonly peers?: readonly CompiledPeer[];
  /** Undefined: all traffic of any protocol. */
  readonly ports?: readonly PortMatch[];
  readonly source?: Source;
}

/** A policy, resolved. `ingress` and `egress` are absent for a direction that the policy does not speak of. */
export interface CompiledPolicy {
  readonly id: PolicyId;
  /** `namespace/name`; the bare name of a cluster-wide policy. */
  readonly name: string;
  readonly tier: Tier;
  /** Lower first, within a tier; 0 in the NetworkPolicy tier, where all policies of a pod count alike. */
  readonly priority: number;
  readonly subject: ({ readonly namespace: string } | { readonly namespaces: Selector }) & { readonly selector: Selector };
  readonly subjects: PodSet;
  /** Whether it is in audit, where it says so itself: see `PolicyModel.isAudited`. */
  readonly audit?: boolean;
  readonly ingress?: readonly CompiledRule[];
  readonly egress?: readonly CompiledRule[];
  readonly source?: Source;
}

/**
 * The order of evaluation: tier, then priority, then name. All policies of the NetworkPolicy tier have one priority and count alike, so
 * there the order is for readers only. Source: semantics.md section 6.3.
 */
export function inOrderOfEvaluation(a: CompiledPolicy, b: CompiledPolicy): number {
  const byTier = tiers.indexOf(a.tier) - tiers.indexOf(b.tier) || a.priority - b.priority;
  return byTier || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

/** Whether both are cluster-wide and of one tier and priority: which of them is asked first is not defined. Source: semantics.md section 6.3. */
export const isTied = (a: CompiledPolicy, b: CompiledPolicy): boolean =>
  a.tier !== 'NetworkPolicy' && a.tier === b.tier && a.priority === b.priority;

/** Who has an address. Source: `identify` in semantics.md section 7. */
export type AddressOwner =
  | { readonly kind: 'Pod'; readonly pod: Pod; readonly class: PodClass }
  | { readonly kind: 'Node'; readonly node: Node }
  | { readonly kind: 'External' };

/**
 * What an update touched. Readers look again at these and at nothing else; the sets hold everything whose answer may have
 * changed, and may hold more.
 */
export interface ModelDelta {
  /** Addresses whose owner, or whose owner's class or node, may be another now. Canonical texts. */
  readonly addresses: ReadonlySet<string>;
  /** Sets with the classes that joined or left them. Classes that are no more are here too, without members. */
  readonly sets: ReadonlyMap<PodSet, ReadonlySet<PodClass>>;
  /** Classes with another list of policies, or whose policies say something else. */
  readonly gates: ReadonlySet<PodClass>;
  /** Names of nodes whose addresses changed. */
  readonly nodes: ReadonlySet<string>;
}
