import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Direction } from '#core/api/types.ts';
import { type Cluster, clusterOf, differenceOf, emptyCluster } from '#core/cluster/cluster.ts';
import { type Action, type CompiledPolicy, type CompiledRule, type PodClass, type Tier, tiers } from '#core/policy/model.ts';
import { PolicyModel } from '#core/policy/policy-model.ts';
import { referenceAllows } from '../reference/evaluator.ts';
import type { RawCluster, RawPolicy } from '../reference/raw.ts';
import { connectionsIn, decoded, interestingPort, namespaceNames, rawCluster } from './arbitraries.ts';
import { verdictOf } from './judging.ts';
import { expectMatrix } from './matrix-oracle.ts';

/**
 * The tiers of ClusterNetworkPolicy, which the door does not read yet: each is compiled as the NetworkPolicy that has its subject and
 * peers, then put into its tier. The reference evaluator reads it as what it is.
 */
interface TieredPolicy {
  readonly name: string;
  readonly tier: 'Admin' | 'Baseline';
  readonly priority: number;
  readonly namespace: string;
  readonly podSelector: object;
  readonly ingress: readonly TieredRule[];
  readonly egress: readonly TieredRule[];
}

interface TieredRule {
  readonly action: 'Accept' | 'Deny' | 'Pass';
  readonly peer: { readonly namespaceSelector: object; readonly podSelector: object } | { readonly network: string };
  /** Absent: all traffic. */
  readonly port?: number;
}

const podSelector = fc.constantFrom({}, { matchLabels: { app: 'web' } }, { matchLabels: { app: 'db' } });
const namespaceSelector = fc.constantFrom(
  {},
  { matchLabels: { team: 'red' } },
  { matchLabels: { 'kubernetes.io/metadata.name': 'alpha' } },
);
const podPeer = fc.record({ namespaceSelector, podSelector });
const network = fc.constantFrom('0.0.0.0/0', '10.244.0.4/30', '203.0.113.0/25', '::/0').map((cidr) => ({ network: cidr }));

const rulesWith = (peer: fc.Arbitrary<TieredRule['peer']>): fc.Arbitrary<TieredRule[]> =>
  fc.array(
    fc.record(
      { action: fc.constantFrom('Accept' as const, 'Deny' as const, 'Pass' as const), peer, port: fc.constantFrom(53, 80) },
      { requiredKeys: ['action', 'peer'] },
    ),
    { minLength: 1, maxLength: 3 },
  );

const tieredPolicy: fc.Arbitrary<TieredPolicy> = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  tier: fc.constantFrom('Admin', 'Baseline'),
  priority: fc.nat(9),
  namespace: fc.constantFrom(...namespaceNames.slice(0, 2)),
  podSelector,
  ingress: rulesWith(podPeer),
  egress: rulesWith(fc.oneof(podPeer, network)),
});

function asClusterPolicy({ name, tier, priority, namespace, podSelector: pods, ingress, egress }: TieredPolicy): RawPolicy {
  const rule = (peers: 'from' | 'to', { action, peer, port }: TieredRule): object => ({
    action,
    [peers]: ['network' in peer ? { networks: [peer.network] } : { pods: peer }],
    ...(port !== undefined && { protocols: [{ tcp: { destinationPort: { number: port } } }] }),
  });
  const namespaces = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
  return {
    apiVersion: 'policy.networking.k8s.io/v1alpha2',
    kind: 'ClusterNetworkPolicy',
    metadata: { name },
    spec: {
      tier,
      priority,
      subject: { pods: { namespaceSelector: namespaces, podSelector: pods } },
      ingress: ingress.map((each) => rule('from', each)),
      egress: egress.map((each) => rule('to', each)),
    },
  };
}

