import { qualifiedName } from '../api/types.ts';
import type { ObjectChange } from '../cluster/object-changes.ts';
import type { Cause } from '../connectivity/cause.ts';
import {
  type ChangedAnswer,
  changesNothing,
  type Difference,
  type FullDifference,
  type OneSidedAnswer,
} from '../connectivity/difference.ts';
import type { Witness } from '../connectivity/witness.ts';
import { type Block, blocksBy } from './blocks.ts';
import { Crowd } from './crowd.ts';
import { count } from './text.ts';
import { type Members, pairText } from './traffic.ts';

/** What became of connections. */
export type Fate = 'gained' | 'lost' | 'changed';

/** Connections that one set of causes changes in one way. */
export interface ChangePart {
  readonly fate: Fate;
  readonly blocks: readonly Block[];
  /** How many blocks there are besides. */
  readonly more: number;
  /** One connection that shows it. */
  readonly witness?: Witness;
}

/** Everything that comes from the same causes. */
export interface ChangeGroup {
  readonly causes: readonly Cause[];
  readonly parts: readonly ChangePart[];
}

type Changes = Pick<Difference, 'added' | 'removed' | 'changed'>;

/** The changes by what they come from, in the order of the first pair of each. `everyone` names the endpoints. */
export function changeGroups({ added, removed, changed }: Changes, everyone: FullDifference['everyone']): ChangeGroup[] {
  const crowd = new Crowd(everyone);
  const drafts = new Map<string, { readonly causes: readonly Cause[]; readonly parts: ChangePart[] }>();
  const sort = <T extends OneSidedAnswer | ChangedAnswer>(
    fate: Fate,
    answers: readonly T[],
    textOf: (answer: T, members: Members) => string,
  ): void => {
    for (const [key, alike] of Map.groupBy(answers, ({ because }) => JSON.stringify(because))) {
      const draft = drafts.get(key) ?? { causes: alike[0]!.because, parts: [] };
      drafts.set(key, draft);
      const witness = alike.find((answer) => answer.witness !== undefined)?.witness;
      const rows = alike.map((answer) => ({
        from: answer.from,
        to: [answer.to],
        text: textOf(answer, crowd.membersOf(answer.from, answer.to)),
      }));
      const { blocks } = blocksBy(rows, crowd)!;
      const more = Math.max(0, blocks.length - mostBlocks);
      draft.parts.push({ fate, blocks: blocks.slice(0, mostBlocks), more, ...(witness && { witness }) });
    }
  };
  sort('gained', added, pairText);
  sort('lost', removed, pairText);
  sort('changed', changed, changeText);
  return [...drafts.values()];
}

/** What a pair may do now, and what it could before. */
function changeText({ before, after, partialBefore, partialAfter, results }: ChangedAnswer, members: Members): string {
  const now = pairText({ traffic: after, ...(partialAfter && { partial: partialAfter }) }, members);
  if (results !== undefined) return `${now}, of other ${members}`;
  return `${now}, was ${pairText({ traffic: before, ...(partialBefore && { partial: partialBefore }) }, members)}`;
}

/** What was changed, in words: `shop/web edited: ingress[0]`. */
export function causeText({ change, policy, gate, index, isolates, endpoint }: Cause): string {
  if (policy === undefined) return `${endpoint} ${change}${change === 'edited' ? ': its labels, ports or addresses' : ''}`;
  const isolation = isolates ? 'isolates' : change === 'removed' ? 'isolated' : 'no longer isolates';
  const what = index === undefined ? `${isolation} for ${gate}` : `${gate}[${index}]`;
  return `${qualifiedName(policy)} ${change}: ${what}`;
}

/** `2 pairs gained, 1 lost, 3 changed`. */
function totalOf({ added, removed, changed }: Changes): string {
  const parts = (
    [
      ['gained', added],
      ['lost', removed],
      ['changed', changed],
    ] as const
  ).filter(([, { length }]) => length > 0);
  if (parts.length === 0) return 'no connection is gained, lost or changed';
  return parts.map(([fate, { length }], place) => (place === 0 ? `${count(length, 'pair')} ${fate}` : `${length} ${fate}`)).join(', ');
}

/** `1 NetworkPolicy edited, 2 Pods added`; empty where every object is what it was. */
export function objectsText(objects: readonly ObjectChange[]): string {
  const kinds = Map.groupBy(objects, ({ object, change }) => `${object.kind} ${change}`);
  return Array.from(kinds.values(), (alike) => {
    const { object, change } = alike[0]!;
    const many = object.kind.endsWith('y') ? `${object.kind.slice(0, -1)}ies` : `${object.kind}s`;
    return `${count(alike.length, object.kind, many)} ${change}`;
  }).join(', ');
}

/** The summaries of a difference: of the pods that could exist, where they are asked for, and of those that do, if any do. */
export function summariesOf(difference: FullDifference): string[] {
  const { exposure, everyone } = difference;
  if (exposure === undefined) return [totalOf(difference)];
  const isEmpty = everyone.every(({ kind }) => kind !== 'Workload' && kind !== 'Pod');
  return [`${exposureTitle}: ${totalOf(exposure)}`, ...(isEmpty ? [] : [`of those that exist: ${totalOf(difference)}`])];
}

/** Whether the clusters differ in what may be reached. */
export const isDifferent = (difference: FullDifference): boolean =>
  !changesNothing(difference) || (difference.exposure !== undefined && !changesNothing(difference.exposure));

/** The connection of a witness as `check` asks for it. */
export const witnessText = ({ from, to, protocol, port }: Witness): string => `${from} → ${to} ${protocol}/${port}`;

/** More blocks of one part are counted. */
const mostBlocks = 60;

/** What the names of pods that do not exist mean. */
export const exposureTitle = 'for pods that do not exist, but could';
