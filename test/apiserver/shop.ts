import type { Manifest } from '../cluster/control-plane.ts';

/**
 * A cluster as controllers, the scheduler and kubelets leave it: namespaces with labels, nodes, pods with addresses whose owners stand above
 * each other, pods on the way, at their end and in their node's network, Services, and policies of every kind of peer.
 */

const namespace = (name: string, labels: Record<string, string> = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});

export const node = (name: string, address: string, labels: Record<string, string> = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels },
  spec: { podCIDR: `10.244.${address.split('.').at(-1)}.0/24` },
  status: {
    addresses: [
      { type: 'InternalIP', address },
      { type: 'Hostname', address: name },
    ],
  },
});

interface PodOptions {
  readonly labels?: Record<string, string>;
  readonly owner?: readonly [apiVersion: string, kind: string, name: string];
  readonly ip?: string;
  readonly node?: string;
  readonly phase?: string;
  readonly hostNetwork?: true;
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
}

/** A pod, which has the status of one that runs unless told otherwise. */
export function pod(namespaceName: string, name: string, options: PodOptions = {}): Manifest {
  const { labels = { app: name }, owner, ip, node: nodeName, phase = 'Running', hostNetwork, ports = [] } = options;
  const [apiVersion, kind, ownerName] = owner ?? [];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace: namespaceName,
      name,
      labels,
      ...(owner && { ownerReferences: [{ apiVersion, kind, name: ownerName, uid: 'none', controller: true }] }),
    },
    spec: {
      ...(nodeName && { nodeName }),
      ...(hostNetwork && { hostNetwork }),
      containers: [{ name: 'main', image: 'registry.example.com/main:1', ports: hostNetwork ? [] : ports }],
    },
    status: { phase, ...(ip && { podIP: ip, podIPs: [{ ip }] }) },
  };
}

const template = (labels: Record<string, string>): object => ({
  metadata: { labels },
  spec: { containers: [{ name: 'main', image: 'registry.example.com/main:1' }], restartPolicy: 'Always' },
});

const replicaSet = (
  namespaceName: string,
  name: string,
  owner: readonly [string, string, string],
  labels: Record<string, string>,
  replicas: number,
): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: {
    namespace: namespaceName,
    name,
    labels,
    ownerReferences: [{ apiVersion: owner[0], kind: owner[1], name: owner[2], uid: 'none', controller: true }],
  },
  spec: { replicas, selector: { matchLabels: labels }, template: template(labels) },
});

const job = (namespaceName: string, name: string, owner: string): Manifest => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: {
    namespace: namespaceName,
    name,
    ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name: owner, uid: 'none', controller: true }],
  },
  spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'registry.example.com/main:1' }] } } },
});

const service = (namespaceName: string, name: string, app: string, port: number, targetPort: number | string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: namespaceName, name },
  spec: { selector: { app }, ports: [{ port, targetPort }] },
});

export const policy = (namespaceName: string, name: string, spec: object): Manifest => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { namespace: namespaceName, name },
  spec,
});

/** The kind of cluster-wide policies, which takes whatever it is given. */
export const clusterPolicyKind: Manifest = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {
    name: 'clusternetworkpolicies.policy.networking.k8s.io',
    annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubernetes-sigs/network-policy-api' },
  },
  spec: {
    group: 'policy.networking.k8s.io',
    scope: 'Cluster',
    names: {
      kind: 'ClusterNetworkPolicy',
      listKind: 'ClusterNetworkPolicyList',
      plural: 'clusternetworkpolicies',
      singular: 'clusternetworkpolicy',
    },
    versions: [
      {
        name: 'v1alpha2',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

/** A node as kubelet describes it. */
export const nodeOf = (name: string, address: string, facts: object = {}, annotations: Record<string, string> = {}): Manifest => {
  const { metadata, status, ...rest } = node(name, address);
  const nodeInfo = { operatingSystem: 'linux', kernelVersion: '6.1.0-18-amd64', kubeletVersion: 'v1.34.4', ...facts };
  return {
    ...rest,
    metadata: { ...metadata, annotations },
    status: { ...status, nodeInfo, conditions: [{ type: 'Ready', status: 'True' }] },
  };
};

type Container = readonly [name: string, image: string, args?: readonly string[]];

/** A DaemonSet or a Deployment with these containers. */
export const workload = (
  kind: 'DaemonSet' | 'Deployment',
  namespace: string,
  name: string,
  labels: object,
  containers: readonly Container[],
) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { namespace, name },
  spec: {
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: { containers: containers.map(([each, image, args]) => ({ name: each, image, ...(args && { args }) })) },
    },
  },
});

