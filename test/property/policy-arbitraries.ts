import fc from 'fast-check';
import type { RawPolicy } from '../reference/raw.ts';

/** NetworkPolicies as written: every field, absent, null and empty in turn; all of them valid. */

const expression = (key: string, values: readonly string[]): fc.Arbitrary<object> =>
  fc.oneof(
    fc.record({
      key: fc.constant(key),
      operator: fc.constantFrom('In', 'NotIn'),
      values: fc.array(fc.constantFrom(...values), { minLength: 1, maxLength: 2 }),
    }),
    fc.record({ key: fc.constant(key), operator: fc.constantFrom('Exists', 'DoesNotExist') }),
  );

/** A selector of these labels. */
export function selectorOf(labels: Readonly<Record<string, readonly string[]>>): fc.Arbitrary<object> {
  const keys = Object.keys(labels);
  const equalities = fc.constantFrom(...keys.flatMap((key) => labels[key]!.map((value) => ({ [key]: value }))));
  const expressions = fc.array(fc.oneof(...keys.map((key) => expression(key, labels[key]!))), { maxLength: 2 });
  return fc.oneof(
    { arbitrary: fc.constant({}), weight: 2 },
    { arbitrary: equalities.map((matchLabels) => ({ matchLabels })), weight: 3 },
    { arbitrary: expressions.map((matchExpressions) => ({ matchExpressions })), weight: 2 },
    { arbitrary: fc.record({ matchLabels: equalities, matchExpressions: expressions }), weight: 1 },
  );
}

export const podSelector = selectorOf({ app: ['web', 'db'], tier: ['', 'x'] });
export const namespaceSelector = selectorOf({ team: ['red', 'blue'], 'kubernetes.io/metadata.name': ['alpha', 'beta', 'gamma'] });

/** Blocks with excepts that lie strictly inside; pods, nodes and strangers of the arbitraries are at their edges. */
const blocks: Readonly<Record<string, readonly string[]>> = {
  '0.0.0.0/0': ['10.244.0.0/16', '203.0.113.128/25', '192.168.0.11/32', '0.0.0.0/1', '128.0.0.0/1'],
  '10.244.0.7/16': ['10.244.0.0/30', '10.244.0.1/32', '10.244.0.5/31'],
  '10.244.0.4/30': ['10.244.0.4/32', '10.244.0.6/31'],
  '10.244.0.2/32': [],
  '192.168.0.0/24': ['192.168.0.11/32', '192.168.0.0/28'],
  '192.168.0.12/32': [],
  '203.0.113.0/24': ['203.0.113.128/25', '203.0.113.0/32', '203.0.113.255/32'],
  '203.0.113.0/25': [],
  '::/0': ['fd00:10:244::/64', '2001:db8::/48'],
  'fd00:10:244::/64': ['fd00:10:244::/126', 'fd00:10:244::1/128'],
  '2001:db8::/32': ['2001:db8::/48', '2001:db8:ffff::/48'],
  '::ffff:203.0.113.0/120': ['::ffff:203.0.113.128/121'],
};

/** The blocks that a ClusterNetworkPolicy may name, too. */
export const networks = Object.keys(blocks).filter((cidr) => !cidr.startsWith('::ffff:'));

const ipBlock: fc.Arbitrary<object> = fc
  .constantFrom(...Object.keys(blocks))
  .chain((cidr) =>
    fc
      .option(fc.subarray([...blocks[cidr]!]), { freq: 3, nil: undefined })
      .map((except) => ({ ipBlock: { cidr, ...(except !== undefined && { except }) } })),
  );

const peer: fc.Arbitrary<object> = fc.oneof(
  fc.record({ podSelector }),
  fc.record({ namespaceSelector }),
  fc.record({ podSelector, namespaceSelector }),
  fc.record({ podSelector, namespaceSelector: fc.constant(null) }),
  ipBlock,
);

const protocol = fc.constantFrom('TCP', 'UDP', 'SCTP', null);

const port: fc.Arbitrary<object | null> = fc.oneof(
  { arbitrary: fc.record({ protocol, port: fc.constantFrom(53, 80, 81, 8080) }, { requiredKeys: ['port'] }), weight: 4 },
  { arbitrary: fc.record({ protocol, port: fc.constantFrom('http', 'dns', 'm', 'nosuch') }, { requiredKeys: ['port'] }), weight: 4 },
  {
    arbitrary: fc
      .constantFrom([53, 80], [80, 81], [100, 200], [1, 65535], [8080, 8080])
      .chain(([first, last]) =>
        fc.record({ protocol, port: fc.constant(first), endPort: fc.constant(last) }, { requiredKeys: ['port', 'endPort'] }),
      ),
    weight: 2,
  },
  { arbitrary: fc.record({ protocol }), weight: 1 },
  { arbitrary: fc.constant({}), weight: 1 },
  { arbitrary: fc.constant(null), weight: 1 },
);

/** A list that may also be absent, null or empty. */
const listOf = (item: fc.Arbitrary<unknown>, maxLength: number): fc.Arbitrary<unknown> =>
  fc.oneof(
    { arbitrary: fc.array(item, { minLength: 1, maxLength }), weight: 6 },
    { arbitrary: fc.constantFrom(undefined, null, []), weight: 2 },
  );

const withoutUndefined = (written: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined));

const ruleOf = (peers: 'from' | 'to'): fc.Arbitrary<object | null> =>
  fc.oneof(
    { arbitrary: fc.record({ [peers]: listOf(peer, 3), ports: listOf(port, 3) }).map(withoutUndefined), weight: 8 },
    { arbitrary: fc.constantFrom({}, null), weight: 1 },
  );

const policyTypes = fc.constantFrom(undefined, null, [], ['Ingress'], ['Egress'], ['Ingress', 'Egress'], ['Egress', 'Egress']);

const spec: fc.Arbitrary<unknown> = fc
  .record({
    podSelector: fc.oneof({ arbitrary: podSelector, weight: 6 }, { arbitrary: fc.constantFrom(undefined, null), weight: 1 }),
    policyTypes,
    ingress: listOf(ruleOf('from'), 3),
    egress: listOf(ruleOf('to'), 3),
  })
  .map(withoutUndefined);

/** A NetworkPolicy of one of the namespaces; names are few, so that sequences of clusters replace and delete. */
export const rawPolicy = (namespaces: readonly string[]): fc.Arbitrary<RawPolicy & { metadata: { namespace: string } }> =>
  fc
    .record({
      namespace: fc.constantFrom(...namespaces),
      name: fc.constantFrom('p', 'q', 'r'),
      spec: fc.option(spec, { freq: 20, nil: undefined }),
    })
    .map(({ namespace, name, spec: written }) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { namespace, name },
      ...(written !== undefined && { spec: written }),
    }));
