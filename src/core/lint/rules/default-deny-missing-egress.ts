import type { LintRule } from '../rule.ts';

/** A name that promises to deny everything. */
const promises = /^(default-)?deny(-all)?$|^deny-all-traffic$|^default-deny-all$/i;

/** A policy that is called a denial of everything and denies half. */
export const defaultDenyMissingEgress: LintRule = {
  code: 'default-deny-missing-egress',
  severity: 'warning',
  summary: 'a policy is named as if it denied everything, and isolates for ingress alone',
  *check({ asked, policies }) {
    for (const policy of asked) {
      const { name, namespace, subject, ingress, egress } = policy.policy;
      if (!promises.test(name) || subject.requirements.length > 0 || ingress?.length !== 0 || egress !== undefined) continue;
      const isDenied = policies.some(
        ({ policy: other }) => other.namespace === namespace && other.subject.requirements.length === 0 && other.egress !== undefined,
      );
      if (!isDenied) yield policy.remark(['spec', 'policyTypes'], `${name} leaves egress open: \`policyTypes\` has Ingress alone`);
    }
  },
};
