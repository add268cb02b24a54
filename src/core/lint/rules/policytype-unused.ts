import type { LintRule } from '../rule.ts';

const says = { Ingress: 'nobody may connect to these pods', Egress: 'these pods may connect to nobody, DNS included' };

/** A policy whose name says that it closes something says it well enough. */
const closes = /deny|isolat|lock|restrict|quarantine|block|close|only/i;

/** A direction that `policyTypes` lists and no rule speaks of, in a policy that allows something in the other. */
export const policytypeUnused: LintRule = {
  code: 'policytype-unused',
  severity: 'warning',
  summary: '`policyTypes` lists a direction for which there is no list of rules: all of it is denied',
  *check({ asked }) {
    for (const policy of asked) {
      const { policyTypes = [], ...lists } = policy.written.spec ?? {};
      if (policyTypes.length < 2 || closes.test(policy.policy.name)) continue;
      for (const [type, field, other] of [
        ['Ingress', 'ingress', 'egress'],
        ['Egress', 'egress', 'ingress'],
      ] as const) {
        if (lists[field] !== undefined || (lists[other] ?? []).length === 0) continue;
        const message = `${type} is listed and there is no \`${field}\`: by this policy ${says[type]}; write \`${field}: []\` if that is meant`;
        yield policy.remark(['spec', 'policyTypes', policyTypes.indexOf(type)], message);
      }
    }
  },
};
