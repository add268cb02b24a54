import type { Choices } from '../api/choices.ts';
import { type Direction, directions } from '../api/types.ts';
import { type Family, families } from '../net/ip.ts';
import { protocols } from '../net/protocol.ts';
import type { AddressSetObject, Chain, Expression, Key, Rule, RulesetObject, Verdict, VerdictMap } from './types.ts';

/** How a node's ruleset is built, beyond what policies say. */
export interface RulesetOptions {
  readonly choices: Choices;
  /** The bits of the connection mark that hold the generation; 0 turns it off and every packet is judged. */
  readonly markMask: number;
  /** Remember denied connections in `denied4` and `denied6` for some seconds, so that a prober can prove that a deny was ours. */
  readonly witness: boolean;
  /** Interface name pattern of routed pods (`veth*`): packets from them must carry an address that is routed back to them. */
  readonly podInterfaces?: string;
}

/** The bits of the connection mark that hold the generation unless told otherwise: those that the field's programs leave alone most. */
export const defaultMarkMask = 0xff000000;

/** Names of the parts that always exist. */
export const frame = {
  deny: 'deny',
  accepted: 'accepted',
  ingress: 'to-ingress',
  judge: 'judge',
  known: 'known',
  isolated: (direction: Direction, family: Family): string => `isolated-${direction}${family}`,
  dispatch: (direction: Direction, family: Family): string => `${direction}${family}`,
  guard: (direction: Direction, family: Family): string => `guard-${direction}${family}`,
  hairpin: (family: Family): string => `hairpin${family}`,
  policed: (family: Family): string => `policed${family}`,
  denied: (family: Family): string => `denied${family}`,
} as const;

const goto = (chain: string): Verdict => ({ to: 'goto', chain });
const rule = (verdict: Verdict, ...expressions: Expression[]): Rule => ({ expressions: [...expressions, { do: 'verdict', verdict }] });
const addressType = (family: Family): 'ipv4_addr' | 'ipv6_addr' => (family === 4 ? 'ipv4_addr' : 'ipv6_addr');

/** The end of a connection whose gate a direction is. */
const subjectKey = (direction: Direction, family: Family): Key => (direction === 'egress' ? `source${family}` : `destination${family}`);

/** The other end: the peer. */
export const peerKey = (direction: Direction, family: Family): Key => (direction === 'egress' ? `destination${family}` : `source${family}`);

