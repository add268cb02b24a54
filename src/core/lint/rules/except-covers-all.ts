import { isEmptyAddresses } from '../../net/address-set.ts';
import { remarkOn } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

/** A block of which nothing is left. */
export const exceptCoversAll: LintRule = {
  code: 'except-covers-all',
  severity: 'warning',
  summary: 'the exceptions of a block together are the whole block, so that it is nobody',
  *check(context) {
    for (const block of context.blocks())
      if (isEmptyAddresses(block.item.addresses))
        yield remarkOn(block, 'peers', `nothing of ${block.item.cidr} is left once its exceptions are taken out: this peer is nobody`);
  },
};
