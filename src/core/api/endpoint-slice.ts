import { type Protocol, protocols } from '../net/protocol.ts';
import { canonical, checkIp } from './addresses.ts';
import type { Faults } from './faults.ts';
import type { Kind, Surroundings } from './kind.ts';
import { identify, metadata, validateIdentity } from './metadata.ts';
import { checkPortNumber, checkSubdomain } from './names.ts';
import { boolean, int32, list, partial, type ReadOf, string } from './reader.ts';
import type { EndpointSlice } from './types.ts';

/** What this program reads of an EndpointSlice. Source: EndpointSlice in discovery/v1. */
const reader = partial({
  metadata,
  addressType: string,
  endpoints: list(partial({ addresses: list(string), conditions: partial({ ready: boolean }) })),
  ports: list(partial({ name: string, protocol: string, port: int32 })),
});

type WrittenSlice = ReadOf<typeof reader>;

const naming = { name: checkSubdomain, namespaced: true };
const addressTypes: readonly string[] = ['IPv4', 'IPv6', 'FQDN'];

/** The Service that a slice belongs to. Source: the well-known labels of Kubernetes. */
const serviceLabel = 'kubernetes.io/service-name';

/** What is checked of an EndpointSlice: the fields that are read. Source: ValidateEndpointSlice in Kubernetes. */
function validate(written: WrittenSlice, { defaultNamespace }: Surroundings, faults: Faults): void {
  validateIdentity(written.metadata ?? {}, naming, defaultNamespace, faults);
  const { addressType = '', endpoints = [], ports = [] } = written;
  if (addressType === '') faults.required(['addressType'], '');
  else if (!addressTypes.includes(addressType)) faults.notSupported(['addressType'], addressType, addressTypes);
  for (const [index, { addresses = [] }] of endpoints.entries())
    for (const [place, text] of addresses.entries())
      if (addressType !== 'FQDN') faults.invalidEach(['endpoints', index, 'addresses', place], text, checkIp(text));
  for (const [index, { protocol, port }] of ports.entries()) {
    if (protocol && !(protocols as readonly string[]).includes(protocol))
      faults.notSupported(['ports', index, 'protocol'], protocol, protocols);
    if (port !== undefined) faults.invalidEach(['ports', index, 'port'], port, checkPortNumber(port));
  }
}

/** The valid slice: without names of hosts, and without endpoints that are not ready and so get no connections. */
function build(written: WrittenSlice, { defaultNamespace, place }: Surroundings): EndpointSlice {
  const { metadata: meta = {}, addressType, endpoints = [], ports = [] } = written;
  const { name, namespace = '' } = identify(meta, naming, defaultNamespace);
  const source = place([]);
  const ready = addressType === 'FQDN' ? [] : endpoints.filter(({ conditions }) => conditions?.ready !== false);
  return {
    kind: 'EndpointSlice',
    name,
    namespace,
    service: meta.labels?.[serviceLabel] ?? '',
    addresses: ready.flatMap(({ addresses = [] }) => addresses.slice(0, 1).map(canonical)),
    ports: ports.flatMap(({ name: portName = '', protocol, port }) =>
      port === undefined ? [] : [{ name: portName, protocol: (protocol || 'TCP') as Protocol, port }],
    ),
    ...(source && { source }),
  };
}

export const endpointSliceKind: Kind<WrittenSlice, EndpointSlice> = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  reader,
  validate,
  build,
};
