import { describe, expect, it } from 'vitest';
import { formatCidrs } from '../net/address-set.ts';
import { defaultChoices } from './choices.ts';
import { decodeObject } from './decode.ts';
import type { Diagnostic } from './diagnostic.ts';
import { Pool } from './pool.ts';
import type { NetworkPolicy, Node, Pod, Service } from './types.ts';

const policyWith = (spec: unknown): unknown => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'p', namespace: 'x' },
  spec,
});

const podWith = (more: Record<string, unknown>): unknown => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, ...more });

const textOf = ({ path, message }: Diagnostic): string => `${path}: ${message}`;

const faultsOf = (value: unknown): string[] => decodeObject(value).diagnostics.map(textOf);

function only<T>(value: unknown): T {
  const { objects, diagnostics } = decodeObject(value);
  expect(diagnostics).toEqual([]);
  expect(objects).toHaveLength(1);
  return objects[0] as T;
}

describe('NetworkPolicy', () => {
  it('speaks as the API server does', () => {
    expect(
      faultsOf(policyWith({ ingress: [{ ports: [{ port: 70000 }, { port: 80, endPort: 79 }, { protocol: 'tcp' }], from: [{}] }] })),
    ).toEqual([
      'spec.ingress[0].ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive',
      'spec.ingress[0].ports[1].endPort: Invalid value: 80: must be greater than or equal to `port`',
      'spec.ingress[0].ports[2].protocol: Unsupported value: "tcp": supported values: "TCP", "UDP", "SCTP"',
      'spec.ingress[0].from[0]: Required value: must specify a peer',
    ]);
  });

  it('fills defaults and keeps rules of policed directions only', () => {
    const policy = only<NetworkPolicy>(policyWith({ policyTypes: ['Egress'], ingress: [{}], egress: [{ ports: [{}], to: [] }, null] }));
    expect(policy.ingress).toBeUndefined();
    expect(policy.egress).toEqual([{ ports: [{ kind: 'every', protocol: 'TCP' }] }, {}]);
    expect(policy.subject.key).toBe('');
  });

  it('tells a null selector from an empty one', () => {
    const { ingress } = only<NetworkPolicy>(
      policyWith({
        ingress: [{ from: [{ podSelector: { matchLabels: { a: 'b' } }, namespaceSelector: null }, { namespaceSelector: {} }] }],
      }),
    );
    const [own, everywhere] = ingress![0]!.peers!;
    expect(own).not.toHaveProperty('namespaces');
    expect(everywhere).toMatchObject({ kind: 'pods', namespaces: { requirements: [] }, pods: { requirements: [] } });
  });

  it('subtracts exceptions from blocks and spells them canonically', () => {
    const { egress } = only<NetworkPolicy>(
      policyWith({ egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/31', except: ['10.0.0.1/32'] } }] }] }),
    );
    expect(egress![0]!.peers![0]).toEqual({
      kind: 'block',
      cidr: '10.0.0.0/31',
      except: ['10.0.0.1/32'],
      addresses: { 4: [[0x0a000000n, 0x0a000000n]], 6: [] },
    });
  });

  it('takes unknown fields for errors, or for warnings if told so, and suggests what was meant', () => {
    const value = policyWith({ podselector: { matchLabels: { a: 'b' } } });
    const message = 'unknown field "spec.podselector" (did you mean "podSelector"?)';
    expect(decodeObject(value)).toMatchObject({ objects: [], diagnostics: [{ type: 'Strict', severity: 'error', message }] });
    const lenient = decodeObject(value, { choices: { ...defaultChoices, 'unknown-fields': 'warn' } });
    expect(lenient).toMatchObject({ objects: [{ subject: { key: '' } }], diagnostics: [{ severity: 'warning', message }] });
  });

  it('reports what can not be read, and nothing else then', () => {
    expect(
      faultsOf(
        policyWith({
          podSelector: { matchLabels: { a: true } },
          policyTypes: 'Ingress',
          egress: [{ ports: [{ port: 80.5, endPort: '9' }] }],
        }),
      ),
    ).toEqual([
      'spec.podSelector.matchLabels.a: cannot unmarshal bool into a field of type string (in YAML unquoted y, yes, on, n, no and off are booleans too)',
      'spec.policyTypes: cannot unmarshal string into a field of type array',
      'spec.egress[0].ports[0].port: cannot unmarshal number 80.5 into a field of type int32',
      'spec.egress[0].ports[0].endPort: cannot unmarshal string into a field of type int32',
    ]);
  });

  it('takes no other text for a time', () => {
    const policy = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'p', creationTimestamp: '2026-01-01' } };
    expect(faultsOf(policy)).toEqual(['metadata.creationTimestamp: parsing time "2026-01-01" as RFC 3339 failed']);
    expect(
      only<NetworkPolicy>({ ...policy, metadata: { name: 'p', creationTimestamp: '2026-01-01T00:00:00Z', generation: 7 } }).generation,
    ).toBe(7);
  });

  it('does not lose a label that is called __proto__', () => {
    expect(faultsOf(policyWith({ podSelector: { matchLabels: JSON.parse('{"__proto__": "x"}') } }))).toHaveLength(1);
  });

  it('rejects host bits under the choice cidr-host-bits=reject', () => {
    const value = policyWith({ egress: [{ to: [{ ipBlock: { cidr: '10.1.2.3/8' } }] }] });
    expect(decodeObject(value).objects).toHaveLength(1);
    expect(decodeObject(value, { choices: { ...defaultChoices, 'cidr-host-bits': 'reject' } }).objects).toHaveLength(0);
  });
});

