import type { ClusterNetworkPolicy, Node } from '../api/types.ts';
import { matches, type Selector } from '../label/selector.ts';
import { type AddressSet, addressesFrom } from '../net/address-set.ts';
import { parseIp } from '../net/ip.ts';

/** The policies that speak of nodes, and which of them a change of a node concerns: what they say is compiled into addresses. */
export class NodePeers {
  readonly #nodes = new Map<string, Node>();
  readonly #policies = new Map<string, ClusterNetworkPolicy>();
  readonly #stale = new Set<string>();

  /** The addresses of all nodes that the selector selects. */
  addressesOf(selector: Selector): AddressSet {
    const selected = [...this.#nodes.values()].filter(({ labels }) => matches(selector, labels));
    return addressesFrom(selected.flatMap(({ addresses }) => addresses.map((address) => parseIp(address)!)));
  }

  setNode(name: string, node: Node | undefined): void {
    const before = this.#nodes.get(name);
    if (node === undefined) this.#nodes.delete(name);
    else this.#nodes.set(name, node);
    for (const policy of this.#policies.values())
      if (selectorsOf(policy).some((selector) => differs(selector, before, node))) this.#stale.add(policy.name);
  }

  /** Takes note of a policy that has been compiled, or is gone. */
  setPolicy(name: string, policy: ClusterNetworkPolicy | undefined): void {
    this.#stale.delete(name);
    if (policy === undefined || selectorsOf(policy).length === 0) this.#policies.delete(name);
    else this.#policies.set(name, policy);
  }

  /** The policies that mean other addresses than when they were compiled. */
  get stale(): readonly ClusterNetworkPolicy[] {
    return Array.from(this.#stale, (name) => this.#policies.get(name)!);
  }
}

const selectorsOf = ({ egress = [] }: ClusterNetworkPolicy): Selector[] =>
  egress.flatMap(({ peers }) => peers.flatMap((peer) => (peer.kind === 'nodes' ? [peer.nodes] : [])));

/** Whether a node gives a selection other addresses than it did. */
function differs(selector: Selector, before: Node | undefined, now: Node | undefined): boolean {
  const given = (node: Node | undefined): string =>
    node !== undefined && matches(selector, node.labels) ? [...node.addresses].sort().join() : '';
  return given(before) !== given(now);
}
