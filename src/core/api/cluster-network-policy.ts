import { parseCidr } from '../net/cidr.ts';
import { auditOf } from './audit.ts';
import {
  actions,
  clusterRuleOf,
  subjectOf,
  type WrittenClusterPeer,
  type WrittenClusterRule,
  type WrittenProtocol,
} from './cluster-rules.ts';
import { checkEnum, checkItems, checkMost, checkNumber, checkOneOf, checkSet } from './crd-schema.ts';
import type { FieldPath } from './diagnostic.ts';
import { Faults, nowhere } from './faults.ts';
import type { Kind, Surroundings } from './kind.ts';
import { identify, strictMetadata, validateMetadata } from './metadata.ts';
import { checkSubdomain } from './names.ts';
import { anything, custom, isIncomplete, list, type ReadOf, strict, string, whole } from './reader.ts';
import { labelSelector, type WrittenSelector } from './selector.ts';
import { type ClusterNetworkPolicy, type ClusterRule, type Direction, directions } from './types.ts';

/** The two schemas of the kind: `nodes` and `domainNames` are in the experimental one only. Source: semantics.md section 6.1. */
export type Channel = 'standard' | 'experimental';

const namespacedPod = strict({ namespaceSelector: labelSelector, podSelector: labelSelector });
const podPeer = { namespaces: labelSelector, pods: namespacedPod };
const standardPeer = { ...podPeer, networks: list(string) };
const experimentalPeer = { ...standardPeer, nodes: labelSelector, domainNames: list(string) };

const transport = strict({ destinationPort: strict({ number: whole, range: strict({ start: whole, end: whole }) }) });
const protocol = strict({ tcp: transport, udp: transport, sctp: transport, destinationNamedPort: string });
const ruleFields = { name: string, action: string, protocols: list(protocol) };

/** A ClusterNetworkPolicy as it is written. Source: policy.networking.k8s.io/v1alpha2, semantics.md section 6.1. */
const readerWith = <T extends typeof standardPeer>(egressPeer: T) =>
  strict({
    apiVersion: string,
    kind: string,
    metadata: strictMetadata,
    spec: custom(
      strict({
        tier: string,
        priority: whole,
        subject: strict(podPeer),
        ingress: list(strict({ ...ruleFields, from: list(strict(podPeer)) })),
        egress: list(strict({ ...ruleFields, to: list(strict(egressPeer)) })),
      }),
    ),
    // What others say of the policy does not change what it means.
    status: anything,
  });

const readers = { standard: readerWith(standardPeer), experimental: readerWith(experimentalPeer) } as const;

type WrittenPolicy = ReadOf<(typeof readers)['experimental']>;
type WrittenSpec = NonNullable<WrittenPolicy['spec']>;

const naming = { name: checkSubdomain, namespaced: false };
const tiers: readonly string[] = ['Admin', 'Baseline'] satisfies ClusterNetworkPolicy['tier'][];
const most = 25;
const peerFields = { ingress: 'from', egress: 'to' } as const;

/** The rules of a direction, `from` and `to` alike; undefined where the list is absent. */
function rulesOf(spec: WrittenSpec, direction: Direction): WrittenClusterRule[] | undefined {
  return spec[direction]?.map((rule) => {
    const { name, action, protocols } = rule;
    const peers: readonly WrittenClusterPeer[] = ('from' in rule ? rule.from : 'to' in rule ? rule.to : undefined) ?? [];
    return {
      ...(name !== undefined && { name }),
      ...(action !== undefined && { action }),
      ...(protocols !== undefined && { protocols }),
      peers,
      isIncomplete: isIncomplete({ ...rule, from: [], to: [], protocols: [] }),
    };
  });
}

function validate(channel: Channel, written: WrittenPolicy, surroundings: Surroundings, faults: Faults): void {
  const { metadata = {}, spec } = written;
  validateMetadata(metadata, naming, '', faults);
  if (metadata.namespace) faults.forbidden(['metadata', 'namespace'], 'not allowed on this type');
  if (spec === undefined) {
    faults.required(['spec']);
    return;
  }
  checkEnum(spec.tier, tiers, ['spec', 'tier'], faults);
  checkNumber(spec.priority, [0, 1000], ['spec', 'priority'], faults);
  if (spec.subject === undefined) faults.required(['spec', 'subject']);
  else checkSelection(spec.subject, ['spec', 'subject'], faults);
  if (!surroundings.isStored) checkRules(channel, spec, faults);
  if (!faults.fatal) policyOf(written, surroundings, faults);
}

