import { everything } from '../label/selector.ts';
import type { Protocol } from '../net/protocol.ts';
import { protocols } from '../net/protocol.ts';
import { auditOf } from './audit.ts';
import type { FieldPath } from './diagnostic.ts';
import { Faults, nowhere, type Place } from './faults.ts';
import { blockOf, ipBlock, validateBlock, warnOfBlock } from './ip-block.ts';
import type { Kind, Surroundings } from './kind.ts';
import { identify, strictMetadata, validateMetadata } from './metadata.ts';
import { checkPortName, checkPortNumber, checkSubdomain } from './names.ts';
import { int32, intOrString, list, type ReadOf, strict, string } from './reader.ts';
import { labelSelector, selectorOf, validateSelector } from './selector.ts';
import type { Direction, NetworkPolicy, Peer, PortMatch, Rule } from './types.ts';

const port = strict({ protocol: string, port: intOrString, endPort: int32 });
const peer = strict({ podSelector: labelSelector, namespaceSelector: labelSelector, ipBlock });

/** A NetworkPolicy as it is written. Source: networking.k8s.io/v1, semantics.md section 1.1. */
const reader = strict({
  apiVersion: string,
  kind: string,
  metadata: strictMetadata,
  spec: strict({
    podSelector: labelSelector,
    policyTypes: list(string),
    ingress: list(strict({ ports: list(port), from: list(peer) })),
    egress: list(strict({ ports: list(port), to: list(peer) })),
  }),
});

export type WrittenPolicy = ReadOf<typeof reader>;
type WrittenPort = ReadOf<typeof port>;
type WrittenPeer = ReadOf<typeof peer>;

const naming = { name: checkSubdomain, namespaced: true };

/** Both lists of rules of a policy, in the order in which the API server looks at them. */
interface WrittenRules {
  readonly direction: Direction;
  readonly peerField: 'from' | 'to';
  readonly rules: readonly { readonly ports: readonly WrittenPort[]; readonly peers: readonly WrittenPeer[] }[];
}

function rulesOf({ spec = {} }: WrittenPolicy): readonly WrittenRules[] {
  return [
    { direction: 'ingress', peerField: 'from', rules: (spec.ingress ?? []).map(({ ports = [], from = [] }) => ({ ports, peers: from })) },
    { direction: 'egress', peerField: 'to', rules: (spec.egress ?? []).map(({ ports = [], to = [] }) => ({ ports, peers: to })) },
  ];
}

/** Every rule of semantics.md section 1.4, in the API server's order. Source: ValidateNetworkPolicy in Kubernetes. */
function validate(policy: WrittenPolicy, options: Surroundings, faults: Faults): void {
  validateMetadata(policy.metadata ?? {}, naming, options.defaultNamespace, faults);
  validateSelector(policy.spec?.podSelector ?? {}, ['spec', 'podSelector'], options.tolerantValues, faults);
  for (const { direction, peerField, rules } of rulesOf(policy))
    for (const [index, { ports, peers }] of rules.entries()) {
      const path = ['spec', direction, index];
      for (const [item, written] of ports.entries()) validatePort(written, [...path, 'ports', item], faults);
      for (const [item, written] of peers.entries()) validatePeer(written, [...path, peerField, item], options, faults);
    }
  validateTypes(policy.spec?.policyTypes ?? [], faults);
  warn(policy, faults);
}

/** Rules P1 to P7. Source: ValidateNetworkPolicyPort in Kubernetes. */
function validatePort({ protocol, port: number, endPort }: WrittenPort, path: FieldPath, faults: Faults): void {
  if (protocol !== undefined && !isProtocol(protocol)) faults.notSupported([...path, 'protocol'], protocol, protocols);
  const end = [...path, 'endPort'];
  if (typeof number === 'number') {
    faults.invalidEach([...path, 'port'], number, checkPortNumber(number));
    if (endPort === undefined) return;
    // The API server shows the port here, not the endPort.
    if (endPort < number) faults.invalid(end, number, 'must be greater than or equal to `port`');
    faults.invalidEach(end, endPort, checkPortNumber(endPort));
  } else if (number !== undefined) {
    if (endPort !== undefined) faults.invalid(end, endPort, 'may not be specified when `port` is non-numeric');
    faults.invalidEach([...path, 'port'], number, checkPortName(number));
  } else if (endPort !== undefined) faults.invalid(end, endPort, 'may not be specified when `port` is not specified');
}

const isProtocol = (text: string): text is Protocol => (protocols as readonly string[]).includes(text);

