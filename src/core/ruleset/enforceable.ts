import type { Choices } from '../api/choices.ts';

/**
 * Why a ruleset can't follow the choices, or undefined when it can. hostNetwork pods share their node's address, so what they send and get
 * can't be told apart from what others of the node do: such a choice can be answered and not be enforced.
 */
export function unenforceableChoice(choices: Choices): string | undefined {
  return choices.hostnetwork === 'as-pods'
    ? 'hostnetwork=as-pods can be answered but not enforced: packets of hostNetwork pods are those of their node'
    : undefined;
}
