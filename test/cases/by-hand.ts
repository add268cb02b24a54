// Stands in for the door until src/core/api/decode.ts is there; raw clusters are valid, so nothing is validated here.
import type { KubernetesObject, Node, Pod, PortMatch, Rule } from '#core/api/types.ts';
import { type Requirement, selector } from '#core/label/selector.ts';
import { addressesOf, subtractAddresses } from '#core/net/address-set.ts';
import { parseCidr } from '#core/net/cidr.ts';
import { canonicalIp } from '#core/net/ip.ts';
import type { Protocol } from '#core/net/protocol.ts';
import type { RawCluster, RawPod, RawPolicy } from '../reference/raw.ts';

// biome-ignore lint/suspicious/noExplicitAny: see above
type Any = any;

export function decodeByHand(cluster: RawCluster): KubernetesObject[] {
  return [
    ...cluster.namespaces.map(
      ({ name, labels }): KubernetesObject => ({
        kind: 'Namespace',
        name,
        labels: { ...labels, 'kubernetes.io/metadata.name': name },
        terminating: false,
      }),
    ),
    ...(cluster.nodes ?? []).map(
      ({ name, ips, labels }): Node => ({
        kind: 'Node',
        name,
        labels: labels ?? {},
        addresses: ips.map((ip) => canonicalIp(ip)!),
        podCidrs: [],
      }),
    ),
    ...cluster.pods.map(podOf),
    ...cluster.policies.flatMap(policyOf),
  ];
}

function podOf(pod: RawPod): Pod {
  const ports = [...(pod.containerPorts ?? [])].sort((a, b) => Number(a.sidecar ?? false) - Number(b.sidecar ?? false));
  return {
    kind: 'Pod',
    namespace: pod.ns,
    name: pod.name,
    labels: pod.labels ?? {},
    addresses: pod.ips.map((ip) => canonicalIp(ip)!),
    assumedAddress: false,
    ...(pod.node && { node: pod.node }),
    hostNetwork: pod.hostNetwork ?? false,
    phase: (pod.phase ?? 'Running') as Pod['phase'],
    terminating: pod.deletionTimestamp !== undefined,
    ports: ports.map((port) => ({
      ...(port.name && { name: port.name }),
      protocol: (port.protocol ?? 'TCP') as Protocol,
      port: port.containerPort,
      ...(port.sidecar && { sidecar: true as const }),
    })),
  };
}

function selectorOf(written: Any) {
  const requirements: Requirement[] = [
    ...Object.entries(written?.matchLabels ?? {}).map(([key, value]) => ({
      key,
      operator: 'In' as const,
      values: [(value as string) ?? ''],
    })),
    ...(written?.matchExpressions ?? []).map(({ key, operator, values }: Any) =>
      operator === 'In' || operator === 'NotIn' ? { key, operator, values } : { key, operator },
    ),
  ];
  return selector(requirements);
}

function policyOf(policy: RawPolicy): KubernetesObject[] {
  if (policy.kind !== 'NetworkPolicy') return [];
  const spec: Any = policy.spec ?? {};
  const types: string[] = spec.policyTypes?.length > 0 ? spec.policyTypes : spec.egress?.length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
  return [
    {
      kind: 'NetworkPolicy',
      namespace: policy.metadata.namespace ?? 'default',
      name: policy.metadata.name,
      subject: selectorOf(spec.podSelector),
      ...(types.includes('Ingress') && { ingress: (spec.ingress ?? []).map((rule: Any) => ruleOf(rule?.from, rule?.ports)) }),
      ...(types.includes('Egress') && { egress: (spec.egress ?? []).map((rule: Any) => ruleOf(rule?.to, rule?.ports)) }),
    },
  ];
}

function ruleOf(peers: Any[] | undefined, ports: Any[] | undefined): Rule {
  return {
    ...(peers && peers.length > 0 && { peers: peers.map(peerOf) }),
    ...(ports && ports.length > 0 && { ports: ports.map((port) => portOf(port ?? {})) }),
  };
}

function peerOf(peer: Any): NonNullable<Rule['peers']>[number] {
  if (peer.ipBlock) {
    const { cidr, except } = peer.ipBlock;
    const block = (text: string) => addressesOf([parseCidr(text)!.cidr]);
    const addresses = (except ?? []).reduce((set: Any, text: string) => subtractAddresses(set, block(text)), block(cidr));
    return { kind: 'block', cidr, except: except ?? [], addresses };
  }
  return {
    kind: 'pods',
    ...(peer.namespaceSelector && { namespaces: selectorOf(peer.namespaceSelector) }),
    pods: selectorOf(peer.podSelector),
  };
}

function portOf({ protocol: written, port, endPort }: Any): PortMatch {
  const protocol = written ?? 'TCP';
  if (port === undefined || port === null) return { kind: 'every', protocol };
  if (typeof port === 'string') return { kind: 'named', protocol, name: port };
  return { kind: 'range', protocol, first: port, last: endPort ?? port };
}
