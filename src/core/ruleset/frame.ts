import type { Choices } from '../api/choices.ts';
import { type Direction, directions } from '../api/types.ts';
import { type Family, families } from '../net/ip.ts';
import type { AddressSetObject, Chain, Expression, Key, KeyType, Rule, Verdict, VerdictMap } from './types.ts';

/** How a node's ruleset is built, beyond what policies say. */
export interface RulesetOptions {
  readonly choices: Choices;
  /** The bits of the connection mark that hold the generation; 0 turns it off and every packet is judged. */
  readonly markMask: number;
  /** Remember denied connections in `denied4` and `denied6` for some seconds, so that a prober can prove that a deny was ours. */
  readonly witness: boolean;
  /** The group of the kernel's packet log that is told what is denied, sampled; absent: nobody is. */
  readonly dropLog?: number;
  /** Interface name pattern of routed pods (`veth*`): packets from them must carry an address that is routed back to them. */
  readonly podInterfaces?: string;
  /** Hold back the addresses of the node's pod range that belong to no pod that is known, while there is any policy. */
  readonly holdBack?: boolean;
}

/** The bits of the connection mark that hold the generation unless told otherwise: those that the field's programs leave alone most. */
export const defaultMarkMask = 0xff000000;

/** The group of the kernel's packet log that hears of drops unless told otherwise: the number of the agent's port, which others hardly take. */
export const defaultDropLog = 9470;

/** The names of the sets and chains by which packets find their gates. */
export interface Walk {
  readonly name: 'routed' | 'near';
  readonly judge: string;
  readonly ingress: string;
  readonly opening: string;
  readonly reversed: string;
  readonly related: string;
  readonly stray: string;
  readonly isolated: (direction: Direction, family: Family) => string;
  readonly dispatch: (direction: Direction, family: Family) => string;
  readonly guard: (direction: Direction, family: Family) => string;
  readonly policed: (family: Family) => string;
}

const walkOf = (name: Walk['name'], prefix: string): Walk => ({
  name,
  judge: `${prefix}judge`,
  ingress: `${prefix}to-ingress`,
  opening: `${prefix}opening`,
  reversed: `${prefix}reversed`,
  related: `${prefix}related`,
  stray: `${prefix}stray`,
  isolated: (direction, family) => `${prefix}isolated-${direction}${family}`,
  dispatch: (direction, family) => `${prefix}${direction}${family}`,
  guard: (direction, family) => `${prefix}guard-${direction}${family}`,
  policed: (family) => `${prefix}policed${family}`,
});

/** The walk of packets that the node forwards: names of the parts that always exist. */
export const frame = {
  ...walkOf('routed', ''),
  deny: 'deny',
  accepted: 'accepted',
  known: 'known',
  unlogged: 'unlogged',
  hairpin: (family: Family): string => `hairpin${family}`,
  denied: (family: Family): string => `denied${family}`,
  hold: 'hold',
  holdStray: 'hold-stray',
  heldBack: 'held-back',
  live: (family: Family): string => `live${family}`,
} as const;

/** The walk of packets between a pod and its own node, which is there only where a policy has a say in them. */
export const nearFrame: Walk = walkOf('near', 'near-');

/** Another place to go on. */
export const goto = (chain: string): Verdict => ({ to: 'goto', chain });

/** A rule that ends with a verdict. */
export const rule = (verdict: Verdict, ...expressions: Expression[]): Rule => ({
  expressions: [...expressions, { do: 'verdict', verdict }],
});

/** nft's type of an address of the family. */
export const addressType = (family: Family): 'ipv4_addr' | 'ipv6_addr' => (family === 4 ? 'ipv4_addr' : 'ipv6_addr');

/** The end of a connection whose gate a direction is. */
export const subjectKey = (direction: Direction, family: Family): Key =>
  direction === 'egress' ? `source${family}` : `destination${family}`;

/** The other end: the peer. */
export const peerKey = (direction: Direction, family: Family): Key => (direction === 'egress' ? `destination${family}` : `source${family}`);

const setOf = (name: string, types: readonly KeyType[], comment: string): AddressSetObject => ({
  kind: 'set',
  name,
  types,
  interval: false,
  elements: new Set(),
  comment,
});

/** The mutable sets and maps of a walk: which addresses have gates and where these are. */
export function walkSets(walk: Walk): (AddressSetObject | VerdictMap)[] {
  const where = walk.name === 'routed' ? '' : ' toward the own node';
  return families.flatMap((family) => {
    const types = [addressType(family)];
    return [
      setOf(walk.policed(family), types, `pods of this node that have a gate${where}`),
      ...directions.flatMap((direction): (AddressSetObject | VerdictMap)[] => [
        setOf(walk.isolated(direction, family), types, `pods of this node that have an ${direction} gate${where}`),
        {
          kind: 'map',
          name: walk.dispatch(direction, family),
          types,
          interval: false,
          moves: 'last',
          elements: new Map(),
          comment: `pod address to its ${direction} gate${where}`,
        },
      ]),
    ];
  });
}

/** The sets that exist beside those of the walks. */
export function commonSets(options: RulesetOptions): AddressSetObject[] {
  return [
    ...families.map((family) =>
      setOf(frame.hairpin(family), [addressType(family), addressType(family)], 'a pod that reaches itself through a Service'),
    ),
    ...witnessSets(options),
  ];
}

/** Sets that the kernel fills: connections that were denied. */
function witnessSets(options: RulesetOptions): AddressSetObject[] {
  if (!options.witness) return [];
  return families.map((family) => ({
    kind: 'set',
    name: frame.denied(family),
    types: [addressType(family), addressType(family), 'inet_proto', 'inet_service', 'inet_service'],
    interval: false,
    timeoutSeconds: 10,
    elements: new Set(),
    comment: 'source, destination, protocol, source port, destination port of denied connections',
  }));
}

/** The two chains that carry the generation: replaced whenever it changes. 0 is no generation: every packet is judged. */
export function generationChains(options: RulesetOptions, generation: number): Chain[] {
  const { markMask: mask } = options;
  const value = generation * lowestBit(mask);
  const marked = mask !== 0 && generation !== 0;
  return [
    {
      kind: 'chain',
      name: frame.known,
      comment: 'a connection that this generation of policy has accepted, or one to judge again',
      rules: [...(marked ? [rule({ to: 'accept' }, { match: 'mark', mask, value })] : []), rule(goto(frame.judge))],
    },
    {
      kind: 'chain',
      name: frame.accepted,
      comment: 'both gates are open',
      rules: [rule({ to: 'accept' }, ...(marked ? [{ do: 'set-mark', mask, value } as const] : []))],
    },
  ];
}

/** The greatest generation number that fits the mask. */
export const greatestGeneration = (mask: number): number => (mask === 0 ? 0 : (mask >>> 0) / lowestBit(mask));

const lowestBit = (mask: number): number => (mask & -mask) >>> 0;
