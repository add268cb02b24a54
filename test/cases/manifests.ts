import type { RawCluster, RawContainerPort, RawNamespace, RawNode, RawPod } from '../reference/raw.ts';

/** The Kubernetes objects of a raw cluster, as an API server would give them: namespaces, nodes, pods, policies. */
export function manifestsOf({ namespaces, nodes, pods, policies }: RawCluster): object[] {
  return [...namespaces.map(namespaceManifest), ...(nodes ?? []).map(nodeManifest), ...pods.map(podManifest), ...policies];
}

function namespaceManifest({ name, labels, annotations }: RawNamespace): object {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { ...labels }, ...(annotations && { annotations }) } };
}

function nodeManifest({ name, ips, labels }: RawNode): object {
  const addresses = [...ips.map((address) => ({ type: 'InternalIP', address })), { type: 'Hostname', address: name }];
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { ...labels } }, status: { addresses } };
}

function podManifest(pod: RawPod): object {
  const { ns, name, labels, ips, containerPorts = [], hostNetwork, node, phase, deletionTimestamp, owner } = pod;
  const [sidecars, regular] = [containerPorts.filter(({ sidecar }) => sidecar), containerPorts.filter(({ sidecar }) => !sidecar)];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace: ns,
      name,
      labels: { ...labels },
      ...(deletionTimestamp && { deletionTimestamp }),
      ...(owner && { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: owner, uid: owner, controller: true }] }),
    },
    spec: {
      containers: regular.length === 0 ? [{ name: 'main', image: 'none' }] : containersOf(regular),
      ...(sidecars.length > 0 && {
        initContainers: containersOf(sidecars).map((container) => ({ ...container, restartPolicy: 'Always' })),
      }),
      ...(hostNetwork && { hostNetwork }),
      ...(node && { nodeName: node }),
    },
    status: { phase: phase ?? 'Running', podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) },
  };
}

function containersOf(ports: readonly RawContainerPort[]): object[] {
  const names = [...new Set(ports.map(({ container }) => container ?? 'main'))];
  return names.map((name) => ({
    name,
    image: 'none',
    ports: ports
      .filter((port) => (port.container ?? 'main') === name)
      .map((port) => ({ ...(port.name && { name: port.name }), containerPort: port.containerPort, protocol: port.protocol ?? 'TCP' })),
  }));
}
