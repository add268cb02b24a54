import type { Namespace } from '#core/api/types.ts';
import type { ClusterChange } from '#core/cluster/cluster.ts';

/** The deletion of a NetworkPolicy. */
type Deletion = Extract<ClusterChange, { type: 'delete' }>;

/**
 * Keeps the policies of a namespace that is being deleted until its pods are gone: what deletes a namespace need not delete pods first, and a
 * pod may live on for its grace period. Source: CVE-2024-7598.
 */
export class LastingPolicies {
  readonly #hasPods: (namespace: string) => boolean;
  readonly #terminating = new Set<string>();
  readonly #withheld = new Map<string, Map<string, Deletion>>();

  constructor(hasPods: (namespace: string) => boolean) {
    this.#hasPods = hasPods;
  }

  /** The changes without those deletions that must wait, and with those whose time has come. */
  filter(changes: readonly ClusterChange[]): ClusterChange[] {
    return changes.flatMap((change) => this.#pass(change));
  }

  #pass(change: ClusterChange): ClusterChange[] {
    const { kind, name, namespace = '' } = change.type === 'put' ? { namespace: '', ...change.object } : change.id;
    if (kind === 'NetworkPolicy') return this.#policy(change, namespace, name);
    if (kind === 'Pod' && change.type === 'delete') return [change, ...this.#released(namespace)];
    if (kind === 'Namespace') {
      // One that is gone was being deleted, whether or not that was told: pods are told of by another stream, which may be behind.
      const isEnding = change.type === 'delete' ? this.#hasPods(name) : (change.object as Namespace).terminating;
      if (isEnding) this.#terminating.add(name);
      else this.#terminating.delete(name);
      return [change, ...this.#released(name)];
    }
    return [change];
  }

  #policy(change: ClusterChange, namespace: string, name: string): ClusterChange[] {
    if (change.type === 'put') {
      this.#withheld.get(namespace)?.delete(name);
      return [change];
    }
    if (!this.#mustWait(namespace)) return [change];
    const withheld = this.#withheld.get(namespace);
    if (withheld === undefined) this.#withheld.set(namespace, new Map([[name, change]]));
    else withheld.set(name, change);
    return [];
  }

  #released(namespace: string): ClusterChange[] {
    const withheld = this.#withheld.get(namespace);
    if (withheld === undefined || this.#mustWait(namespace)) return [];
    this.#withheld.delete(namespace);
    return [...withheld.values()];
  }

  #mustWait(namespace: string): boolean {
    return this.#terminating.has(namespace) && this.#hasPods(namespace);
  }
}
