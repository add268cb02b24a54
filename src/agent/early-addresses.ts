import { isFinished, type Pod, qualifiedName } from '#core/api/types.ts';
import type { ClusterChange } from '#core/cluster/cluster.ts';

/** What a network plugin gave to a pod of this node. */
export interface PodNetwork {
  readonly namespace: string;
  readonly pod: string;
  /** The UID of the pod, empty where the runtime does not tell. */
  readonly uid: string;
  /** Canonical. */
  readonly addresses: readonly string[];
}

/**
 * Gives pods of this node their addresses before the API server knows them: kubelet says them a second or two after the containers have begun, the
 * network plugin before. What the API server says of an address goes before what is learned here.
 */
export class EarlyAddresses {
  readonly #node: string;
  /** Pods of this node whose addresses the API server does not know, by name. */
  readonly #waiting = new Map<string, Pod>();
  /** By the pod's name, then by where it was learned; the last is the newest. */
  readonly #networks = new Map<string, Map<string, PodNetwork>>();

  constructor(node: string) {
    this.#node = node;
  }

  /** The changes, with addresses for the pods whose network is known. */
  fill(changes: readonly ClusterChange[]): ClusterChange[] {
    return changes.map((change) => {
      if (change.type === 'delete') {
        if (change.id.kind === 'Pod') this.#waiting.delete(qualifiedName(change.id));
        return change;
      }
      const { object } = change;
      if (object.kind !== 'Pod' || object.node !== this.#node || object.hostNetwork) return change;
      if (object.addresses.length > 0 || isFinished(object)) {
        this.#waiting.delete(qualifiedName(object));
        return change;
      }
      this.#waiting.set(qualifiedName(object), object);
      return this.#filled(object);
    });
  }

  /** Takes in what was learned at a place, undefined when it says nothing any more; gives what changes by it. */
  learn(place: string, network: PodNetwork | undefined): ClusterChange[] {
    const names = [...this.#networks].filter(([, places]) => places.delete(place)).map(([name]) => name);
    if (network !== undefined) {
      const name = qualifiedName({ namespace: network.namespace, name: network.pod });
      const places = this.#networks.get(name) ?? new Map<string, PodNetwork>();
      this.#networks.set(name, places.set(place, network));
      names.push(name);
    }
    for (const name of names) if (this.#networks.get(name)?.size === 0) this.#networks.delete(name);
    return [...new Set(names)].flatMap((name) => {
      const pod = this.#waiting.get(name);
      return pod === undefined ? [] : [this.#filled(pod)];
    });
  }

  #filled(pod: Pod): ClusterChange {
    const network = [...(this.#networks.get(qualifiedName(pod))?.values() ?? [])].at(-1);
    const isHis = network !== undefined && (network.uid === '' || pod.uid === undefined || network.uid === pod.uid);
    return { type: 'put', object: isHis ? { ...pod, addresses: network.addresses } : pod };
  }
}
