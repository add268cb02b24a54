import fc from 'fast-check';
import type { RawPolicy } from '../reference/raw.ts';
import { namespaceSelector, networks, podSelector, selectorOf } from './policy-arbitraries.ts';

/**
 * ClusterNetworkPolicies as written. All of them are taken by the API server; now and then one says something that nobody can
 * understand, which its schema does not see.
 */

const unreadableSelector = fc.constantFrom(
  { matchExpressions: [{ key: 'app', operator: 'Foo' }] },
  { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'tier', operator: 'In' }] },
  { matchExpressions: [{ key: 'app', operator: 'Exists', values: ['web'] }] },
  { matchLabels: { app: 'not a value' } },
);

const seldom = <T>(frequent: fc.Arbitrary<T>, rare: fc.Arbitrary<T>, weight = 30): fc.Arbitrary<T> =>
  fc.oneof({ arbitrary: frequent, weight }, { arbitrary: rare, weight: 1 });

const podsIn = (pods: fc.Arbitrary<object>, namespaces: fc.Arbitrary<object>): fc.Arbitrary<object> =>
  fc.record({ namespaceSelector: namespaces, podSelector: pods }, { requiredKeys: ['podSelector'] });

const selection: fc.Arbitrary<object> = fc.oneof(
  fc.record({ namespaces: namespaceSelector }),
  fc.record({ pods: podsIn(podSelector, namespaceSelector) }),
);

const unreadable: fc.Arbitrary<object> = fc.oneof(
  fc.record({ namespaces: unreadableSelector }),
  fc.record({ pods: podsIn(unreadableSelector, namespaceSelector) }),
);

const podPeer = seldom(selection, unreadable);

const nodePeer = fc.record({ nodes: seldom(selectorOf({ zone: ['one', 'two'] }), unreadableSelector) });
const networkPeer = fc.uniqueArray(fc.constantFrom(...networks), { minLength: 1, maxLength: 2 }).map((list) => ({ networks: list }));
const domainPeer = fc.constant({ domainNames: ['example.com', '*.example.org'] });

const anyPeer: fc.Arbitrary<object> = fc.oneof(
  { arbitrary: podPeer, weight: 5 },
  { arbitrary: networkPeer, weight: 4 },
  { arbitrary: nodePeer, weight: 3 },
  { arbitrary: domainPeer, weight: 1 },
);

const destinationPort = fc.oneof(
  fc.constantFrom(53, 80, 81, 8080).map((number) => ({ number })),
  fc
    .constantFrom({ start: 53, end: 80 }, { start: 80, end: 81 }, { start: 100, end: 200 }, { start: 1, end: 65535 })
    .map((range) => ({ range })),
);

const numbered: fc.Arbitrary<object> = fc
  .tuple(fc.constantFrom('tcp', 'tcp', 'udp', 'sctp'), destinationPort)
  .map(([protocol, port]) => ({ [protocol]: { destinationPort: port } }));
const named: fc.Arbitrary<object> = fc.constantFrom('http', 'dns', 'm', 'nosuch').map((name) => ({ destinationNamedPort: name }));

const listOf = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(item, { minLength: 1, maxLength: 3 });

/** Peers without pods have no names for their ports, which the schema knows. */
const rule = (field: 'from' | 'to', peer: fc.Arbitrary<object>): fc.Arbitrary<object> =>
  fc.oneof(
    fc.record({ [field]: listOf(peer) }),
    fc.record({ [field]: listOf(peer), protocols: listOf(numbered) }),
    fc.record({
      [field]: listOf(podPeer),
      protocols: listOf(seldom(fc.oneof(named, numbered), fc.constant({ destinationNamedPort: '' }))),
    }),
  );

const rules = (field: 'from' | 'to', peer: fc.Arbitrary<object>): fc.Arbitrary<object[]> =>
  fc.array(
    fc
      .tuple(fc.constantFrom('Accept', 'Deny', 'Pass'), fc.option(fc.constant('named'), { freq: 3 }), rule(field, peer))
      .map(([action, name, rest]) => ({ action, ...(name !== null && { name }), ...rest })),
    { minLength: 0, maxLength: 3 },
  );

/** A ClusterNetworkPolicy; names and priorities are few, so that sequences of clusters replace and delete, and priorities tie. */
export const rawClusterPolicy: fc.Arbitrary<RawPolicy> = fc
  .record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    tier: fc.constantFrom('Admin', 'Baseline'),
    priority: fc.nat(3),
    subject: seldom(selection, unreadable),
    ingress: rules('from', podPeer),
    egress: rules('to', anyPeer),
  })
  .map(({ name, ...spec }) => ({
    apiVersion: 'policy.networking.k8s.io/v1alpha2',
    kind: 'ClusterNetworkPolicy',
    metadata: { name },
    spec,
  }));
