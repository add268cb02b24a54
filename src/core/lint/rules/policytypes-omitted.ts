import type { LintRule } from '../rule.ts';

/** Rules that count for less, or isolate more, than they seem to, because of what `policyTypes` does not say. */
export const policytypesOmitted: LintRule = {
  code: 'policytypes-omitted',
  severity: 'warning',
  summary: 'egress rules without `policyTypes` also isolate for ingress; rules of a direction that `policyTypes` leaves out do nothing',
  *check({ asked }) {
    for (const policy of asked) {
      const { policyTypes = [], ingress, egress = [] } = policy.written.spec ?? {};
      if (policyTypes.length === 0 && egress.length > 0 && ingress === undefined)
        yield policy.remark(
          ['spec', 'egress'],
          'without `policyTypes` a policy isolates for ingress, too: nothing may connect to these pods unless another policy says so',
        );
      const lists = { Ingress: ingress ?? [], Egress: egress };
      for (const type of ['Ingress', 'Egress'] as const)
        if (policyTypes.length > 0 && !policyTypes.includes(type) && lists[type].length > 0)
          yield policy.remark(['spec', type.toLowerCase()], `these rules do nothing: \`policyTypes\` does not list ${type}`);
    }
  },
};