describe('Pod', () => {
  it('is read with its defaults', () => {
    expect(only<Pod>(podWith({ spec: { containers: [{ ports: [{ containerPort: 80, name: 'web' }] }] } }))).toEqual({
      kind: 'Pod',
      namespace: 'default',
      name: 'a',
      labels: {},
      addresses: [],
      assumedAddress: false,
      hostNetwork: false,
      phase: 'Running',
      terminating: false,
      ports: [{ name: 'web', protocol: 'TCP', port: 80 }],
    });
  });

  it('prefers podIPs, spells addresses canonically and knows a terminating pod', () => {
    const pod = only<Pod>({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a', namespace: 'x', deletionTimestamp: '2026-01-01T00:00:00Z' },
      spec: { nodeName: 'n', hostNetwork: true },
      status: { phase: 'Pending', podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.2' }, { ip: 'FD00:0::1' }] },
    });
    expect(pod).toMatchObject({ addresses: ['10.0.0.2', 'fd00::1'], terminating: true, phase: 'Pending', node: 'n', hostNetwork: true });
    expect(only<Pod>(podWith({ status: { podIP: '10.0.0.1' } })).addresses).toEqual(['10.0.0.1']);
  });

  it('counts ports of sidecars, not those of init containers that end', () => {
    const { ports } = only<Pod>(
      podWith({
        spec: {
          initContainers: [{ ports: [{ containerPort: 1 }] }, { restartPolicy: 'Always', ports: [{ containerPort: 2, protocol: 'UDP' }] }],
          containers: [{ ports: [{ containerPort: 3 }] }],
        },
      }),
    );
    expect(ports).toEqual([
      { protocol: 'TCP', port: 3 },
      { protocol: 'UDP', port: 2, sidecar: true },
    ]);
  });

  it('belongs to the Deployment of its ReplicaSet', () => {
    const owned = (kind: string, name: string, labels: Record<string, string>): unknown => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'a',
        labels,
        ownerReferences: [
          { kind: 'Other', name: 'o' },
          { kind, name, controller: true },
        ],
      },
    });
    expect(only<Pod>(owned('ReplicaSet', 'web-5d', { 'pod-template-hash': '5d' })).owner).toEqual({ kind: 'Deployment', name: 'web' });
    expect(only<Pod>(owned('ReplicaSet', 'web-5d', {})).owner).toEqual({ kind: 'ReplicaSet', name: 'web-5d' });
    expect(only<Pod>(owned('DaemonSet', 'agent', {})).owner).toEqual({ kind: 'DaemonSet', name: 'agent' });
  });

  it('is refused with faulty addresses, ports or labels', () => {
    const value = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'A', labels: { a: '-' } },
      spec: { containers: [{ ports: [{ name: 'x' }, { name: 'x', containerPort: 99999, protocol: 'tcp' }] }] },
      status: { phase: 'Gone', podIPs: [{ ip: '10.0.0.01' }, { ip: 'x' }, { ip: '::1' }, { ip: '::2' }] },
    };
    expect(faultsOf(value).map((fault) => fault.split(' (e.g.')[0]!)).toEqual([
      "metadata.name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
      "metadata.labels: Invalid value: \"-\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
      'spec.containers[0].ports[0].containerPort: Required value',
      'spec.containers[0].ports[1].name: Duplicate value: "x"',
      'spec.containers[0].ports[1].containerPort: Invalid value: 99999: must be between 1 and 65535, inclusive',
      'spec.containers[0].ports[1].protocol: Unsupported value: "tcp": supported values: "TCP", "UDP", "SCTP"',
      'status.phase: Unsupported value: "Gone": supported values: "Pending", "Running", "Succeeded", "Failed", "Unknown"',
      'status.podIPs[0].ip: Invalid value: "10.0.0.01": must not have leading 0s',
      'status.podIPs[1].ip: Invalid value: "x": must be a valid IP address,',
      'status.podIPs[3].ip: Invalid value: "::2": may specify no more than one IP for each IP family',
    ]);
  });

  it('shares equal labels and ports within a pool', () => {
    const pool = new Pool();
    const spec = { containers: [{ ports: [{ containerPort: 80 }] }] };
    const [first, second] = ['a', 'b'].map(
      (name) =>
        decodeObject({ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: 'web' } }, spec }, { pool }).objects[0] as Pod,
    );
    expect(first!.labels).toBe(second!.labels);
    expect(first!.ports).toBe(second!.ports);
  });
});

