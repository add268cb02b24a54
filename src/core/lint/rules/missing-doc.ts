import { descriptionIn } from '../../api/description.ts';
import type { LintRule } from '../rule.ts';

/** A policy that does not say what it is for. */
export const missingDoc: LintRule = {
  code: 'missing-doc',
  severity: 'note',
  summary: 'a policy has no annotation that says what it is for',
  isOptional: true,
  *check({ asked }) {
    for (const policy of asked) {
      const { text, owner } = descriptionIn(policy.written.metadata?.annotations ?? {});
      if (text === undefined && owner === undefined)
        yield policy.remark(['metadata'], 'nothing says what this policy is for: give it an annotation `kubernetes.io/description`');
    }
  },
};
