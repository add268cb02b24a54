import type { Direction } from '../api/types.ts';
import { takeChain } from './drafts.ts';
import type { Exits } from './exits.ts';
import { frame, type RulesetOptions, rule } from './frame.ts';
import { exemptions } from './frame-chains.ts';
import type { Objects } from './objects.ts';
import { commentText } from './print.ts';
import type { Rule, Verdict } from './types.ts';

/** Of what one gate denies, so many packets a second are logged. Of a flood the log shows a sample; the counters have all. */
const logged = { perSecond: 10, burst: 50 } as const;

/**
 * Makes the chains in which gates end for what they do not let through: it is counted, logged as far as the rate allows, and leaves as the gate's exits
 * say. Only packets that are denied come here, so logging costs others nothing; a packet that is not logged is denied all the same.
 */
export class Denials {
  readonly #objects: Objects;
  readonly #options: Pick<RulesetOptions, 'choices' | 'dropLog'>;

  constructor(objects: Objects, options: Pick<RulesetOptions, 'choices' | 'dropLog'>) {
    this.#objects = objects;
    this.#options = options;
  }

  /** A reference to the chain for what no NetworkPolicy lets through; what the choices exempt goes on as if it were not isolated. */
  takeClosed(direction: Direction, policies: readonly string[], exits: Exits): string {
    return this.#take(direction, policies, exits, [`${direction} of ${policies.join(', ')}`, `${direction} of ${shown(policies)}`], true);
  }

  /** The same without exemptions, for a gate that could not be programmed. */
  takeUnprogrammed(direction: Direction, policies: readonly string[], exits: Exits): string {
    return this.#take(direction, policies, exits, [`${direction} of ${policies.join(', ')}`, `${direction} of ${shown(policies)}`], false);
  }

  /** A reference to the chain for what a rule of a cluster-wide policy denies. */
  takeDenied(direction: Direction, policy: string, exits: Exits): string {
    return this.#take(direction, [policy], exits, [`${direction} by ${policy}`, `${direction} rules of ${policy}`], false);
  }

  #take(
    direction: Direction,
    policies: readonly string[],
    { counters, passed, denied }: Exits,
    [content, by]: readonly [content: string, by: string],
    isExempting: boolean,
  ): string {
    const isAudit = counters === 'audit';
    const comment = `${isAudit ? 'would be ' : ''}denied by ${by}`;
    // Of what the middle tier closes, policies of the others are no cause.
    const isolating = policies.filter((name) => name.includes('/'));
    const denials = { direction, policies: isolating.length > 0 ? isolating : policies, ...(isAudit && { isAudit: true as const }) };
    const counter = this.#objects.take(counters, content, [], (name) => ({ kind: 'counter', name, comment, denials }));
    const rules = [
      ...(isExempting ? exemptions(this.#options.choices, passed) : []),
      { expressions: [{ do: 'count', counter } as const] },
      ...this.#logRules(counter, denied),
      rule(denied),
    ];
    return takeChain(this.#objects, 'd', { rules, taken: [counter] }, comment);
  }

  /** Only packets of the way in which a connection is opened: their ends are those of the connection. */
  #logRules(prefix: string, denied: Verdict): Rule[] {
    const { dropLog } = this.#options;
    if (dropLog === undefined) return [];
    const isOver = { match: 'over-rate', ...logged } as const;
    return [
      rule(denied, { match: 'original-direction' }, isOver, { do: 'count', counter: frame.unlogged }),
      { expressions: [{ match: 'original-direction' }, { do: 'log', prefix, group: dropLog }] },
    ];
  }
}

/** As many names as a comment takes. */
export const shown = (policies: readonly string[]): string => commentText(policies.slice(0, 20).join(', '));