describe('Namespace, Node and Service', () => {
  it('sets the name label of a namespace, whatever was written', () => {
    const metadata = { name: 'z', labels: { 'kubernetes.io/metadata.name': 'y', a: 'b' } };
    expect(only({ apiVersion: 'v1', kind: 'Namespace', metadata, status: { phase: 'Terminating' } })).toEqual({
      kind: 'Namespace',
      name: 'z',
      labels: { 'kubernetes.io/metadata.name': 'z', a: 'b' },
      terminating: true,
    });
    expect(faultsOf({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a.b' } })).toEqual([
      'metadata.name: Invalid value: "a.b": must not contain dots',
    ]);
  });

  it('reads the internal and external addresses of a node', () => {
    const addresses = [
      { type: 'Hostname', address: 'n' },
      { type: 'InternalIP', address: '192.168.0.1' },
      { type: 'ExternalIP', address: 'FD00::1' },
      { type: 'InternalIP', address: '192.168.0.1' },
    ];
    const value = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' }, spec: { podCIDR: '10.1.0.0/24' }, status: { addresses } };
    expect(only<Node>(value)).toMatchObject({ addresses: ['192.168.0.1', 'fd00::1'], podCidrs: ['10.1.0.0/24'], labels: {} });
    expect(
      faultsOf({ ...value, spec: { podCIDRs: ['10.1.0.0'] }, status: { addresses: [{ type: 'InternalIP', address: 'n' }] } }),
    ).toHaveLength(2);
  });

  it('reads where a Service leads', () => {
    const ports = [{ port: 80 }, { port: 81, targetPort: 'web', nodePort: 30000, protocol: 'UDP', name: 'x' }];
    const value = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's' },
      spec: { selector: { a: 'b' }, clusterIP: '10.96.0.1', ports },
    };
    expect(only<Service>(value)).toEqual({
      kind: 'Service',
      name: 's',
      namespace: 'default',
      type: 'ClusterIP',
      selector: { a: 'b' },
      clusterIps: ['10.96.0.1'],
      headless: false,
      loadBalancerIps: [],
      externalIps: [],
      externalTrafficPolicy: 'Cluster',
      internalTrafficPolicy: 'Cluster',
      ports: [
        { protocol: 'TCP', port: 80, targetPort: 80 },
        { name: 'x', protocol: 'UDP', port: 81, targetPort: 'web', nodePort: 30000 },
      ],
    });
    const headless = { apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec: { clusterIP: 'None', selector: {} } };
    expect(only<Service>(headless)).toMatchObject({ clusterIps: [], headless: true });
    expect(only<Service>(headless).selector).toBeUndefined();
  });

  it('reads from where a load balancer takes connections', () => {
    const balanced = (...ranges: string[]) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's' },
      spec: { type: 'LoadBalancer', loadBalancerSourceRanges: ranges },
    });
    expect(formatCidrs(only<Service>(balanced(' 10.0.0.1/8 ', 'fd00::/8')).sourceRanges!)).toEqual(['10.0.0.0/8', 'fd00::/8']);
    expect(only<Service>(balanced()).sourceRanges).toBeUndefined();
    // As kube-apiserver says it.
    const complaint = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';
    expect(faultsOf(balanced('10.0.0.0', 'fd00::/8', ''))).toEqual([
      `spec.loadBalancerSourceRanges[0]: Invalid value: "10.0.0.0": ${complaint}`,
      `spec.loadBalancerSourceRanges[2]: Invalid value: "": ${complaint}`,
    ]);
    expect(faultsOf({ ...balanced(), spec: { loadBalancerSourceRanges: ['10.0.0.0/8'] } })).toEqual([
      "spec.loadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
    ]);
  });

  it('does not look at fields that mean nothing here', () => {
    expect(only<Pod>(podWith({ spec: { volumes: 5, containers: [{ image: 7 }] }, extra: true })).name).toBe('a');
  });
});

