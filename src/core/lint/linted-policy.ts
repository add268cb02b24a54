import type { FieldPath, Source } from '../api/diagnostic.ts';
import { nowhere } from '../api/faults.ts';
import type { WrittenPolicy } from '../api/network-policy.ts';
import { type Direction, directions, type NetworkPolicy, type Peer, type PolicyId, type PortMatch, type Rule } from '../api/types.ts';
import type { CompiledPolicy, CompiledRule, PodClass } from '../policy/model.ts';
import type { Remark } from './finding.ts';
import type { Written } from './originals.ts';

/** One rule of a policy, as it counts and as it is written. */
export interface LintedRule {
  readonly policy: LintedPolicy;
  readonly direction: Direction;
  readonly index: number;
  readonly rule: Rule;
  readonly compiled: CompiledRule;
}

/** One item of a rule's list, with its place. */
export interface Item<T> {
  readonly of: LintedRule;
  readonly item: T;
  readonly place: number;
  readonly source?: Source;
}

export type PodPeer = Extract<Peer, { readonly kind: 'pods' }>;
export type BlockPeer = Extract<Peer, { readonly kind: 'block' }>;
export type PodPeerItem = Item<PodPeer> & { readonly compiled: Extract<NonNullable<CompiledRule['peers']>[number], { kind: 'pods' }> };

const peerField = { ingress: 'from', egress: 'to' } as const;

/** A NetworkPolicy with what it means and how it is written. */
export class LintedPolicy {
  readonly policy: NetworkPolicy;
  readonly id: PolicyId;
  readonly compiled: CompiledPolicy;
  readonly written: WrittenPolicy;
  readonly #written: Written | undefined;

  constructor(policy: NetworkPolicy, compiled: CompiledPolicy, written: Written | undefined) {
    this.policy = policy;
    this.id = compiled.id;
    this.compiled = compiled;
    this.#written = written;
    this.written = written?.policy ?? {};
  }

  /** Where a field stands. */
  at(path: FieldPath): Source | undefined {
    return (this.#written?.at ?? nowhere)(path);
  }

  /** A remark on a place in the policy. */
  remark(path: FieldPath, message: string, more: Partial<Remark> = {}): Remark {
    const source = this.at(path) ?? this.policy.source;
    return { message, policy: this.id, ...(source && { source }), ...more };
  }

  /** The classes of pods that the policy selects. */
  get subjects(): readonly PodClass[] {
    return [...this.compiled.subjects.classes];
  }

  /** The rules that count, of both directions or of one. */
  rules(only?: Direction): LintedRule[] {
    return directions
      .filter((direction) => only === undefined || direction === only)
      .flatMap((direction) =>
        (this.policy[direction] ?? []).map((rule, index) => ({
          policy: this,
          direction,
          index,
          rule,
          compiled: this.compiled[direction]![index]!,
        })),
      );
  }
}

/** The path of a rule, or of an item in its list of peers or ports. */
export function pathOf({ direction, index }: LintedRule, list?: 'peers' | 'ports', place?: number): FieldPath {
  const path = ['spec', direction, index];
  return list === undefined ? path : [...path, list === 'ports' ? 'ports' : peerField[direction], ...(place === undefined ? [] : [place])];
}

/** `ingress rule 2`, counted as people do. */
export const ruleName = ({ direction, index }: LintedRule): string => `${direction} rule ${index + 1}`;

/** The block peers of a rule. */
export const blocksIn = (of: LintedRule): Item<BlockPeer>[] =>
  (of.rule.peers ?? []).flatMap((peer, place) =>
    peer.kind === 'block' ? [{ of, item: peer, place, ...(peer.source && { source: peer.source }) }] : [],
  );

/** The pod peers of a rule, each with the set that it means. */
export const podPeersIn = (of: LintedRule): PodPeerItem[] =>
  (of.rule.peers ?? []).flatMap((peer, place) => {
    const compiled = of.compiled.peers![place]!;
    if (peer.kind !== 'pods' || compiled.kind !== 'pods') return [];
    return [{ of, item: peer, place, compiled, ...(peer.source && { source: peer.source }) }];
  });

/** The ports of a rule. */
export const portsIn = (of: LintedRule): Item<PortMatch>[] => (of.rule.ports ?? []).map((item, place) => ({ of, item, place }));

/** A remark on an item of a rule. */
export const remarkOn = (
  { of, place }: Item<Peer | PortMatch>,
  list: 'peers' | 'ports',
  message: string,
  more: Partial<Remark> = {},
): Remark => of.policy.remark(pathOf(of, list, place), message, more);
