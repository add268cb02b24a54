import { directions, type Rule } from '../api/types.ts';
import type { LintedPolicy } from './linted-policy.ts';

/** Whether two policies of one namespace say the same under two names. */
export const sameSpec = (a: LintedPolicy, b: LintedPolicy): boolean => specOf(a) === specOf(b);

/** What a policy says, and whether it is in audit, as canonical text; the order of rules and of their lists says nothing. */
export function specOf({ policy }: LintedPolicy): string {
  return [policy.namespace, policy.audit, policy.subject.key, ...directions.map((direction) => rulesText(policy[direction]))].join('\n');
}

const rulesText = (rules: readonly Rule[] | undefined): string =>
  rules === undefined
    ? '-'
    : rules
        .map(({ peers, ports }) => `${listText(peers)} ${listText(ports)}`)
        .sort()
        .join(';');

const listText = (list: readonly object[] | undefined): string => (list === undefined ? '*' : list.map(itemText).sort().join('|'));

const itemText = (item: object): string =>
  JSON.stringify(item, (key, value) => (key === 'source' || key === 'addresses' ? undefined : value));
