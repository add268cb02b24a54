import type { Choices } from '../api/choices.ts';
import { type Direction, directions } from '../api/types.ts';
import { type Family, families } from '../net/ip.ts';
import { protocols } from '../net/protocol.ts';
import {
  commonSets,
  frame,
  generationChains,
  goto,
  nearFrame,
  type RulesetOptions,
  rule,
  subjectKey,
  type Walk,
  walkSets,
} from './frame.ts';
import { holdObjects } from './hold-back.ts';
import type { Chain, Rule, RulesetObject, Verdict } from './types.ts';

const chain = (name: string, comment: string, rules: Rule[]): Chain => ({ kind: 'chain', name, comment, rules });
const forFamilies = (make: (family: Family) => Rule[]): Rule[] => families.flatMap(make);

const unlogged: RulesetObject = { kind: 'counter', name: frame.unlogged, comment: 'denied or in audit, and more than is logged' };

/** Everything that exists before any policy does. */
export function frameObjects(options: RulesetOptions, generation: number): RulesetObject[] {
  return [
    ...walkSets(frame),
    ...commonSets(options),
    ...(options.holdBack ? holdObjects() : []),
    ...generationChains(options, generation),
    chain(frame.deny, 'what policy denies', denyRules(options)),
    ...(options.dropLog === undefined ? [] : [unlogged]),
    ...walkChains(frame, goto(frame.known), goto(frame.accepted), options),
  ];
}

/**
 * What exists while a policy has a say in packets between a pod and its own node. NetworkPolicies have none, whichever side opens the
 * connection; so these packets have gates of their own. Their connections are not marked: an address that leaves the node is the
 * node's no more.
 */
export function nearObjects(options: RulesetOptions): RulesetObject[] {
  return [...walkSets(nearFrame), ...walkChains(nearFrame, goto(nearFrame.judge), { to: 'accept' }, options)];
}

/** The chains that a packet walks from the hook to its gates: `begin` is where a sound packet goes, `end` where one that no gate stops. */
function walkChains(walk: Walk, begin: Verdict, end: Verdict, { choices, holdBack = false }: RulesetOptions): Chain[] {
  const policed = (verdict: Verdict): Rule[] =>
    forFamilies((family) => [
      rule(verdict, { match: 'in', key: `packet-source${family}`, set: walk.policed(family) }),
      rule(verdict, { match: 'in', key: `packet-destination${family}`, set: walk.policed(family) }),
    ]);
  const holdIn = (chain: string): Rule[] => (holdBack ? [rule({ to: 'jump', chain })] : []);
  // A pod that reaches itself is at both ends, whichever conntrack takes for the source.
  const hairpin = walk === frame && choices['service-hairpin'] === 'allow' ? hairpinRules(goto(walk.judge)) : [];
  return [
    chain(walk.stray, 'packets that belong to no connection: never to or from a pod that has a gate', [
      // conntrack leaves neighbour discovery and group membership untracked; without them IPv6 dies.
      rule({ to: 'accept' }, { match: 'neighbour-discovery' }),
      ...holdIn(frame.holdStray),
      ...policed({ to: 'drop' }),
      rule({ to: 'accept' }),
    ]),
    ...families.flatMap((family) => directions.map((direction) => guard(walk, direction, family))),
    chain(walk.ingress, 'the gate of the destination', [...forFamilies((family) => [isolatedRule(walk, 'ingress', family)]), rule(end)]),
    chain(walk.judge, 'the gate of the source, then that of the destination', [
      ...holdIn(frame.hold),
      ...forFamilies((family) => [isolatedRule(walk, 'egress', family)]),
      rule(goto(walk.ingress)),
    ]),
    chain(walk.opening, 'a new connection: TCP must begin with a SYN', [
      rule(goto(walk.reversed), { match: 'protocol', protocol: 'TCP' }, { match: 'not-syn' }),
      // UDP that nobody answers stays new: what was accepted before is found by its mark.
      rule(begin),
    ]),
    chain(walk.reversed, 'TCP picked up in mid-stream: conntrack may have its ends the wrong way round', [
      ...hairpin,
      ...policed(goto(frame.deny)),
      rule(goto(walk.judge)),
    ]),
    chain(walk.related, 'errors of a connection pass; connections that a protocol opens beside it are judged', [
      rule({ to: 'accept' }, { match: 'icmp' }),
      rule(goto(walk.judge)),
    ]),
  ];
}

function guard(walk: Walk, direction: Direction, family: Family): Chain {
  return chain(walk.guard(direction, family), `has an ${direction} gate: falling off the end is a deny`, [
    { expressions: [{ do: 'dispatch', key: subjectKey(direction, family), map: walk.dispatch(direction, family) }] },
    rule(goto(frame.deny)),
  ]);
}

function isolatedRule(walk: Walk, direction: Direction, family: Family): Rule {
  return rule(goto(walk.guard(direction, family)), {
    match: 'in',
    key: subjectKey(direction, family),
    set: walk.isolated(direction, family),
  });
}

const hairpinRules = (verdict: Verdict): Rule[] =>
  families.map((family) => rule(verdict, { match: 'in', key: `ends${family}`, set: frame.hairpin(family) }));

/** What goes on although no NetworkPolicy lets it through: what the choices exempt. */
export const exemptions = (choices: Choices, on: Verdict): Rule[] => [
  ...(choices['service-hairpin'] === 'allow' ? hairpinRules(on) : []),
  ...(choices['other-l4'] === 'allow' ? [rule(on, { match: 'other-protocol' })] : []),
];

function denyRules({ witness }: RulesetOptions): Rule[] {
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
    ...(witness ? evidence : []),
    { expressions: [{ match: 'protocol', protocol: 'TCP' }, { match: 'established' }, { do: 'reset' }] },
    rule({ to: 'drop' }),
  ];
}

/**
 * The base chains: hooked last, when everything behind them stands. Between filter's dnat and snat, so that both ends are final.
 * Packets between a pod and its own node meet only input and output, which are hooked only while a policy has a say in them.
 */
export function baseChains({ choices, podInterfaces }: RulesetOptions, isNearHooked: boolean): Chain[] {
  const entry = (walk: Walk, known: string): Rule[] => {
    const established: Verdict = choices.established === 'keep' ? { to: 'accept' } : goto(known);
    const stray = goto(walk.stray);
    const chains = { established, new: goto(walk.opening), related: goto(walk.related), invalid: stray, untracked: stray };
    return [{ expressions: [{ do: 'by-state', chains }] }];
  };
  const base = (hook: 'forward' | 'input' | 'output', comment: string, rules: Rule[]): Chain => ({
    ...chain(hook, comment, rules),
    hook: { hook, priority: -5 },
  });
  const near = entry(nearFrame, nearFrame.judge);
  return [
    base('forward', 'pods to pods, to the world and back', entry(frame, frame.known)),
    ...(isNearHooked ? [base('input', 'pods to their own node', near), base('output', 'a node to its own pods', near)] : []),
    ...(podInterfaces === undefined ? [] : [spoofChain(podInterfaces)]),
  ];
}

function spoofChain(pattern: string): Chain {
  return {
    ...chain('prerouting', 'a pod may send from its own addresses only', [
      rule({ to: 'accept' }, { match: 'neighbour-discovery' }),
      rule({ to: 'drop' }, { match: 'interface', pattern }, { match: 'spoofed' }),
    ]),
    hook: { hook: 'prerouting', priority: -305 },
  };
}