function asNetworkPolicy({ name, namespace, podSelector: pods, ingress, egress }: TieredPolicy): RawPolicy {
  const rule = (peers: 'from' | 'to', { peer, port }: TieredRule): object => ({
    [peers]: ['network' in peer ? { ipBlock: { cidr: peer.network } } : peer],
    ...(port !== undefined && { ports: [{ port }] }),
  });
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace, name: `tiered-${name}` },
    spec: {
      podSelector: pods,
      policyTypes: ['Ingress', 'Egress'],
      ingress: ingress.map((each) => rule('from', each)),
      egress: egress.map((each) => rule('to', each)),
    },
  };
}

/** Puts the compiled stand-ins into their tiers. */
class TieredModel extends PolicyModel {
  readonly #tiered: ReadonlyMap<string, TieredPolicy>;
  readonly #known = new Map<CompiledPolicy, CompiledPolicy>();

  constructor(cluster: Cluster, tiered: readonly TieredPolicy[]) {
    super();
    this.#tiered = new Map(tiered.map((each) => [`${each.namespace}/tiered-${each.name}`, each]));
    this.update(differenceOf(emptyCluster, cluster));
  }

  override get policies(): ReadonlyMap<string, CompiledPolicy> {
    return new Map([...super.policies].map(([name, policy]) => [name, this.#place(policy)]));
  }

  override policiesOf(podClass: PodClass, direction: Direction): CompiledPolicy[] {
    const placed = super.policiesOf(podClass, direction).map((policy) => this.#place(policy));
    const inOrder = placed.sort(
      (a, b) => tiers.indexOf(a.tier) - tiers.indexOf(b.tier) || a.priority - b.priority || (a.name < b.name ? -1 : 1),
    );
    // A cluster-wide policy without rules leaves the direction alone.
    return inOrder.filter((policy) => policy.tier === 'NetworkPolicy' || policy[direction]!.length > 0);
  }

  #place(policy: CompiledPolicy): CompiledPolicy {
    const tiered = this.#tiered.get(policy.name);
    if (tiered === undefined) return policy;
    let placed = this.#known.get(policy);
    if (placed === undefined) {
      placed = { ...policy, name: tiered.name, tier: tiered.tier as Tier, priority: tiered.priority };
      const rules = (direction: Direction): CompiledRule[] =>
        policy[direction]!.map((rule, index) => ({
          ...rule,
          policy: placed!,
          action: tiered[direction][index]!.action.toLowerCase() as Action,
        }));
      Object.assign(placed, { ingress: rules('ingress'), egress: rules('egress') });
      this.#known.set(policy, placed);
    }
    return placed;
  }
}

const tieredCluster = fc.tuple(
  rawCluster,
  fc.uniqueArray(tieredPolicy, { minLength: 1, maxLength: 5, size: 'max', selector: ({ name }) => name }),
);

function compiled(raw: RawCluster, tiered: readonly TieredPolicy[]): { cluster: Cluster; model: PolicyModel } {
  const cluster = clusterOf(decoded({ ...raw, policies: [...raw.policies, ...tiered.map(asNetworkPolicy)] }));
  return { cluster, model: new TieredModel(cluster, tiered) };
}

test('the verdict is that of the reference evaluator', () => {
  const asked = tieredCluster.chain(([raw, tiered]) => fc.tuple(fc.constant(raw), fc.constant(tiered), connectionsIn(raw)));
  fc.assert(
    fc.property(asked, ([raw, tiered, connections]) => {
      const { model } = compiled(raw, tiered);
      const whole = { ...raw, policies: [...raw.policies, ...tiered.map(asClusterPolicy)] };
      for (const connection of connections)
        expect({ ...connection, allowed: verdictOf(model, connection).allowed }).toEqual({
          ...connection,
          allowed: referenceAllows(whole, connection),
        });
    }),
    { numRuns: 200 },
  );
});

test('the connectivity of everything is what single verdicts say', () => {
  const protocol = fc.constantFrom('TCP' as const, 'UDP' as const);
  fc.assert(
    fc.property(tieredCluster, protocol, fc.uniqueArray(interestingPort, { minLength: 3, maxLength: 4 }), ([raw, tiered], each, ports) =>
      expectMatrix(compiled(raw, tiered), each, ports),
    ),
    { numRuns: 150 },
  );
});