/** What the API server checks of the rules before it takes them. */
function checkRules(channel: Channel, spec: WrittenSpec, faults: Faults): void {
  for (const direction of directions) {
    const path = ['spec', direction];
    const rules = rulesOf(spec, direction) ?? [];
    checkMost(rules, most, path, faults);
    for (const [index, rule] of rules.entries()) {
      const isListed = peerFields[direction] in spec[direction]![index]!;
      checkRule(rule, isListed, [...path, index], peerFields[direction], faults);
      if (channel === 'experimental') checkNames(rule, [...path, index], faults);
    }
  }
}

function checkRule(rule: WrittenClusterRule, isListed: boolean, path: FieldPath, peerField: 'from' | 'to', faults: Faults): void {
  const { name = '', action, peers, protocols } = rule;
  if ([...name].length > 100) faults.tooLong([...path, 'name'], 100);
  checkEnum(action, Object.keys(actions), [...path, 'action'], faults);
  if (isListed) checkItems(peers, most, [...path, peerField], faults);
  else faults.required([...path, peerField]);
  for (const [index, peer] of peers.entries()) checkPeer(peer, [...path, peerField, index], faults);
  if (protocols === undefined) return;
  checkItems(protocols, most, [...path, 'protocols'], faults);
  for (const [index, item] of protocols.entries()) checkProtocol(item, [...path, 'protocols', index], faults);
}

/** Source: the rule's x-kubernetes-validations in the experimental schema. */
function checkNames({ peers, protocols = [] }: WrittenClusterRule, path: FieldPath, faults: Faults): void {
  const areNamed = protocols.some(({ destinationNamedPort }) => destinationNamedPort !== undefined);
  const isNameless = (peer: WrittenClusterPeer): boolean => 'networks' in peer || 'nodes' in peer || 'domainNames' in peer;
  if (areNamed && peers.some(isNameless))
    faults.invalid(
      path,
      'object',
      'networks/nodes/domainNames peer cannot be set with namedPorts since there are no namedPorts for networks/nodes/domainNames',
    );
}

function checkPeer(peer: WrittenClusterPeer, path: FieldPath, faults: Faults): void {
  checkSelection(peer, path, faults);
  if (peer.nodes) checkSelector(peer.nodes, [...path, 'nodes'], faults);
  if (peer.networks) checkNetworks(peer.networks, [...path, 'networks'], faults);
  if (peer.domainNames) checkDomainNames(peer.domainNames, [...path, 'domainNames'], faults);
}

function checkSelection(written: WrittenClusterPeer, path: FieldPath, faults: Faults): void {
  const { namespaces, pods } = written;
  checkOneOf(written, path, faults);
  if (namespaces) checkSelector(namespaces, [...path, 'namespaces'], faults);
  if (pods === undefined) return;
  if (pods.podSelector) checkSelector(pods.podSelector, [...path, 'pods', 'podSelector'], faults);
  else faults.required([...path, 'pods', 'podSelector']);
  if (pods.namespaceSelector) checkSelector(pods.namespaceSelector, [...path, 'pods', 'namespaceSelector'], faults);
}

/** The schema asks for the fields of a requirement, and not for what they say. */
function checkSelector({ matchExpressions = [] }: WrittenSelector, path: FieldPath, faults: Faults): void {
  for (const [index, requirement] of matchExpressions.entries())
    for (const field of ['key', 'operator'] as const)
      if (requirement[field] === undefined) faults.required([...path, 'matchExpressions', index, field]);
}

