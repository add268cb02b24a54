import { type AddressSet, allAddresses, noAddresses, subtractAddresses, uniteAddresses } from '../../net/address-set.ts';
import { families } from '../../net/ip.ts';
import { blocksIn, type LintedRule, pathOf, remarkOn } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

/** Every address there is, in one block or in several. */
export const worldOpen: LintRule = {
  code: 'world-open',
  severity: 'note',
  summary: 'the blocks of a rule are the whole address space: pods, nodes and the internet alike',
  *check(context) {
    for (const rule of context.rules()) {
      const blocks = blocksIn(rule);
      const all = blocks.map(({ item }) => item.addresses).reduce<AddressSet>(uniteAddresses, noAddresses);
      const open = families.filter((family) => subtractAddresses(allAddresses, all)[family].length === 0);
      if (open.length === 0) continue;
      const what = open.map((family) => `IPv${family}`).join(' and ');
      const word = rule.direction === 'ingress' ? 'from' : 'to';
      const message = `this is ${what} as a whole, ${word} pods and nodes of the cluster as well${portsText(rule)}`;
      const single = blocks.find(({ item }) => open.some((family) => subtractAddresses(allAddresses, item.addresses)[family].length === 0));
      yield single === undefined ? rule.policy.remark(pathOf(rule, 'peers'), message) : remarkOn(single, 'peers', message);
    }
  },
};

const portsText = ({ rule }: LintedRule): string => (rule.ports === undefined ? ', on every port' : '');
