import fc from 'fast-check';
import { type ChoiceName, type Choices, choices, defaultChoices } from '#core/api/choices.ts';
import type { KubernetesObject } from '#core/api/types.ts';
import { decodeRaw } from '../cases/decode-raw.ts';
import type { RawConnection } from '../reference/evaluator.ts';
import type { RawCluster, RawContainerPort, RawNode, RawPod } from '../reference/raw.ts';
import { rawClusterPolicy } from './cluster-policy-arbitraries.ts';
import { rawPolicy } from './policy-arbitraries.ts';

/**
 * Random clusters as written (`RawCluster`), small and crowded on purpose: few names, labels, addresses and ports, so that things
 * meet. `decoded` takes them through the door; `manifestsOf` in test/cases makes Kubernetes manifests of them.
 */

export const namespaceNames = ['alpha', 'beta', 'gamma', 'delta'];
const podNames = ['a', 'b', 'c', 'd'];
const nodeNames = ['n1', 'n2', 'n3'];

const dictionary = <K extends string>(values: Readonly<Record<K, readonly string[]>>): fc.Arbitrary<Record<string, string>> =>
  fc
    .record(Object.fromEntries(Object.entries<readonly string[]>(values).map(([key, list]) => [key, fc.option(fc.constantFrom(...list))])))
    .map((labels) => Object.fromEntries(Object.entries(labels).filter((entry): entry is [string, string] => entry[1] !== null)));

const podLabels = dictionary({ app: ['web', 'db'], tier: ['', 'x'] });
const namespaceLabels = dictionary({ team: ['red', 'blue'] });

/** The pod addresses that clusters use; the same number has the same address in both families. */
const podAddress = (number: number, family: 4 | 6): string => (family === 4 ? `10.244.0.${number}` : `fd00:10:244::${number.toString(16)}`);
const nodeAddress = (number: number, family: 4 | 6): string => (family === 4 ? `192.168.0.${number}` : `fd00:1::${number.toString(16)}`);

const containerPort: fc.Arbitrary<RawContainerPort> = fc.record(
  {
    name: fc.constantFrom('http', 'dns', 'm'),
    containerPort: fc.constantFrom(53, 80, 81, 8080),
    protocol: fc.constantFrom('TCP', 'UDP', 'SCTP'),
    container: fc.constantFrom('main', 'second'),
    sidecar: fc.constant(true),
  },
  { requiredKeys: ['containerPort'] },
);

/** Names are unique in one container, as the API server demands; sidecars are containers of their own. */
const containerPorts: fc.Arbitrary<RawContainerPort[]> = fc.uniqueArray(containerPort, {
  maxLength: 4,
  selector: ({ name, container = 'main', sidecar = false, ...port }) => `${name ?? JSON.stringify(port)} ${container} ${sidecar}`,
});

const node = (name: string, index: number): fc.Arbitrary<RawNode> =>
  fc.record({ six: fc.boolean(), second: fc.boolean(), labels: dictionary({ zone: ['one', 'two'] }) }).map(({ six, second, labels }) => ({
    name,
    labels,
    ips: [nodeAddress(11 + index, 4), ...(six ? [nodeAddress(11 + index, 6)] : []), ...(second ? [nodeAddress(21 + index, 4)] : [])],
  }));

interface PodSeed {
  readonly ns: string;
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly number: number;
  readonly families: 'four' | 'six' | 'both' | 'none';
  readonly containerPorts: RawContainerPort[];
  readonly node: string | null;
  readonly hostNetwork: boolean;
  readonly phase: string;
  readonly terminating: boolean;
  readonly owner: string | null;
}

const often = (frequent: number): fc.Arbitrary<boolean> =>
  fc.oneof({ arbitrary: fc.constant(false), weight: frequent }, { arbitrary: fc.constant(true), weight: 1 });

const podSeed = (namespaces: readonly string[]): fc.Arbitrary<PodSeed> =>
  fc.record({
    ns: fc.constantFrom(...namespaces),
    name: fc.constantFrom(...podNames),
    labels: podLabels,
    number: fc.integer({ min: 1, max: 12 }),
    families: fc.constantFrom('four', 'four', 'four', 'both', 'both', 'both', 'six', 'none'),
    containerPorts,
    node: fc.option(fc.constantFrom(...nodeNames)),
    hostNetwork: often(8),
    phase: fc.oneof(
      { arbitrary: fc.constant('Running'), weight: 8 },
      { arbitrary: fc.constantFrom('Pending', 'Unknown', 'Succeeded', 'Failed'), weight: 2 },
    ),
    terminating: often(5),
    owner: fc.option(fc.constantFrom('v', 'w'), { freq: 2 }),
  });

