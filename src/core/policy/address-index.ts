import { isFinished, type Node, type Pod } from '../api/types.ts';

/**
 * Who has which address. At most one live pod does; when two claim it (its last owner is not yet gone), the one that is not
 * finished has it, then the one that is not terminating, then the running one, then the first by name, so that the answer does not
 * depend on the order of events.
 */
export class AddressIndex {
  readonly #claims = new Map<string, Pod | Pod[]>();
  readonly #nodes = new Map<string, Node>();
  readonly #nodeOfAddress = new Map<string, Node[]>();
  readonly #onChange: (address: string) => void;

  constructor(onChange: (address: string) => void) {
    this.#onChange = onChange;
  }

  /** The pod that owns the address, else the node that has it. */
  ownerOf(address: string): Pod | Node | undefined {
    const claim = this.#claims.get(address);
    if (claim === undefined) return this.#nodeOfAddress.get(address)?.[0];
    return Array.isArray(claim) ? claim[0] : claim;
  }

  nodeOf(name: string): Node | undefined {
    return this.#nodes.get(name);
  }

  get nodeNames(): Iterable<string> {
    return this.#nodes.keys();
  }

  claim(address: string, pod: Pod): void {
    const claim = this.#claims.get(address);
    if (claim === undefined) this.#claims.set(address, pod);
    else if (Array.isArray(claim)) this.#claims.set(address, [...new Set([...claim, pod])].sort(byRight));
    else if (claim !== pod) this.#claims.set(address, [claim, pod].sort(byRight));
    this.#onChange(address);
  }

  unclaim(address: string, pod: Pod): void {
    const claim = this.#claims.get(address);
    if (Array.isArray(claim)) {
      const rest = claim.filter((other) => other !== pod);
      this.#claims.set(address, rest.length === 1 ? rest[0]! : rest);
    } else if (claim === pod) this.#claims.delete(address);
    this.#onChange(address);
  }

  setNode(node: Node): void {
    this.deleteNode(node.name);
    this.#nodes.set(node.name, node);
    for (const address of node.addresses) {
      const nodes = [...(this.#nodeOfAddress.get(address) ?? []), node].sort((a, b) => (a.name < b.name ? -1 : 1));
      this.#nodeOfAddress.set(address, nodes);
      this.#onChange(address);
    }
  }

  deleteNode(name: string): void {
    const node = this.#nodes.get(name);
    if (node === undefined) return;
    this.#nodes.delete(name);
    for (const address of node.addresses) {
      const rest = this.#nodeOfAddress.get(address)!.filter((other) => other !== node);
      if (rest.length === 0) this.#nodeOfAddress.delete(address);
      else this.#nodeOfAddress.set(address, rest);
      this.#onChange(address);
    }
  }
}

function byRight(a: Pod, b: Pod): number {
  const rank = (pod: Pod): number => (isFinished(pod) ? 4 : 0) + (pod.terminating ? 2 : 0) + (pod.phase === 'Running' ? 0 : 1);
  const name = (pod: Pod): string => `${pod.namespace}/${pod.name}`;
  return rank(a) - rank(b) || (name(a) < name(b) ? -1 : 1);
}
