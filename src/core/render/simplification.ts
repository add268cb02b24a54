import type { Source } from '../api/diagnostic.ts';
import { type Direction, directions, type PolicyId, qualifiedName, type Rule } from '../api/types.ts';
import type { SimplerRule, Simplification } from '../generate/simplify.ts';
import { formatSource } from './diagnostics.ts';
import { count, printable } from './text.ts';

/** A rule that is left, and the rules that it was made of, by their places in the policy. */
export interface SimplifiedRule {
  readonly gate: Direction;
  readonly from: readonly number[];
}

/** A policy that can be written with less, in answers. */
export interface SimplificationAnswer {
  readonly policy: PolicyId;
  readonly source?: Source;
  /** The policy that says all that this one says, so that this one can go. */
  readonly coveredBy?: PolicyId;
  /** The rules that are left in the directions that change. */
  readonly rules: readonly SimplifiedRule[];
  /** Its specification as it would be, as a manifest has it; absent where it can go. */
  readonly spec?: object;
}

/** The answer about a policy. */
export function simplificationAnswer({ policy, rules, coveredBy }: Simplification, spec: object): SimplificationAnswer {
  const id = ({ kind, namespace, name }: PolicyId): PolicyId => ({ kind, ...(namespace !== undefined && { namespace }), name });
  const left = directions.flatMap((gate) => (rules[gate] ?? []).map(({ from }) => ({ gate, from })));
  const { source } = policy;
  return {
    policy: id(policy),
    ...(source && { source }),
    ...(coveredBy && { coveredBy: id(coveredBy) }),
    rules: left,
    ...(coveredBy === undefined && { spec }),
  };
}

/** What becomes of the policy, in words: its name and place, then a line for each thing. */
export function* simplificationText({ policy, rules, coveredBy }: Simplification): Iterable<string> {
  const place = policy.source === undefined ? '' : `  ${formatSource(policy.source)}`;
  yield printable(`${qualifiedName(policy)}${place}`);
  if (coveredBy !== undefined) yield printable(`  can go: ${qualifiedName(coveredBy)} says all of it for the same pods`);
  for (const direction of directions) yield* directionText(direction, policy[direction] ?? [], rules[direction]);
}

function* directionText(direction: Direction, before: readonly Rule[], left: readonly SimplerRule[] | undefined): Iterable<string> {
  if (left === undefined) return;
  const nameOf = (index: number): string => `${direction}[${index}]`;
  for (const { rule, from } of left) {
    const [now, was] = [rule, before[from[0]!]!].map(itemsIn) as [number, number];
    if (from.length > 1) yield `  ${from.map(nameOf).join(' and ')} are one rule`;
    else if (now < was) yield `  ${nameOf(from[0]!)} takes ${count(now, 'peer or port', 'peers and ports')}, was ${was}`;
  }
  const used = new Set(left.flatMap(({ from }) => from));
  for (const index of before.keys()) if (!used.has(index)) yield `  ${nameOf(index)} says what the other rules say`;
}

const itemsIn = ({ peers = [], ports = [] }: Rule): number => peers.length + ports.length;
