import { formatCidr, parseCidr } from '../net/cidr.ts';
import { canonical, checkCidr, checkIp } from './addresses.ts';
import type { Faults } from './faults.ts';
import type { Kind, Surroundings } from './kind.ts';
import { metadata, validateIdentity } from './metadata.ts';
import { checkSubdomain } from './names.ts';
import { list, partial, type ReadOf, string } from './reader.ts';
import type { Node } from './types.ts';

/** What this program reads of a Node. Source: Node in core/v1. */
const reader = partial({
  metadata,
  spec: partial({ podCIDR: string, podCIDRs: list(string) }),
  status: partial({ addresses: list(partial({ type: string, address: string })) }),
});

type WrittenNode = ReadOf<typeof reader>;

const naming = { name: checkSubdomain, namespaced: false };

/** The node's addresses with their places in the list; names of the node (`Hostname`, `InternalDNS`) are none. */
const addressesOf = ({ status = {} }: WrittenNode): { text: string; index: number }[] =>
  (status.addresses ?? [])
    .map(({ type, address = '' }, index) => ({ text: address, index, type }))
    .filter(({ type }) => type === 'InternalIP' || type === 'ExternalIP');

const podCidrsOf = ({ spec: { podCIDR, podCIDRs = [] } = {} }: WrittenNode): readonly string[] =>
  podCIDRs.length > 0 ? podCIDRs : podCIDR ? [podCIDR] : [];

/** What is checked of a Node: its name, addresses and pod ranges. */
function validate(written: WrittenNode, _: Surroundings, faults: Faults): void {
  validateIdentity(written.metadata ?? {}, naming, '', faults);
  for (const { text, index } of addressesOf(written)) faults.invalidEach(['status', 'addresses', index, 'address'], text, checkIp(text));
  const fromList = (written.spec?.podCIDRs ?? []).length > 0;
  for (const [index, text] of podCidrsOf(written).entries())
    faults.invalidEach(fromList ? ['spec', 'podCIDRs', index] : ['spec', 'podCIDR'], text, checkCidr(text));
}

/** The valid node. */
function build(written: WrittenNode, { place }: Surroundings): Node {
  const { metadata: meta = {} } = written;
  const source = place([]);
  return {
    kind: 'Node',
    name: meta.name ?? '',
    labels: meta.labels ?? {},
    addresses: [...new Set(addressesOf(written).map(({ text }) => canonical(text)))],
    podCidrs: podCidrsOf(written).map((text) => formatCidr(parseCidr(text)!.cidr)),
    ...(source && { source }),
  };
}

export const nodeKind: Kind<WrittenNode, Node> = { apiVersion: 'v1', kind: 'Node', reader, validate, build };