/** The mutable sets and maps: which addresses are isolated and where their gates are. */
function frameSets(): (AddressSetObject | VerdictMap)[] {
  return families.flatMap((family) => {
    const types = [addressType(family)];
    const set = (name: string, comment: string, setTypes = types): AddressSetObject => ({
      kind: 'set',
      name,
      types: setTypes,
      interval: false,
      elements: new Set(),
      comment,
    });
    return [
      set(frame.policed(family), 'pods of this node that some policy isolates'),
      set(frame.hairpin(family), 'a pod that reaches itself through a Service', [addressType(family), addressType(family)]),
      ...directions.flatMap((direction): (AddressSetObject | VerdictMap)[] => [
        set(frame.isolated(direction, family), `pods of this node isolated for ${direction}`),
        {
          kind: 'map',
          name: frame.dispatch(direction, family),
          types,
          interval: false,
          elements: new Map(),
          comment: `pod address to its ${direction} gate`,
        },
      ]),
    ];
  });
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

/** The fixed chains that a packet walks from the hook to its gates, in order of definition. */
function frameChains(options: RulesetOptions): Chain[] {
  const chain = (name: string, comment: string, rules: Rule[]): Chain => ({ kind: 'chain', name, comment, rules });
  const toFamilies = (make: (family: Family) => Rule[]): Rule[] => families.flatMap(make);
  return [
    chain(frame.deny, 'what no rule allows', denyRules(options)),
    chain('stray', 'packets that belong to no connection: never to or from an isolated pod', [
      // conntrack leaves neighbour discovery and group membership untracked; without them IPv6 dies.
      rule({ to: 'accept' }, { match: 'neighbour-discovery' }),
      ...toFamilies((family) => [
        rule({ to: 'drop' }, { match: 'in', key: `packet-source${family}`, set: frame.policed(family) }),
        rule({ to: 'drop' }, { match: 'in', key: `packet-destination${family}`, set: frame.policed(family) }),
      ]),
      rule({ to: 'accept' }),
    ]),
    ...families.flatMap((family) => directions.map((direction) => guard(direction, family, options))),
    chain(frame.ingress, 'the gate of the destination', [
      ...toFamilies((family) => [isolatedRule('ingress', family)]),
      rule(goto(frame.accepted)),
    ]),
    chain(frame.judge, 'the gate of the source, then that of the destination', [
      ...toFamilies((family) => [isolatedRule('egress', family)]),
      rule(goto(frame.ingress)),
    ]),
    chain('opening', 'a new connection: TCP must begin with a SYN', [
      rule(goto('reversed'), { match: 'protocol', protocol: 'TCP' }, { match: 'not-syn' }),
      // UDP that nobody answers stays new: what was accepted before is found by its mark.
      rule(goto(frame.known)),
    ]),
    chain('reversed', 'TCP picked up in mid-stream: conntrack may have its ends the wrong way round', [
      ...toFamilies((family) => [
        rule(goto(frame.deny), { match: 'in', key: `packet-source${family}`, set: frame.policed(family) }),
        rule(goto(frame.deny), { match: 'in', key: `packet-destination${family}`, set: frame.policed(family) }),
      ]),
      rule(goto(frame.judge)),
    ]),
    chain('related', 'errors of a connection pass; connections that a protocol opens beside it are judged', [
      rule({ to: 'accept' }, { match: 'icmp' }),
      rule(goto(frame.judge)),
    ]),
  ];
}

function guard(direction: Direction, family: Family, { choices }: RulesetOptions): Chain {
  return {
    kind: 'chain',
    name: frame.guard(direction, family),
    comment: `isolated for ${direction}: falling off the end is a deny`,
    rules: [
      ...(choices['other-l4'] === 'deny' ? [rule(goto(frame.deny), { match: 'other-protocol' })] : []),
      { expressions: [{ do: 'dispatch', key: subjectKey(direction, family), map: frame.dispatch(direction, family) }] },
      rule(goto(frame.deny)),
    ],
  };
}

function isolatedRule(direction: Direction, family: Family): Rule {
  return rule(goto(frame.guard(direction, family)), {
    match: 'in',
    key: subjectKey(direction, family),
    set: frame.isolated(direction, family),
  });
}

function denyRules({ choices, witness }: RulesetOptions): Rule[] {
  const hairpin = families.map((family) => rule(goto(frame.accepted), { match: 'in', key: `ends${family}`, set: frame.hairpin(family) }));
  const evidence = protocols.flatMap((protocol) =>
    families.map(
      (family): Rule => ({
        expressions: [
          { match: 'original-direction' },
          { match: 'protocol', protocol },
          { do: 'witness', family, set: frame.denied(family) },
        ],
      }),
    ),
  );
  return [
    ...(choices['service-hairpin'] === 'allow' ? hairpin : []),
    ...(choices['other-l4'] === 'allow' ? [rule(goto(frame.accepted), { match: 'other-protocol' })] : []),
    ...(witness ? evidence : []),
    { expressions: [{ match: 'protocol', protocol: 'TCP' }, { match: 'established' }, { do: 'reset' }] },
    rule({ to: 'drop' }),
  ];
}

/**
 * The base chains: hooked last, when everything behind them stands. Between filter's dnat and snat, so that both ends are final.
 * A pod's own node is exempt and its packets meet only input and output, so these are hooked only where a choice says otherwise.
 */
export function baseChains({ choices, podInterfaces }: RulesetOptions): Chain[] {
  const established: Verdict = choices.established === 'keep' ? { to: 'accept' } : goto(frame.known);
  const entry: Rule[] = [
    {
      expressions: [
        {
          do: 'by-state',
          chains: { established, new: goto('opening'), related: goto('related'), invalid: goto('stray'), untracked: goto('stray') },
        },
      ],
    },
  ];
  const base = (hook: 'forward' | 'input', comment: string): Chain => ({
    kind: 'chain',
    name: hook,
    hook: { hook, priority: -5 },
    rules: entry,
    comment,
  });
  return [
    base('forward', 'pods to pods, to the world and back'),
    ...(choices['own-node-egress'] === 'policy' ? [base('input', 'pods to their own node')] : []),
    ...(podInterfaces === undefined ? [] : [spoofChain(podInterfaces)]),
  ];
}

function spoofChain(pattern: string): Chain {
  return {
    kind: 'chain',
    name: 'prerouting',
    hook: { hook: 'prerouting', priority: -305 },
    comment: 'a pod may send from its own addresses only',
    rules: [
      rule({ to: 'accept' }, { match: 'neighbour-discovery' }),
      rule({ to: 'drop' }, { match: 'interface', pattern }, { match: 'spoofed' }),
    ],
  };
}

/** Everything that exists before any policy does. */
export function frameObjects(options: RulesetOptions, generation: number): RulesetObject[] {
  return [...frameSets(), ...witnessSets(options), ...generationChains(options, generation), ...frameChains(options)];
}