/** A DaemonSet of kube-system. */
export const daemonSet = (name: string, labels: object, ...containers: readonly Container[]): Manifest =>
  workload('DaemonSet', 'kube-system', name, labels, containers);

/** A kind that takes whatever it is given. */
export const kindOf = (group: string, kind: string, plural: string, scope = 'Cluster'): Manifest => ({
  ...clusterPolicyKind,
  metadata: { ...clusterPolicyKind.metadata, name: `${plural}.${group}` },
  spec: {
    ...(clusterPolicyKind.spec as object),
    group,
    scope,
    names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
  },
});

const web = { app: 'web', 'pod-template-hash': '5d4f8c7b6' };
const http = [{ name: 'http', containerPort: 8080 }];

export const shop: readonly Manifest[] = [
  namespace('shop', { team: 'blue' }),
  namespace('pay', { team: 'red' }),
  namespace('watch', { purpose: 'monitoring' }),
  namespace('empty'),
  node('n1', '192.168.0.11', { 'node-role.kubernetes.io/control-plane': '' }),
  node('n2', '192.168.0.12'),
  // A Deployment's ReplicaSet tells by its name whose it is; that of a Rollout does not.
  replicaSet('shop', 'web-5d4f8c7b6', ['apps/v1', 'Deployment', 'web'], web, 2),
  pod('shop', 'web-5d4f8c7b6-aaaaa', {
    labels: web,
    owner: ['apps/v1', 'ReplicaSet', 'web-5d4f8c7b6'],
    ip: '10.244.11.2',
    node: 'n1',
    ports: http,
  }),
  pod('shop', 'web-5d4f8c7b6-bbbbb', {
    labels: web,
    owner: ['apps/v1', 'ReplicaSet', 'web-5d4f8c7b6'],
    ip: '10.244.12.2',
    node: 'n2',
    ports: http,
  }),
  replicaSet('shop', 'canary-7c9', ['argoproj.io/v1alpha1', 'Rollout', 'canary'], { app: 'canary' }, 1),
  pod('shop', 'canary-7c9-xxxxx', {
    labels: { app: 'canary' },
    owner: ['apps/v1', 'ReplicaSet', 'canary-7c9'],
    ip: '10.244.12.3',
    node: 'n2',
    ports: http,
  }),
  pod('shop', 'client', { ip: '10.244.11.3', node: 'n1' }),
  pod('shop', 'starting', { phase: 'Pending' }),
  pod('pay', 'db-0', {
    labels: { app: 'db' },
    owner: ['apps/v1', 'StatefulSet', 'db'],
    ip: '10.244.12.4',
    node: 'n2',
    ports: [{ containerPort: 5432 }],
  }),
  job('pay', 'report-29000000', 'report'),
  pod('pay', 'report-29000000-zzzzz', {
    labels: { app: 'report' },
    owner: ['batch/v1', 'Job', 'report-29000000'],
    ip: '10.244.11.5',
    node: 'n1',
    phase: 'Succeeded',
  }),
  pod('watch', 'prometheus', { ip: '10.244.12.6', node: 'n2' }),
  pod('watch', 'exporter', { owner: ['apps/v1', 'DaemonSet', 'exporter'], ip: '192.168.0.11', node: 'n1', hostNetwork: true }),
  service('shop', 'web', 'web', 80, 'http'),
  service('pay', 'db', 'db', 5432, 5432),
  policy('shop', 'deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }),
  policy('shop', 'web', {
    podSelector: { matchLabels: { app: 'web' } },
    ingress: [
      { from: [{ podSelector: { matchLabels: { app: 'client' } } }], ports: [{ port: 'http' }] },
      { from: [{ namespaceSelector: { matchLabels: { purpose: 'monitoring' } } }] },
      { from: [{ ipBlock: { cidr: '203.0.113.0/24', except: ['203.0.113.128/25'] } }], ports: [{ port: 8080, endPort: 8081 }] },
    ],
    egress: [
      {
        to: [{ namespaceSelector: { matchLabels: { team: 'red' } }, podSelector: { matchLabels: { app: 'db' } } }],
        ports: [{ port: 5432 }],
      },
    ],
    policyTypes: ['Ingress', 'Egress'],
  }),
  policy('shop', 'client', { podSelector: { matchLabels: { app: 'client' } }, egress: [{}], policyTypes: ['Egress'] }),
  policy('pay', 'db', {
    podSelector: { matchLabels: { app: 'db' } },
    ingress: [
      {
        from: [{ namespaceSelector: { matchLabels: { team: 'blue' } }, podSelector: { matchLabels: { app: 'web' } } }],
        ports: [{ port: 5432 }],
      },
    ],
  }),
];