const isOver = (phase: string): boolean => phase === 'Succeeded' || phase === 'Failed';

/** Live pods keep their address to themselves; a finished one may have it, too; hostNetwork pods have those of their node. */
function podsOf(seeds: readonly PodSeed[], nodes: readonly RawNode[]): RawPod[] {
  const taken = { live: new Set<number>(), over: new Set<number>() };
  return seeds.flatMap(({ number, families, node: nodeName, hostNetwork, phase, terminating, owner, ...pod }) => {
    const home = nodes.find(({ name }) => name === nodeName);
    const isHost = hostNetwork && home !== undefined;
    const others = isOver(phase) ? taken.over : taken.live;
    if (!isHost && others.has(number)) return [];
    if (!isHost) others.add(number);
    const own = [
      ...(families === 'four' || families === 'both' ? [podAddress(number, 4)] : []),
      ...(families === 'six' || families === 'both' ? [podAddress(number, 6)] : []),
    ];
    return {
      ...pod,
      ips: isHost ? firstOfEachFamily(home.ips) : own,
      ...(nodeName !== null && { node: nodeName }),
      ...(isHost && { hostNetwork: true }),
      phase,
      ...(terminating && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
      ...(owner !== null && { owner }),
      // The pods of one of the workloads are alike, as they mostly are; those of the other are as different as rolling updates make them.
      ...(owner === 'v' && { labels: { app: 'web' }, containerPorts: [] }),
    };
  });
}

const firstOfEachFamily = (ips: readonly string[]): string[] =>
  [false, true].flatMap((six) => ips.filter((ip) => ip.includes(':') === six).slice(0, 1));

/** None at all in every other cluster. */
const clusterPolicies = fc.oneof(
  fc.constant([]),
  fc.uniqueArray(rawClusterPolicy, { minLength: 1, maxLength: 4, size: 'max', selector: ({ metadata }) => metadata.name }),
);

/** A cluster of two to four namespaces, up to three nodes, up to ten pods, up to eight NetworkPolicies and four ClusterNetworkPolicies. */
export const rawCluster: fc.Arbitrary<RawCluster> = fc.integer({ min: 2, max: namespaceNames.length }).chain((count) => {
  const names = namespaceNames.slice(0, count);
  return fc
    .record({
      // A namespace without an object of its own is known because others name it.
      namespaces: fc.tuple(...names.map((name) => fc.option(namespaceLabels.map((labels) => ({ name, labels }))))),
      nodes: fc.tuple(...nodeNames.map((name, index) => fc.option(node(name, index)))),
      seeds: fc.uniqueArray(podSeed(names), { minLength: 3, maxLength: 10, size: 'max', selector: ({ ns, name }) => `${ns}/${name}` }),
      policies: fc.uniqueArray(rawPolicy(names), {
        minLength: 1,
        maxLength: 8,
        size: 'max',
        selector: ({ metadata }) => `${metadata.namespace}/${metadata.name}`,
      }),
      clusterPolicies,
    })
    .map(({ namespaces, nodes: drawn, seeds, ...policies }) => {
      const nodes = drawn.filter((each) => each !== null);
      return {
        namespaces: namespaces.filter((each) => each !== null),
        nodes,
        pods: podsOf(seeds, nodes),
        policies: [...policies.policies, ...policies.clusterPolicies],
      };
    });
});

/** What an annotation may say of audit; mostly nothing. */
const audit = fc.oneof(
  { arbitrary: fc.constant({}), weight: 4 },
  {
    arbitrary: fc.constantFrom('true', 'true', 'false', 'yes').map((said) => ({ annotations: { 'sallyport.dev/audit': said } })),
    weight: 2,
  },
);

/** The cluster with some of its namespaces and policies in audit. */
export const withAudit = (cluster: RawCluster): fc.Arbitrary<RawCluster> =>
  fc
    .tuple(fc.tuple(...cluster.namespaces.map(() => audit)), fc.tuple(...cluster.policies.map(() => audit)))
    .map(([ofNamespaces, ofPolicies]) => ({
      ...cluster,
      namespaces: cluster.namespaces.map((namespace, index) => ({ ...namespace, ...ofNamespaces[index] })),
      policies: cluster.policies.map((policy, index) => ({ ...policy, metadata: { ...policy.metadata, ...ofPolicies[index] } })),
    }));

/** The objects of a raw cluster through the door. */
export const decoded = (cluster: RawCluster): readonly KubernetesObject[] => decodeRaw(cluster);

/** External addresses at the edges of the blocks that policies use, and some that belong to nobody inside pod and node ranges. */
const strangers: Readonly<Record<4 | 6, readonly string[]>> = {
  4: [
    '203.0.113.0',
    '203.0.113.127',
    '203.0.113.128',
    '203.0.113.255',
    '203.0.114.0',
    '8.8.8.8',
    '10.244.0.200',
    '10.245.0.0',
    '192.168.0.99',
  ],
  6: ['2001:db8::', '2001:db8::1', '2001:db8:0:ffff:ffff:ffff:ffff:ffff', '2001:db8:1::', '2001:db9::', 'fd00:10:244::ffff', '::1'],
};

/** The addresses of one family worth asking about: those of pods, of nodes, and of nobody. */
export function addressesIn(cluster: RawCluster, family: 4 | 6): { pods: string[]; nodes: string[]; strangers: readonly string[] } {
  const ofFamily = (owners: readonly { readonly ips: readonly string[] }[]): string[] => [
    ...new Set(owners.flatMap(({ ips }) => ips).filter((ip) => ip.includes(':') === (family === 6))),
  ];
  return { pods: ofFamily(cluster.pods), nodes: ofFamily(cluster.nodes ?? []), strangers: strangers[family] };
}

/** Ports at the edges of what policies and pods name. */
export const interestingPort = fc.constantFrom(1, 52, 53, 54, 79, 80, 81, 82, 100, 101, 200, 201, 8079, 8080, 8081, 65535);

/** Connections of a cluster, most of them between its pods. */
export function connectionsIn(cluster: RawCluster, count = 40, protocols = ['TCP', 'TCP', 'UDP', 'SCTP']): fc.Arbitrary<RawConnection[]> {
  const connection = fc.constantFrom<(4 | 6)[]>(4, 4, 6).chain((family) => {
    const { pods, nodes, strangers } = addressesIn(cluster, family);
    const among = (addresses: readonly string[], weight: number) =>
      addresses.length === 0 ? [] : [{ arbitrary: fc.constantFrom(...addresses), weight }];
    const address = fc.oneof(...among(pods, 8), ...among(nodes, 2), ...among(strangers, 2));
    return fc.record({ from: address, to: address, protocol: fc.constantFrom(...protocols), port: interestingPort });
  });
  return fc.array(connection, { minLength: 1, maxLength: count, size: 'max' });
}

/** A cluster with connections to ask about. */
export const clusterWithConnections = (count = 40, protocols?: string[]): fc.Arbitrary<readonly [RawCluster, RawConnection[]]> =>
  rawCluster.chain((cluster) => fc.tuple(fc.constant(cluster), connectionsIn(cluster, count, protocols)));

/** The same of a cluster where some policies are in audit. */
export const auditedWithConnections = (count = 40, protocols?: string[]): fc.Arbitrary<readonly [RawCluster, RawConnection[]]> =>
  clusterWithConnections(count, protocols).chain(([cluster, connections]) => fc.tuple(withAudit(cluster), fc.constant(connections)));

const judged: readonly ChoiceName[] = [
  'own-node-egress',
  'terminal-pods',
  'named-port-with-ipblock',
  'duplicate-port-name',
  'sidecar-named-ports',
  'other-l4',
  'baseline-skip',
];

/** Settings of the choices that change verdicts between addresses; see the test of hostnetwork=as-pods for the one left out. */
export const someChoices: fc.Arbitrary<Choices> = fc
  .record(Object.fromEntries(judged.map((name) => [name, fc.constantFrom(...choices[name])])))
  .map((settings) => ({ ...defaultChoices, ...settings }) as Choices);

/** The same with those that can be answered but not enforced. */
export const answeredChoices: fc.Arbitrary<Choices> = fc
  .tuple(someChoices, fc.constantFrom(...choices['ipblock-pods']), fc.constantFrom(...choices['ipblock-nodes']))
  .map(([settings, pods, nodes]) => ({ ...settings, 'ipblock-pods': pods, 'ipblock-nodes': nodes }));
