import { addressesOf } from '../net/address-set.ts';
import { parseCidr } from '../net/cidr.ts';
import { type Protocol, protocols } from '../net/protocol.ts';
import { canonical, checkCidr, checkIp } from './addresses.ts';
import type { FieldPath } from './diagnostic.ts';
import type { Faults } from './faults.ts';
import type { Kind, Surroundings } from './kind.ts';
import { identify, metadata, validateIdentity, validateLabels } from './metadata.ts';
import { check1035Label, checkPortName, checkPortNumber } from './names.ts';
import { int32, intOrString, list, partial, type ReadOf, string, stringMap } from './reader.ts';
import type { Service, ServicePort } from './types.ts';

/** What this program reads of a Service. Source: Service in core/v1. */
const reader = partial({
  metadata,
  spec: partial({
    type: string,
    selector: stringMap,
    clusterIP: string,
    clusterIPs: list(string),
    externalIPs: list(string),
    externalName: string,
    externalTrafficPolicy: string,
    internalTrafficPolicy: string,
    loadBalancerSourceRanges: list(string),
    ports: list(partial({ name: string, protocol: string, port: int32, targetPort: intOrString, nodePort: int32 })),
  }),
  status: partial({ loadBalancer: partial({ ingress: list(partial({ ip: string })) }) }),
});

type WrittenService = ReadOf<typeof reader>;
type WrittenServiceSpec = NonNullable<WrittenService['spec']>;
type WrittenPort = NonNullable<WrittenServiceSpec['ports']>[number];

const naming = { name: check1035Label, namespaced: true };
const types: readonly string[] = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'] satisfies Service['type'][];
const trafficPolicies: readonly string[] = ['Cluster', 'Local'] satisfies Service['externalTrafficPolicy'][];

/** The addresses of the Service; `None` says that it has none. */
const clusterIpsOf = ({ clusterIP, clusterIPs = [] }: WrittenServiceSpec): readonly string[] =>
  (clusterIPs.length > 0 ? clusterIPs : clusterIP ? [clusterIP] : []).filter((text) => text !== 'None');

/** They were an annotation once, and may still have blanks around them. */
const rangesOf = ({ loadBalancerSourceRanges = [] }: WrittenServiceSpec): readonly string[] =>
  loadBalancerSourceRanges.map((text) => text.trim());

const balancersOf = ({ status }: WrittenService) => status?.loadBalancer?.ingress ?? [];

/** What is checked of a Service: the fields that are read. Source: ValidateService in Kubernetes. */
function validate(written: WrittenService, { defaultNamespace }: Surroundings, faults: Faults): void {
  validateIdentity(written.metadata ?? {}, naming, defaultNamespace, faults);
  const { spec = {} } = written;
  if (spec.type && !types.includes(spec.type)) faults.notSupported(['spec', 'type'], spec.type, types);
  for (const field of ['externalTrafficPolicy', 'internalTrafficPolicy'] as const) {
    const policy = spec[field];
    if (policy && !trafficPolicies.includes(policy)) faults.notSupported(['spec', field], policy, trafficPolicies);
  }
  if (spec.selector) validateLabels(spec.selector, ['spec', 'selector'], faults);
  validateAddresses(written, faults);
  for (const [index, port] of (spec.ports ?? []).entries()) validatePort(port, ['spec', 'ports', index], faults);
}

function validateAddresses(written: WrittenService, faults: Faults): void {
  const { spec = {} } = written;
  const fromList = (spec.clusterIPs ?? []).length > 0;
  for (const [index, text] of clusterIpsOf(spec).entries())
    faults.invalidEach(fromList ? ['spec', 'clusterIPs', index] : ['spec', 'clusterIP'], text, checkIp(text));
  for (const [index, text] of (spec.externalIPs ?? []).entries()) faults.invalidEach(['spec', 'externalIPs', index], text, checkIp(text));
  if (rangesOf(spec).length > 0 && spec.type !== 'LoadBalancer')
    faults.forbidden(['spec', 'loadBalancerSourceRanges'], "may only be used when `type` is 'LoadBalancer'");
  for (const [index, text] of rangesOf(spec).entries())
    faults.invalidEach(['spec', 'loadBalancerSourceRanges', index], text, checkCidr(text));
  for (const [index, { ip }] of balancersOf(written).entries())
    if (ip) faults.invalidEach(['status', 'loadBalancer', 'ingress', index, 'ip'], ip, checkIp(ip));
}

/** Source: validateServicePort in Kubernetes. */
function validatePort({ protocol, port = 0, targetPort, nodePort }: WrittenPort, path: FieldPath, faults: Faults): void {
  if (protocol && !(protocols as readonly string[]).includes(protocol)) faults.notSupported([...path, 'protocol'], protocol, protocols);
  faults.invalidEach([...path, 'port'], port, checkPortNumber(port));
  if (typeof targetPort === 'string')
    faults.invalidEach([...path, 'targetPort'], targetPort, targetPort === '' ? [] : checkPortName(targetPort));
  else if (targetPort) faults.invalidEach([...path, 'targetPort'], targetPort, checkPortNumber(targetPort));
  if (nodePort) faults.invalidEach([...path, 'nodePort'], nodePort, checkPortNumber(nodePort));
}

/** The valid Service. */
function build(written: WrittenService, { defaultNamespace, place }: Surroundings): Service {
  const { metadata: meta = {}, spec = {} } = written;
  const { name, namespace = '' } = identify(meta, naming, defaultNamespace);
  const source = place([]);
  // An empty selector is as good as none: the Service's endpoints are somebody else's to say.
  const hasSelector = spec.selector !== undefined && Object.keys(spec.selector).length > 0;
  return {
    kind: 'Service',
    name,
    namespace,
    type: (spec.type || 'ClusterIP') as Service['type'],
    ...(hasSelector && { selector: spec.selector }),
    clusterIps: clusterIpsOf(spec).map(canonical),
    headless: spec.clusterIP === 'None' || (spec.clusterIPs ?? []).includes('None'),
    loadBalancerIps: balancersOf(written).flatMap(({ ip }) => (ip ? [canonical(ip)] : [])),
    externalIps: (spec.externalIPs ?? []).map(canonical),
    ...(spec.externalName && { externalName: spec.externalName }),
    ports: (spec.ports ?? []).map(portOf),
    externalTrafficPolicy: (spec.externalTrafficPolicy || 'Cluster') as Service['externalTrafficPolicy'],
    internalTrafficPolicy: (spec.internalTrafficPolicy || 'Cluster') as Service['internalTrafficPolicy'],
    ...(rangesOf(spec).length > 0 && { sourceRanges: addressesOf(rangesOf(spec).map((text) => parseCidr(text)!.cidr)) }),
    ...(source && { source }),
  };
}

/** Without targetPort (absent, 0 or empty) a port leads to the same number. Source: SetDefaults_Service in Kubernetes. */
const portOf = ({ name, protocol, port = 0, targetPort, nodePort }: WrittenPort): ServicePort => ({
  ...(name && { name }),
  protocol: (protocol || 'TCP') as Protocol,
  port,
  targetPort: targetPort || port,
  ...(nodePort && { nodePort }),
});

export const serviceKind: Kind<WrittenService, Service> = { apiVersion: 'v1', kind: 'Service', reader, validate, build };
