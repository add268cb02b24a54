import { isPolicyKind, type PolicyId, qualifiedName } from '#core/api/types.ts';
import type { ClusterChange } from '#core/cluster/cluster.ts';
import type { PolicyState, PolicyStatus } from '#core/enforcement/node-status.ts';
import { policyKey } from '#core/enforcement/wanted.ts';
import type { Applied } from '../reconciler.ts';

/** Which policy, in which version; of a kind that need not be known here. */
export interface PolicyVersion extends Omit<PolicyId, 'kind'> {
  readonly kind: string;
  readonly uid?: string;
  readonly generation?: number;
}

/** What the node has to do with policies, by their qualified names. */
export interface PolicyPlace {
  /** How many pods of the node each selects; those that select none are not here. */
  readonly subjects: ReadonlyMap<string, number>;
  readonly isAudited: (policy: string) => boolean;
}

interface Coming {
  readonly version: number;
  readonly policy: PolicyVersion;
  readonly isGone: boolean;
}

/** Which version of every policy the kernel has, since when, and what of it is not enforced as written. */
export class PolicyRecord {
  readonly #kept = new Map<string, { readonly policy: PolicyVersion; readonly since: Date }>();
  /** Versions that the kernel does not have yet, in the order in which they came. */
  #coming: Coming[] = [];
  readonly #unreadable = new Map<string, { readonly policy: PolicyVersion; readonly reason: string }>();
  /** Why subjects are closed, by the qualified name of the policy. */
  #closed: ReadonlyMap<string, string> = new Map();

  /** Takes in changes that the reconcile loop was offered as that version. */
  offered(changes: readonly ClusterChange[], version: number): void {
    for (const change of changes) {
      const policy = change.type === 'put' ? change.object : change.id;
      if (!isPolicyKind(policy.kind)) continue;
      const { kind, namespace, name, uid, generation }: PolicyVersion = { ...policy };
      const which = { kind, ...(namespace && { namespace }), name, ...(uid && { uid }), ...(generation && { generation }) };
      this.#coming.push({ version, policy: which, isGone: change.type === 'delete' });
    }
  }

  /** A policy, or something that looks like one, can't be read. */
  unreadable(policy: PolicyVersion, reason: string): void {
    this.#unreadable.set(policyKey(policy), { policy, reason });
  }

  /** What could not be read can be, or is gone. */
  readable(policy: PolicyVersion): void {
    this.#unreadable.delete(policyKey(policy));
  }

  /** How many objects can't be read, by kind. */
  unreadableByKind(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { policy } of this.#unreadable.values()) counts.set(policy.kind, (counts.get(policy.kind) ?? 0) + 1);
    return counts;
  }

  /** Takes in what a pass of the reconcile loop did. */
  applied({ version, failures }: Applied, now: Date): void {
    const here = this.#coming.findIndex((coming) => coming.version > version);
    const arrived = this.#coming.splice(0, here === -1 ? this.#coming.length : here);
    for (const { policy, isGone } of arrived) {
      if (isGone) this.#kept.delete(policyKey(policy));
      else this.#kept.set(policyKey(policy), { policy, since: now });
    }
    const closed = new Map(failures.flatMap(({ policy, message }) => (policy === undefined ? [] : [[policy, message]])));
    for (const [key, { policy }] of this.#kept)
      if (this.#closed.has(qualifiedName(policy)) && !closed.has(qualifiedName(policy))) this.#kept.set(key, { policy, since: now });
    this.#closed = closed;
  }

  /** What is to be said of every policy; `here` knows of each by its qualified name how many pods of the node it selects, and whether it is in audit. */
  statuses(here: PolicyPlace): PolicyStatus[] {
    const known = Array.from(this.#kept.values(), ({ policy, since }) => this.#statusOf(policy, here, since));
    const others = [...this.#unreadable].filter(([key]) => !this.#kept.has(key));
    const statuses = [...known, ...others.map(([, { policy }]) => this.#statusOf(policy, here))];
    return statuses.sort((a, b) => (policyKey(a) < policyKey(b) ? -1 : 1));
  }

  #statusOf(policy: PolicyVersion, here: PolicyPlace, since?: Date): PolicyStatus {
    const selected = here.subjects.get(qualifiedName(policy)) ?? 0;
    const { state, reason } = this.#stateOf(policy, selected, here);
    return { ...policy, state, ...(reason && { reason }), ...(since && { since: since.toISOString() }), subjects: selected };
  }

  #stateOf(policy: PolicyVersion, subjects: number, { isAudited }: PolicyPlace): { readonly state: PolicyState; readonly reason?: string } {
    const unreadable = this.#unreadable.get(policyKey(policy));
    // A version that can't be read is told of before the kernel closes its subjects.
    if (unreadable !== undefined && isSameVersion(unreadable.policy, policy)) return { state: 'unreadable', reason: unreadable.reason };
    const closed = this.#closed.get(qualifiedName(policy));
    if (closed !== undefined) return { state: 'closed', reason: closed };
    if (subjects === 0) return { state: 'not-needed' };
    return { state: isAudited(qualifiedName(policy)) ? 'audit' : 'enforced' };
  }
}

const isSameVersion = (a: PolicyVersion, b: PolicyVersion): boolean => a.uid === b.uid && a.generation === b.generation;
