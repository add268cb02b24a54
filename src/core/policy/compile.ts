import type { ClusterNetworkPolicy, ClusterPeer, Direction, NetworkPolicy, Peer, Rule } from '../api/types.ts';
import { qualifiedName } from '../api/types.ts';
import { formatRanges } from '../net/address-set.ts';
import type { CompiledPeer, CompiledPolicy, CompiledRule } from './model.ts';
import type { NodePeers } from './node-peers.ts';
import type { PodSets, Scope } from './pod-sets.ts';

/** Resolves policies. Every set of pods that a compiled policy holds is a reference to give back. */
export class Compiler {
  readonly #sets: PodSets;
  readonly #nodes: NodePeers;

  constructor(sets: PodSets, nodes: NodePeers) {
    this.#sets = sets;
    this.#nodes = nodes;
  }

  networkPolicy(policy: NetworkPolicy): CompiledPolicy {
    const { namespace, name, subject: selector, source } = policy;
    const compiled: CompiledPolicy = {
      id: { kind: 'NetworkPolicy', namespace, name },
      name: qualifiedName(policy),
      tier: 'NetworkPolicy',
      priority: 0,
      subject: { namespace, selector },
      subjects: this.#sets.retain({ namespace }, selector),
      ...auditOf(policy),
      ...(source && { source }),
    };
    const compile = (direction: Direction) => (rule: Rule, index: number) => this.#rule(compiled, namespace, direction, rule, index);
    return withRules(compiled, policy.ingress?.map(compile('ingress')), policy.egress?.map(compile('egress')));
  }

  clusterPolicy(policy: ClusterNetworkPolicy): CompiledPolicy {
    const { name, tier, priority, subject, source } = policy;
    const scope: Scope = { namespaces: subject.namespaces, isClusterWide: true };
    const compiled: CompiledPolicy = {
      id: { kind: 'ClusterNetworkPolicy', name },
      name,
      tier,
      priority,
      subject: { namespaces: subject.namespaces, selector: subject.pods },
      subjects: this.#sets.retain(scope, subject.pods),
      ...auditOf(policy),
      ...(source && { source }),
    };
    const compile =
      (direction: Direction) =>
      ({ name: ruleName, action, peers, ports, source: at }: NonNullable<ClusterNetworkPolicy[Direction]>[number], index: number) => ({
        policy: compiled,
        direction,
        index,
        action,
        peers: peers.map((peer) => this.#clusterPeer(peer)),
        ...(ruleName !== undefined && { name: ruleName }),
        ...(ports && { ports }),
        ...(at && { source: at }),
      });
    return withRules(compiled, policy.ingress?.map(compile('ingress')), policy.egress?.map(compile('egress')));
  }

  #rule(policy: CompiledPolicy, namespace: string, direction: Direction, { peers, ports, source }: Rule, index: number): CompiledRule {
    return {
      policy,
      direction,
      index,
      action: 'accept',
      ...(peers && { peers: peers.map((peer) => this.#peer(namespace, peer)) }),
      ...(ports && { ports }),
      ...(source && { source }),
    };
  }

  #peer(namespace: string, peer: Peer): CompiledPeer {
    const source = peer.source && { source: peer.source };
    if (peer.kind === 'block') {
      return { kind: 'addresses', addresses: peer.addresses, key: [peer.cidr, ...[...peer.except].sort()].join(' except '), ...source };
    }
    const scope = peer.namespaces === undefined ? { namespace } : { namespaces: peer.namespaces };
    return { kind: 'pods', set: this.#sets.retain(scope, peer.pods), ...source };
  }

  #clusterPeer(peer: ClusterPeer): CompiledPeer {
    const source = peer.source && { source: peer.source };
    switch (peer.kind) {
      case 'pods':
        return { kind: 'pods', set: this.#sets.retain({ namespaces: peer.namespaces, isClusterWide: true }, peer.pods), ...source };
      case 'networks':
        return { kind: 'addresses', addresses: peer.addresses, key: [...peer.cidrs].sort().join(' and '), ...source };
      case 'nodes': {
        const addresses = this.#nodes.addressesOf(peer.nodes);
        return { kind: 'addresses', addresses, key: `nodes at ${formatRanges(addresses).join(', ')}`, ...source };
      }
    }
  }
}

/** The policy with its rules, which refer to it; a direction that it leaves alone has none. */
function withRules(policy: CompiledPolicy, ingress?: readonly CompiledRule[], egress?: readonly CompiledRule[]): CompiledPolicy {
  return Object.assign(policy, { ...(ingress && { ingress }), ...(egress && { egress }) });
}

const auditOf = ({ audit }: NetworkPolicy | ClusterNetworkPolicy): Pick<CompiledPolicy, 'audit'> => (audit === undefined ? {} : { audit });
