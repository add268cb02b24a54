import type { LintRule } from '../rule.ts';

const isDescription = (key: string): boolean => /(^|\/)(description|doc|docs|documentation|owner|why|reason)$/i.test(key);

/** A policy that does not say what it is for. */
export const missingDoc: LintRule = {
  code: 'missing-doc',
  severity: 'note',
  summary: 'a policy has no annotation that says what it is for',
  isOptional: true,
  *check({ asked }) {
    for (const policy of asked) {
      const annotations = policy.written.metadata?.annotations ?? {};
      if (!Object.entries(annotations).some(([key, value]) => isDescription(key) && value.trim() !== ''))
        yield policy.remark(['metadata'], 'nothing says what this policy is for: give it an annotation `kubernetes.io/description`');
    }
  },
};
