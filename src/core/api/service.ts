import { type Protocol, protocols } from '../net/protocol.ts';
import { canonical, checkIp } from './addresses.ts';
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
    externalTrafficPolicy: string,
    ports: list(partial({ name: string, protocol: string, port: int32, targetPort: intOrString, nodePort: int32 })),
  }),
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

/** What is checked of a Service: the fields that are read. Source: ValidateService in Kubernetes. */
function validate(written: WrittenService, { defaultNamespace }: Surroundings, faults: Faults): void {
  validateIdentity(written.metadata ?? {}, naming, defaultNamespace, faults);
  const { spec = {} } = written;
  if (spec.type && !types.includes(spec.type)) faults.notSupported(['spec', 'type'], spec.type, types);
  if (spec.externalTrafficPolicy && !trafficPolicies.includes(spec.externalTrafficPolicy))
    faults.notSupported(['spec', 'externalTrafficPolicy'], spec.externalTrafficPolicy, trafficPolicies);
  if (spec.selector) validateLabels(spec.selector, ['spec', 'selector'], faults);
  const fromList = (spec.clusterIPs ?? []).length > 0;
  for (const [index, text] of clusterIpsOf(spec).entries())
    faults.invalidEach(fromList ? ['spec', 'clusterIPs', index] : ['spec', 'clusterIP'], text, checkIp(text));
  for (const [index, port] of (spec.ports ?? []).entries()) validatePort(port, ['spec', 'ports', index], faults);
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
function build({ metadata: meta = {}, spec = {} }: WrittenService, { defaultNamespace, place }: Surroundings): Service {
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
    ports: (spec.ports ?? []).map(portOf),
    externalTrafficPolicy: (spec.externalTrafficPolicy || 'Cluster') as Service['externalTrafficPolicy'],
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