describe('lists and other kinds', () => {
  it('reads lists, with the kind of the list for items that have none, and places within them', () => {
    const places: string[] = [];
    const value = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicyList',
      items: [{ metadata: { name: 'p' } }, { metadata: { name: 'Q' } }],
    };
    const { objects, diagnostics, recognized } = decodeObject(value, {
      defaultNamespace: 'n',
      place: (path) => {
        places.push(path.join('.'));
        return { file: 'f', line: path.length, column: 1 };
      },
    });
    expect(objects).toMatchObject([{ kind: 'NetworkPolicy', name: 'p', namespace: 'n', source: { line: 2 } }]);
    expect(diagnostics).toMatchObject([{ path: 'metadata.name', object: 'NetworkPolicy n/Q', source: { line: 4 } }]);
    expect(places).toContain('items.1.metadata.name');
    expect(recognized).toBe(true);
  });

  it('reads a List of anything and says what it does not know', () => {
    const items = [podWith({}), { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } }, null, { kind: 'Pod' }];
    const { objects, unknown, diagnostics, recognized } = decodeObject({ apiVersion: 'v1', kind: 'List', items });
    expect(objects).toHaveLength(1);
    expect(diagnostics).toEqual([]);
    expect(recognized).toBe(false);
    expect(unknown.map(({ code, object }) => `${code} ${object}`)).toEqual([
      'unknown-kind ConfigMap default/c',
      'unknown-kind object',
      'unknown-kind Pod',
    ]);
    expect(decodeObject({ apiVersion: 'v1', kind: 'List', items: {} }).diagnostics).toMatchObject([{ type: 'Decode', path: 'items' }]);
    expect(decodeObject({ apiVersion: 'v1', kind: 'ConfigMapList', items: [] }).recognized).toBe(false);
  });

  it.each([
    ['policy.networking.k8s.io/v1', 'ClusterNetworkPolicy'],
    ['policy.networking.k8s.io/v1alpha1', 'AdminNetworkPolicy'],
    ['policy.networking.k8s.io/v1alpha1', 'BaselineAdminNetworkPolicy'],
    ['extensions/v1beta1', 'NetworkPolicy'],
    ['networking.k8s.io/v1', 'networkpolicy'],
    ['v1', 'NetworkPolicy'],
    ['', 'NetworkPolicy'],
  ])('never leaves out %s %s in silence', (apiVersion, kind) => {
    const decoded = decodeObject({ apiVersion, kind, metadata: { name: 'p' } });
    expect(decoded).toMatchObject({ objects: [], unknown: [], diagnostics: [{ code: 'unsupported-kind', severity: 'error' }] });
  });

  it.each([
    ['cilium.io/v2', 'CiliumNetworkPolicy', 'foreign-policy'],
    ['projectcalico.org/v3', 'NetworkPolicy', 'foreign-policy'],
    ['cilium.io/v2', 'CiliumNode', 'unknown-kind'],
    ['constructor/v1', 'CiliumNetworkPolicy', 'unknown-kind'],
    ['v1', 'Secret', 'unknown-kind'],
  ])('tells %s %s from kinds that decide nothing', (apiVersion, kind, code) => {
    expect(decodeObject({ apiVersion, kind, metadata: { name: 'p' } })).toMatchObject({
      objects: [],
      diagnostics: [],
      unknown: [{ code }],
    });
  });

  it('leaves policies of other vendors to them', () => {
    expect(decodeObject({ apiVersion: 'projectcalico.org/v3', kind: 'NetworkPolicy' })).toMatchObject({
      diagnostics: [],
      recognized: false,
    });
  });
});
