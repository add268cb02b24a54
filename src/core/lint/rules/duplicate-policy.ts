import type { LintedPolicy } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';
import { specOf } from '../same-spec.ts';

/** One policy under two names. */
export const duplicatePolicy: LintRule = {
  code: 'duplicate-policy',
  severity: 'warning',
  summary: 'two policies of a namespace say the same; or one name is there twice',
  *check({ asked, policies }) {
    const [isAsked, homes] = [new Set(asked), new Set(asked.map(({ policy }) => policy.namespace))];
    const first = new Map<string, LintedPolicy>();
    for (const policy of policies) {
      if (!homes.has(policy.policy.namespace)) continue;
      const spec = specOf(policy);
      const other = first.get(spec);
      if (other === undefined) {
        first.set(spec, policy);
        continue;
      }
      if (!isAsked.has(policy)) continue;
      const { name, source } = other.policy;
      yield policy.remark([], `this says the same as ${name}`, source && { related: [{ message: name, source }] });
    }
  },
};
