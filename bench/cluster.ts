/**
 * Clusters of a realistic shape and any size, the same every time. Twenty pods make a workload, policies come ten to a namespace
 * in the proportions people write them: a default deny, DNS, what one app may ask of another, a few whole namespaces, a few blocks.
 * In every eighth namespace nobody has closed the rest yet: its policies are of single apps.
 */

/** How large a cluster is. */
export interface ClusterSize {
  readonly pods: number;
  readonly policies: number;
}

/** The sizes of the design's bars. */
export const clusterSizes = {
  small: { pods: 500, policies: 50 },
  medium: { pods: 10_000, policies: 1_000 },
  large: { pods: 100_000, policies: 10_000 },
} as const satisfies Record<string, ClusterSize>;

/** A Kubernetes object as the API server would send it. */
export type WireObject = { readonly apiVersion: string; readonly kind: string; readonly metadata: object };

const podsInWorkload = 20;
const policiesInNamespace = 10;
const openEvery = 8;
const podsOnNode = 100;
const tiers = ['web', 'api', 'worker', 'cache', 'database'] as const;
const portOf = { web: 80, api: 8080, worker: 9090, cache: 6379, database: 5432 } as const;

/** All objects of the cluster: namespaces, nodes, pods, policies. */
export function* clusterObjects(size: ClusterSize): Generator<WireObject> {
  yield namespaceObject('kube-system', {});
  for (let index = 0; index < namespacesOf(size); index++) yield namespaceObject(namespaceName(index), namespaceLabels(index));
  for (let index = 0; index < nodesOf(size); index++) yield nodeObject(index);
  for (let index = 0; index < size.pods; index++) yield podObject(size, index);
  for (let index = 0; index < size.policies; index++) yield policyObject(size, index);
}

/** The pod of that number, as the given roll-out of its workload made it. */
export function podObject(size: ClusterSize, index: number, revision = 0): WireObject {
  const workload = Math.floor(index / podsInWorkload);
  const namespace = workload % namespacesOf(size);
  const nth = Math.floor(workload / namespacesOf(size));
  const [app, tier] = [appName(nth), tierOf(nth)];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${app}-${index}`,
      namespace: namespaceName(namespace),
      labels: { app, tier, 'pod-template-hash': `${workload}-${revision}` },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${app}-${workload}`, uid: `${workload}`, controller: true }],
    },
    spec: {
      nodeName: nodeName(index % nodesOf(size)),
      containers: [{ name: 'main', image: `registry.example/${app}:${revision}`, ports: [{ name: 'main', containerPort: portOf[tier] }] }],
    },
    status: { phase: 'Running', podIP: podAddress(index), podIPs: [{ ip: podAddress(index) }] },
  } as WireObject;
}

/** The workloads of the cluster as Deployments of two replicas, as people keep them in files, instead of their pods. */
export function* deploymentObjects(size: ClusterSize): Generator<WireObject> {
  for (let index = 0; index < size.pods; index += podsInWorkload) {
    const { metadata, spec } = podObject(size, index) as unknown as {
      metadata: { name: string; namespace: string; labels: object };
      spec: object;
    };
    yield {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: metadata.name, namespace: metadata.namespace },
      spec: {
        replicas: 2,
        selector: { matchLabels: metadata.labels },
        template: { metadata: { labels: metadata.labels }, spec },
      },
    } as WireObject;
  }
}

/** The policy of that number. `revision` changes a port of it, as an edit would. */
export function policyObject(size: ClusterSize, index: number, revision = 0): WireObject {
  const namespace = index % namespacesOf(size);
  const nth = Math.floor(index / namespacesOf(size));
  const kinds = namespace % openEvery === openEvery - 1 ? kindsForApps : policyKinds;
  const kind = kinds[nth % kinds.length]!;
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `${kind.name}-${nth}`, namespace: namespaceName(namespace) },
    spec: kind.spec(nth, namespace, revision),
  } as WireObject;
}

type Spec = (nth: number, namespace: number, revision: number) => object;

