import type { Choices } from '../api/choices.ts';

/**
 * Why a ruleset can't follow the choices, or undefined when it can. hostNetwork pods share their node's address, so what they send and get
 * can't be told apart from what others of the node do: such a choice can be answered and not be enforced.
 */
export function unenforceableChoice(choices: Choices): string | undefined {
  if (choices.hostnetwork === 'as-pods')
    return 'hostnetwork=as-pods can be answered but not enforced: packets of hostNetwork pods are those of their node';
  const ignored = (['ipblock-pods', 'ipblock-nodes'] as const).find((name) => choices[name] === 'ignore');
  return ignored && `${ignored}=ignore can be answered but not enforced: our sets of blocks do not know whose an address is`;
}