/** Rules R1 and R2, and what the peer holds. Source: ValidateNetworkPolicyPeer in Kubernetes. */
function validatePeer(
  { podSelector, namespaceSelector, ipBlock: block }: WrittenPeer,
  path: FieldPath,
  options: Surroundings,
  faults: Faults,
): void {
  if (podSelector) validateSelector(podSelector, [...path, 'podSelector'], options.tolerantValues, faults);
  if (namespaceSelector) validateSelector(namespaceSelector, [...path, 'namespaceSelector'], options.tolerantValues, faults);
  if (block) validateBlock(block, [...path, 'ipBlock'], options.strictCidr, faults);
  const selects = podSelector !== undefined || namespaceSelector !== undefined;
  if (!selects && !block) faults.required(path, 'must specify a peer');
  else if (selects && block) faults.forbidden(path, 'may not specify both ipBlock and another peer');
}

const typeOf = { ingress: 'Ingress', egress: 'Egress' } as const;

/** Rules T1 and T2. */
function validateTypes(types: readonly string[], faults: Faults): void {
  const supported = Object.values(typeOf);
  const path = ['spec', 'policyTypes'];
  if (types.length > supported.length) {
    faults.invalid(path, types, 'may not specify more than two policyTypes');
    return;
  }
  for (const [index, type] of types.entries())
    if (!(supported as readonly string[]).includes(type)) faults.notSupported([...path, index], type, supported);
}

/** Warnings W1 to W3, which do not depend on whether the policy is valid. */
function warn(policy: WrittenPolicy, faults: Faults): void {
  for (const { direction, peerField, rules } of rulesOf(policy))
    for (const [index, { peers }] of rules.entries())
      for (const [item, { ipBlock: block }] of peers.entries())
        if (block) warnOfBlock(block, ['spec', direction, index, peerField, item, 'ipBlock'], faults);
}

/** The valid policy with its defaults filled. Source: semantics.md section 1.2. */
function build(written: WrittenPolicy, { defaultNamespace, place }: Surroundings): NetworkPolicy {
  const { metadata = {}, spec = {} } = written;
  const { name, namespace = '' } = identify(metadata, naming, defaultNamespace);
  const isEgressImplied = !spec.policyTypes?.length && !!spec.egress?.length;
  const isolated = spec.policyTypes?.length ? spec.policyTypes : isEgressImplied ? ['Ingress', 'Egress'] : ['Ingress'];
  const source = place([]);
  const policy = {
    kind: 'NetworkPolicy' as const,
    name,
    namespace,
    subject: selectorOf(spec.podSelector ?? {}),
    ...auditOf(metadata.annotations),
    ...(source && { source }),
    ...(isEgressImplied && { isEgressImplied }),
    ...(metadata.generation && { generation: metadata.generation }),
  };
  const lists = rulesOf(written)
    .filter(({ direction }) => isolated.includes(typeOf[direction]))
    .map((rules) => [rules.direction, rules.rules.map((_, index) => ruleOf(rules, index, place))] as const);
  return Object.assign(policy, Object.fromEntries(lists));
}

function ruleOf({ direction, peerField, rules }: WrittenRules, index: number, place: Place): Rule {
  const { ports, peers } = rules[index]!;
  const path = ['spec', direction, index];
  const source = place(path);
  return {
    ...(peers.length > 0 && { peers: peers.map((written, item) => peerOf(written, [...path, peerField, item], place)) }),
    ...(ports.length > 0 && { ports: ports.map(portOf) }),
    ...(source && { source }),
  };
}

function peerOf({ podSelector, namespaceSelector, ipBlock: block }: WrittenPeer, path: FieldPath, place: Place): Peer {
  const source = place(path);
  const at = source && { source };
  if (block) return { kind: 'block', ...blockOf(block), ...at };
  return {
    kind: 'pods',
    ...(namespaceSelector && { namespaces: selectorOf(namespaceSelector) }),
    pods: podSelector ? selectorOf(podSelector) : everything,
    ...at,
  };
}

function portOf({ protocol = 'TCP', port: number, endPort }: WrittenPort): PortMatch {
  const checked = protocol as Protocol;
  if (number === undefined) return { kind: 'every', protocol: checked };
  if (typeof number === 'string') return { kind: 'named', protocol: checked, name: number };
  return { kind: 'range', protocol: checked, first: number, last: endPort ?? number };
}

/** The fields of a NetworkPolicy that has passed the door, as they are written. */
export const writtenPolicyOf = (value: unknown): WrittenPolicy =>
  reader.read(value, { faults: new Faults('', nowhere), path: [], unknownFields: 'warning' });

export const networkPolicyKind: Kind<WrittenPolicy, NetworkPolicy> = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  reader,
  validate,
  build,
};