/** Source: isCIDR of Kubernetes' CEL library, which takes host bits and nothing else that is not canonical IPv4. */
function checkNetworks(networks: readonly string[], path: FieldPath, faults: Faults): void {
  checkItems(networks, most, path, faults);
  checkSet(networks, path, faults);
  for (const [index, text] of networks.entries()) {
    const written = parseCidr(text);
    if (text.length > 43) faults.tooLong([...path, index], 43);
    else if (written === undefined || written.leadingZeros || written.mapped)
      faults.invalid([...path, index], text, 'Invalid CIDR format provided');
  }
}

const domainPattern = '^(\\*\\.)?([a-zA-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\\.)+[a-zA-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\\.?$';
const domainName = new RegExp(domainPattern);

function checkDomainNames(names: readonly string[], path: FieldPath, faults: Faults): void {
  checkItems(names, most, path, faults);
  checkSet(names, path, faults);
  for (const [index, text] of names.entries())
    if (!domainName.test(text)) faults.schema([...path, index], text, `should match '${domainPattern}'`);
}

const portNumbers = [1, 65535] as const;

function checkProtocol(written: WrittenProtocol, path: FieldPath, faults: Faults): void {
  checkOneOf(written, path, faults);
  for (const field of ['tcp', 'udp', 'sctp'] as const) {
    const { [field]: transport } = written;
    if (transport === undefined) continue;
    checkOneOf(transport, [...path, field], faults);
    const { destinationPort } = transport;
    if (destinationPort === undefined) continue;
    const portPath = [...path, field, 'destinationPort'];
    checkOneOf(destinationPort, portPath, faults);
    const { number, range } = destinationPort;
    if (number !== undefined) checkNumber(number, portNumbers, [...portPath, 'number'], faults);
    if (range !== undefined) checkRange(range, [...portPath, 'range'], faults);
  }
}

function checkRange(range: { readonly start?: number; readonly end?: number }, path: FieldPath, faults: Faults): void {
  checkNumber(range.end, portNumbers, [...path, 'end'], faults);
  checkNumber(range.start, portNumbers, [...path, 'start'], faults);
  if (range.start !== undefined && range.end !== undefined && range.start >= range.end)
    faults.invalid(path, 'object', 'Start port must be less than End port');
}

/** The policy that a valid written one means, with a warning of everything in it that is not understood. */
function policyOf(written: WrittenPolicy, surroundings: Surroundings, faults: Faults): ClusterNetworkPolicy {
  const { metadata = {}, spec = {} } = written;
  const { subject = {}, ingress: _ingress, egress: _egress, ...rest } = spec;
  const isWhole = !(surroundings.isStored && (isIncomplete(subject) || isIncomplete(rest)));
  const { isSure, ...selection } = subjectOf(subject, ['spec', 'subject'], isWhole, faults);
  const source = surroundings.place([]);
  const lists = directions.flatMap((direction): [Direction, ClusterRule[]][] => {
    const place = { direction, peerField: peerFields[direction] };
    const rules = rulesOf(spec, direction) ?? [];
    const read = rules.map((rule, index) => clusterRuleOf(rule, { ...place, index }, isSure, surroundings, faults));
    return read.length === 0 ? [] : [[direction, read]];
  });
  return {
    kind: 'ClusterNetworkPolicy',
    name: identify(metadata, naming, '').name,
    tier: spec.tier as ClusterNetworkPolicy['tier'],
    priority: spec.priority ?? 0,
    subject: selection,
    ...auditOf(metadata.annotations),
    ...(Object.fromEntries(lists) as Pick<ClusterNetworkPolicy, Direction>),
    ...(source && { source }),
    ...(metadata.generation && { generation: metadata.generation }),
  };
}

const kindOf = (channel: Channel): Kind<WrittenPolicy, ClusterNetworkPolicy> => ({
  apiVersion: 'policy.networking.k8s.io/v1alpha2',
  kind: 'ClusterNetworkPolicy',
  reader: readers[channel],
  validate: (written, surroundings, faults) => validate(channel, written, surroundings, faults),
  build: (written, surroundings) => policyOf(written, surroundings, new Faults('', nowhere)),
});

export const clusterNetworkPolicyKinds: Readonly<Record<Channel, Kind<WrittenPolicy, ClusterNetworkPolicy>>> = {
  standard: kindOf('standard'),
  experimental: kindOf('experimental'),
};
