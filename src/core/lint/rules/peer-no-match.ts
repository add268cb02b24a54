import { missesIn, namesOf } from '../misses.ts';
import type { LintRule } from '../rule.ts';

/** A peer that selects no pod of namespaces that have some. */
export const peerNoMatch: LintRule = {
  code: 'peer-no-match',
  severity: 'warning',
  summary: 'a peer selects no pod, and the namespaces that it speaks of have some',
  *check(context) {
    for (const { policy, where, path, selector, cause, namespaces } of missesIn(context))
      if (where === 'peer' && cause.kind === 'unknown')
        yield policy.remark(path, `no pod of ${namesOf(namespaces)} has ${selector.key}, so this peer is nobody`);
  },
};
