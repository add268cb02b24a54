import { everything, type Selector } from '../label/selector.ts';
import { addressesOf, allAddresses } from '../net/address-set.ts';
import { formatCidr, parseCidr } from '../net/cidr.ts';
import { type Protocol, protocols } from '../net/protocol.ts';
import type { FieldPath } from './diagnostic.ts';
import type { Faults } from './faults.ts';
import type { Surroundings } from './kind.ts';
import { isIncomplete } from './reader.ts';
import { readablePartOf, selectorOf, validateSelector, type WrittenSelector } from './selector.ts';
import type { Action, ClusterPeer, ClusterRule, Direction, PodSelection, PortMatch } from './types.ts';

/*
 * What the rules of a ClusterNetworkPolicy mean, closed where they are not understood: the schema lets selectors pass that say
 * nothing, and a newer one may have fields that this program does not know. Then an Accept does not accept, and a Deny or Pass
 * denies everything. Source: semantics.md section 6.4.
 */

/** Exactly one of the fields is set. */
interface WrittenSelection {
  readonly namespaces?: WrittenSelector;
  readonly pods?: { readonly namespaceSelector?: WrittenSelector; readonly podSelector?: WrittenSelector };
}

/** Exactly one of the fields is set. */
export interface WrittenClusterPeer extends WrittenSelection {
  readonly networks?: readonly string[];
  readonly nodes?: WrittenSelector;
  readonly domainNames?: readonly string[];
}

interface WrittenTransport {
  readonly destinationPort?: { readonly number?: number; readonly range?: { readonly start?: number; readonly end?: number } };
}

/** Exactly one of the fields is set. */
export interface WrittenProtocol {
  readonly tcp?: WrittenTransport;
  readonly udp?: WrittenTransport;
  readonly sctp?: WrittenTransport;
  readonly destinationNamedPort?: string;
}

/** A rule of either direction: `peers` are its `from` or `to`. */
export interface WrittenClusterRule {
  readonly name?: string;
  readonly action?: string;
  readonly peers: readonly WrittenClusterPeer[];
  readonly protocols?: readonly WrittenProtocol[];
  /** The rule has fields of its own that are not read. */
  readonly isIncomplete: boolean;
}

/** Where a list of rules stands in the policy. */
export interface RulePlace {
  readonly direction: Direction;
  readonly peerField: 'from' | 'to';
}

export const actions: Readonly<Record<string, Action>> = { Accept: 'accept', Deny: 'deny', Pass: 'pass' };

const everyone: ClusterPeer = { kind: 'networks', cidrs: ['0.0.0.0/0', '::/0'], addresses: allAddresses };

/** The pods that a subject can mean, and whether it means exactly these. */
export function subjectOf(
  written: WrittenSelection,
  path: FieldPath,
  isWhole: boolean,
  faults: Faults,
): PodSelection & { readonly isSure: boolean } {
  const consequence = 'so every pod that the rest selects is a subject, and no rule accepts';
  const isWrong = selectorsOf(written, path)
    .map(([selector, place]) => warnOfSelector(selector, place, consequence, faults))
    .includes(true);
  if (!isWhole) faults.warning(path, `not everything here or beside it is understood; ${consequence}`);
  return { ...selectionOf(written, readablePartOf), isSure: isWhole && !isWrong };
}

const selectionOf = ({ namespaces, pods }: WrittenSelection, read: (written: WrittenSelector) => Selector): PodSelection =>
  namespaces === undefined
    ? { namespaces: read(pods?.namespaceSelector ?? {}), pods: read(pods?.podSelector ?? {}) }
    : { namespaces: read(namespaces), pods: everything };

function selectorsOf({ namespaces, pods }: WrittenSelection, path: FieldPath): [WrittenSelector, FieldPath][] {
  if (namespaces !== undefined) return [[namespaces, [...path, 'namespaces']]];
  return [
    [pods?.namespaceSelector ?? {}, [...path, 'pods', 'namespaceSelector']],
    [pods?.podSelector ?? {}, [...path, 'pods', 'podSelector']],
  ];
}

const warnOfSelector = (written: WrittenSelector, path: FieldPath, consequence: string, faults: Faults): boolean =>
  faults.warnOf((found) => validateSelector(written, path, false, found), consequence);