const tcp = (port: number | string): object => ({ protocol: 'TCP', port });
const dns = [53, 5353].flatMap((port) => ['UDP', 'TCP'].map((protocol) => ({ protocol, port })));

/** From one app to the next one, on its named port. */
const appToApp: Spec = (nth, _namespace, revision) => ({
  podSelector: { matchLabels: { app: appName(nth % tiers.length) } },
  policyTypes: ['Ingress'],
  ingress: [
    { from: [{ podSelector: { matchLabels: { app: appName((nth + 1) % tiers.length) } } }], ports: [tcp('main'), tcp(10_000 + revision)] },
  ],
});

interface PolicyKind {
  readonly name: string;
  readonly spec: Spec;
  /** Selects all pods of its namespace. */
  readonly isWhole?: true;
}

const policyKinds: readonly PolicyKind[] = [
  { name: 'default-deny', isWhole: true, spec: () => ({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] }) },
  {
    name: 'allow-dns',
    isWhole: true,
    spec: () => ({
      podSelector: {},
      policyTypes: ['Egress'],
      egress: [{ to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } }], ports: dns }],
    }),
  },
  { name: 'app-to-app', spec: appToApp },
  { name: 'app-to-app', spec: appToApp },
  { name: 'app-to-app', spec: appToApp },
  {
    name: 'within-team',
    spec: (_nth, namespace) => ({
      podSelector: { matchExpressions: [{ key: 'tier', operator: 'In', values: ['web', 'api'] }] },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: `team-${namespace % 10}` } } }] }],
      egress: [{ to: [{ namespaceSelector: { matchLabels: { team: `team-${namespace % 10}` } } }] }],
    }),
  },
  {
    name: 'from-monitoring',
    isWhole: true,
    spec: () => ({
      podSelector: {},
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [{ namespaceSelector: { matchLabels: { stage: 'production' } }, podSelector: { matchLabels: { tier: 'worker' } } }],
          ports: [{ protocol: 'TCP', port: 9000, endPort: 9100 }],
        },
      ],
    }),
  },
  {
    name: 'to-outside',
    spec: (nth, namespace) => ({
      podSelector: { matchLabels: { app: appName(nth % tiers.length) } },
      policyTypes: ['Egress'],
      egress: [
        { to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'] } }], ports: [tcp(443)] },
        { to: [{ ipBlock: { cidr: `198.51.${namespace % 256}.0/24` } }] },
      ],
    }),
  },
  {
    name: 'from-outside',
    spec: (_nth, namespace) => ({
      podSelector: { matchLabels: { tier: 'web' } },
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [{ ipBlock: { cidr: `203.0.${namespace % 256}.0/24`, except: [`203.0.${namespace % 256}.128/25`] } }],
          ports: [tcp('main')],
        },
      ],
    }),
  },
  { name: 'app-to-app', spec: appToApp },
];

const kindsForApps = policyKinds.filter(({ isWhole }) => !isWhole);

const namespacesOf = ({ policies }: ClusterSize): number => Math.max(1, Math.round(policies / policiesInNamespace));
const nodesOf = ({ pods }: ClusterSize): number => Math.max(1, Math.ceil(pods / podsOnNode));
const namespaceName = (index: number): string => `shop-${index}`;
const nodeName = (index: number): string => `node-${index}`;
const appName = (index: number): string => `${tierOf(index)}-${Math.floor(index / tiers.length)}`;
const tierOf = (index: number): (typeof tiers)[number] => tiers[index % tiers.length]!;
const namespaceLabels = (index: number): Record<string, string> => ({
  team: `team-${index % 10}`,
  stage: index % 3 === 0 ? 'production' : 'staging',
});
/** Within 10.128.0.0/9: never a real host, because only benchmarks that make no packets use these clusters. */
const podAddress = (index: number): string => `10.${128 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;

function namespaceObject(name: string, labels: Record<string, string>): WireObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { ...labels, 'kubernetes.io/metadata.name': name } } };
}

function nodeObject(index: number): WireObject {
  const address = `10.0.${index >> 8}.${index & 255}`;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: nodeName(index) },
    status: { addresses: [{ type: 'InternalIP', address }] },
  } as WireObject;
}
