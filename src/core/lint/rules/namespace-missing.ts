import type { LintRule } from '../rule.ts';

/** A policy without a namespace among others that have theirs. */
export const namespaceMissing: LintRule = {
  code: 'namespace-missing',
  severity: 'warning',
  summary: 'a policy names no namespace, though the other policies do: it lands wherever kubectl happens to point',
  *check(context) {
    if (context.isComplete || context.hasDefaultNamespace) return;
    const written = context.policies.filter((policy) => policy.written.metadata !== undefined);
    const bare = written.filter((policy) => !policy.written.metadata?.namespace);
    if (bare.length === written.length) return;
    for (const policy of bare.filter((each) => context.asked.includes(each)))
      yield policy.remark(['metadata'], 'no namespace is named, so this goes to the one that kubectl happens to use');
  },
};
