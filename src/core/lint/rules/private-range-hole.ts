import { addressesOf, intersectAddresses, isEmptyAddresses } from '../../net/address-set.ts';
import { parseCidr } from '../../net/cidr.ts';
import { remarkOn } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

/** Source: RFC 1918. */
const privateRanges = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'];

/** "The internet only" that has forgotten a private range. */
export const privateRangeHole: LintRule = {
  code: 'private-range-hole',
  severity: 'warning',
  summary: 'a block excepts some private ranges and leaves others in',
  *check(context) {
    for (const block of context.blocks()) {
      const { cidr, except, addresses } = block.item;
      if (cidr !== '0.0.0.0/0' || except.length === 0) continue;
      const isIn = (range: string): boolean => !isEmptyAddresses(intersectAddresses(addresses, addressesOf([parseCidr(range)!.cidr])));
      const left = privateRanges.filter(isIn);
      // Who excepts a part of a range has a plan.
      if (left.length === privateRanges.length || !left.every((range) => isUntouched(range, except))) continue;
      if (left.length > 0) yield remarkOn(block, 'peers', `private addresses are excepted, but not all: ${left.join(' and ')} is still in`);
    }
  },
};

/** Whether no part of the range is excepted. */
const isUntouched = (range: string, except: readonly string[]): boolean =>
  isEmptyAddresses(intersectAddresses(addressesOf([parseCidr(range)!.cidr]), addressesOf(except.map((text) => parseCidr(text)!.cidr))));