/** The rule at a place of its list; `isSure` says whether the subject of its policy is known. Warns of what is not understood. */
export function clusterRuleOf(
  written: WrittenClusterRule,
  { direction, peerField, index }: RulePlace & { readonly index: number },
  isSure: boolean,
  surroundings: Surroundings,
  faults: Faults,
): ClusterRule {
  const path = ['spec', direction, index];
  const action = actions[written.action ?? ''];
  const reading = new RuleReading(action, surroundings, faults);
  if (action === undefined) reading.doubt([...path, 'action'], `the action ${JSON.stringify(written.action)} is not understood`);
  if (surroundings.isStored && written.isIncomplete) reading.doubt(path, 'not all fields are understood');
  const peers = written.peers.map((peer, item) => reading.peer(peer, [...path, peerField, item])).filter((peer) => peer !== undefined);
  const items = written.protocols?.map((protocol, item) => reading.protocol(protocol, [...path, 'protocols', item]));
  const ports = items?.filter((item) => item !== undefined).flat();
  const source = surroundings.place(path);
  const rest = { ...(written.name !== undefined && { name: written.name }), ...(source && { source }) };
  if (action === undefined || (reading.hasDoubts && action !== 'accept')) return { action: 'deny', peers: [everyone], ...rest };
  if (action === 'accept' && (!isSure || reading.isClosed || ports?.length === 0)) return { action, peers: [], ...rest };
  // Who is passed on may be no subject, and then the rest of the tier is for him.
  return { action: action === 'pass' && !isSure ? 'deny' : action, peers, ...(ports && { ports }), ...rest };
}

/** One rule while it is read. A part that is not understood is undefined, and has been warned of. */
class RuleReading {
  /** Whether a part is not understood. */
  hasDoubts = false;
  /** Whether something is not understood that concerns the rule as a whole. */
  isClosed = false;
  readonly #consequence: string;
  readonly #isAccept: boolean;
  readonly #surroundings: Surroundings;
  readonly #faults: Faults;

  constructor(action: Action | undefined, surroundings: Surroundings, faults: Faults) {
    this.#isAccept = action === 'accept';
    this.#consequence = this.#isAccept ? 'so nothing is accepted by it' : 'so the rule denies everything';
    this.#surroundings = surroundings;
    this.#faults = faults;
  }

  doubt(path: FieldPath, message: string): void {
    this.isClosed = true;
    this.#undecided(path, message);
  }

  peer(written: WrittenClusterPeer, path: FieldPath): ClusterPeer | undefined {
    const source = this.#surroundings.place(path);
    const at = source && { source };
    if (!this.#isUnderstood(written)) return this.#undecided(path, 'the peer is not understood');
    const { networks, nodes, domainNames } = written;
    if (domainNames !== undefined) return this.#domainNames([...path, 'domainNames']);
    if (networks !== undefined) {
      const cidrs = networks.flatMap((text) => parseCidr(text)?.cidr ?? []);
      if (cidrs.length < networks.length) return this.#undecided([...path, 'networks'], 'not every network is understood');
      return { kind: 'networks', cidrs: cidrs.map(formatCidr), addresses: addressesOf(cidrs), ...at };
    }
    if (nodes !== undefined) {
      if (this.#isWrong(nodes, [...path, 'nodes'])) return undefined;
      return { kind: 'nodes', nodes: selectorOf(nodes), ...at };
    }
    const areWrong = selectorsOf(written, path).map(([selector, place]) => this.#isWrong(selector, place));
    return areWrong.includes(true) ? undefined : { kind: 'pods', ...selectionOf(written, selectorOf), ...at };
  }

  protocol(written: WrittenProtocol, path: FieldPath): PortMatch[] | undefined {
    if (!this.#isUnderstood(written)) return this.#undecided(path, 'the protocol is not understood');
    const { destinationNamedPort: name, ...transports } = written;
    // The name belongs to a container port, which has a protocol.
    if (name) return protocols.map((protocol) => ({ kind: 'named', protocol, name }));
    if (name !== undefined) return this.#undecided([...path, 'destinationNamedPort'], 'an empty name names no port');
    const [[transport, { destinationPort = {} }]] = Object.entries(transports) as [[string, WrittenTransport]];
    const { number, range } = destinationPort;
    const [first, last] = number === undefined ? [range?.start, range?.end] : [number, number];
    if (first === undefined || last === undefined || !this.#isUnderstood(destinationPort))
      return this.#undecided(path, 'the destination port is not understood');
    return [{ kind: 'range', protocol: transport.toUpperCase() as Protocol, first, last }];
  }

  /** Exactly one field is set, and of an object that the API server has taken nothing was left unread. */
  #isUnderstood(written: object): boolean {
    return Object.keys(written).length === 1 && !(this.#surroundings.isStored && isIncomplete(written));
  }

  #isWrong(written: WrittenSelector, path: FieldPath): boolean {
    const isWrong = warnOfSelector(written, path, this.#consequence, this.#faults);
    if (isWrong) this.hasDoubts = true;
    return isWrong;
  }

  /** Which addresses a name has, only DNS knows, and only at the time of the connection. */
  #domainNames(path: FieldPath): undefined {
    const why = this.#isAccept ? 'domain names are not evaluated' : 'domain names are for Accept rules only';
    return this.#undecided(path, why);
  }

  #undecided(path: FieldPath, message: string): undefined {
    this.hasDoubts = true;
    this.#faults.warning(path, `${message}, ${this.#consequence}`);
  }
}
