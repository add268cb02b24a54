import { type Protocol, protocols } from '../net/protocol.ts';
import { canonical, checkIp } from './addresses.ts';
import type { FieldPath } from './diagnostic.ts';
import type { Faults } from './faults.ts';
import type { Kind, Surroundings } from './kind.ts';
import { controllerOf, identify, metadata, validateIdentity } from './metadata.ts';
import { checkPortName, checkPortNumber, checkSubdomain } from './names.ts';
import type { Pool } from './pool.ts';
import { boolean, int32, list, partial, type ReadOf, string } from './reader.ts';
import type { ContainerPort, Pod } from './types.ts';

const container = partial({
  restartPolicy: string,
  ports: list(partial({ name: string, containerPort: int32, protocol: string })),
});

/** What this program reads of a pod's specification. Source: PodSpec in core/v1. */
export const podSpecFields = { nodeName: string, hostNetwork: boolean, containers: list(container), initContainers: list(container) };

const podSpec = partial(podSpecFields);

/** What this program reads of a Pod. Source: Pod in core/v1. */
const reader = partial({
  metadata,
  spec: podSpec,
  status: partial({ phase: string, podIP: string, podIPs: list(partial({ ip: string })) }),
});

type WrittenPod = ReadOf<typeof reader>;
type WrittenPodSpec = ReadOf<typeof podSpec>;
type WrittenContainer = ReadOf<typeof container>;
type WrittenContainerPort = NonNullable<WrittenContainer['ports']>[number];

const naming = { name: checkSubdomain, namespaced: true };
const phases: readonly string[] = ['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'] satisfies Pod['phase'][];

/** What is checked of a Pod: the fields that are read, of a stored one its addresses alone. Source: ValidatePod in Kubernetes. */
function validate(written: WrittenPod, { defaultNamespace, isStored }: Surroundings, faults: Faults): void {
  if (!isStored) {
    validateIdentity(written.metadata ?? {}, naming, defaultNamespace, faults);
    validatePodSpec(written.spec ?? {}, ['spec'], faults);
    const { phase } = written.status ?? {};
    if (phase && !phases.includes(phase)) faults.notSupported(['status', 'phase'], phase, phases);
  }
  validateAddresses(written, faults);
}

const addressesOf = ({ status: { podIP, podIPs = [] } = {} }: WrittenPod): readonly string[] =>
  podIPs.length > 0 ? podIPs.map(({ ip = '' }) => ip) : podIP ? [podIP] : [];

function validateAddresses(written: WrittenPod, faults: Faults): void {
  const fromList = (written.status?.podIPs ?? []).length > 0;
  const families = new Set<boolean>();
  for (const [index, text] of addressesOf(written).entries()) {
    const path = fromList ? ['status', 'podIPs', index, 'ip'] : ['status', 'podIP'];
    const complaints = checkIp(text);
    faults.invalidEach(path, text, complaints);
    if (complaints.length > 0) continue;
    const isSix = canonical(text).includes(':');
    if (families.has(isSix)) faults.invalid(path, text, 'may specify no more than one IP for each IP family');
    families.add(isSix);
  }
}

/** What is checked of a pod's specification: its containers' ports. */
export function validatePodSpec(spec: WrittenPodSpec, path: FieldPath, faults: Faults): void {
  for (const field of ['containers', 'initContainers'] as const)
    for (const [index, { ports = [] }] of (spec[field] ?? []).entries())
      if (ports.length > 0) validatePorts(ports, [...path, field, index, 'ports'], faults);
}

/** Source: validateContainerPorts in Kubernetes. */
function validatePorts(ports: readonly WrittenContainerPort[], path: FieldPath, faults: Faults): void {
  const names = new Set<string>();
  for (const [index, { name, containerPort, protocol }] of ports.entries()) {
    if (name) {
      faults.invalidEach([...path, index, 'name'], name, checkPortName(name));
      if (names.has(name)) faults.duplicate([...path, index, 'name'], name);
      names.add(name);
    }
    if (!containerPort) faults.required([...path, index, 'containerPort']);
    else faults.invalidEach([...path, index, 'containerPort'], containerPort, checkPortNumber(containerPort));
    if (protocol && !(protocols as readonly string[]).includes(protocol))
      faults.notSupported([...path, index, 'protocol'], protocol, protocols);
  }
}

/** The ports that a valid specification declares: of containers first, then of sidecars. Init containers that end declare none. */
export function portsOf({ containers = [], initContainers = [] }: WrittenPodSpec, pool: Pool): readonly ContainerPort[] {
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always');
  const declared = [
    ...containers.flatMap(({ ports = [] }) => ports.map(portOf)),
    ...sidecars.flatMap(({ ports = [] }) => ports.map((port): ContainerPort => ({ ...portOf(port), sidecar: true }))),
  ];
  return pool.ports(declared);
}

const portOf = ({ name, protocol, containerPort = 0 }: WrittenContainerPort): ContainerPort => ({
  ...(name && { name }),
  protocol: (protocol || 'TCP') as Protocol,
  port: containerPort,
});

/** The valid pod. One without a status stands for a running pod. */
function build(written: WrittenPod, { defaultNamespace, pool, place, isStored }: Surroundings): Pod {
  const { metadata: meta = {}, spec = {}, status = {} } = written;
  const { name, namespace = '' } = identify(meta, naming, defaultNamespace);
  const owner = controllerOf(meta);
  const source = place([]);
  const addresses = addressesOf(written).map(canonical);
  return {
    kind: 'Pod',
    name,
    namespace,
    labels: pool.labels(meta.labels ?? {}),
    addresses,
    ...(isStored && addresses.length === 0 && meta.uid && { uid: meta.uid }),
    assumedAddress: false,
    ...(spec.nodeName && { node: spec.nodeName }),
    hostNetwork: spec.hostNetwork ?? false,
    phase: (status.phase || 'Running') as Pod['phase'],
    terminating: meta.deletionTimestamp !== undefined,
    ports: portsOf(spec, pool),
    ...(owner && { owner: pool.owner(owner) }),
    ...(source && { source }),
  };
}

export const podKind: Kind<WrittenPod, Pod> = { apiVersion: 'v1', kind: 'Pod', reader, validate, build };
